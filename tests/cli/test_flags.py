"""Flags from signatures: which there are, what `all` means, and names that clash."""

import documents
import pytest
import toy
from small_runs import adapt, refused

from adapt import methods
from adapt.cli import flags, main

# The README's example of a method in one file.
OWN_METHOD = documents.code("own method")


def test_a_parameter_named_like_a_general_flag_is_refused(pair, tmp_path, capsys):
  (tmp_path / "mine.py").write_text(
    OWN_METHOD.replace("min_entropy", "mine").replace("weight:", "steps:")
  )
  (tmp_path / "helper.py").write_text("import nothing_of_this_name\n")
  path = ["--methods-path", str(tmp_path)]
  assert main.main(["methods", *path]) == 0
  capsys.readouterr()
  code = adapt(pair, tmp_path / "out", "--method", "mine", *path)
  refused(capsys, code, "'steps' of method mine clashes")
  (tmp_path / "broken.py").write_text("import nothing_of_this_name\ndef broken(net): ...\n")
  code = adapt(pair, tmp_path / "out", "--method", "broken", *path)
  refused(capsys, code, "broken.py cannot be imported", "nothing_of_this_name")


def test_all_is_every_method_that_the_shots_allow():
  few = set(flags.expand(["all"], shots=0))
  assert {"source_only", "target_only", "dann", "coral"} <= few
  more = set(flags.expand(["all"], shots=5)) - few
  assert {"fine_tune", "weighted"} <= more
  assert all("labelled" in methods.traits(name).reads for name in more)
  assert flags.expand(["dann", "source_only", "dann"], shots=0) == ["source_only", "dann"]


def test_all_leaves_out_what_needs_more_sources_than_a_task_has():
  one, several = toy.TASK, toy.SEVERAL
  left_out = set(flags.expand(["all"], 0, [several])) - set(
    flags.expand(["all"], 0, [several, one])
  )
  assert {"mdan", "m3sda", "group_dro", "vrex", "irm"} <= left_out
  assert left_out == {n for n in flags.expand(["all"], 0) if methods.traits(n).sources > 1}


def test_the_flags_of_all_methods_go_together(capsys):
  from benchmarks.quickstart import SUITE

  with pytest.raises(SystemExit) as stop:
    main.benchmark(SUITE, [*methods.names(), "--help"])  # "all" would be those its tasks allow
  assert stop.value.code == 0
  shown = capsys.readouterr().out
  assert all(f"method {name}:" in shown for name in methods.names())


def test_help_of_a_run_says_how_the_data_choose_the_width(capsys):
  from benchmarks.quickstart import SUITE

  with pytest.raises(SystemExit):
    main.main(["run", "--method", "dann", "--help"])
  shown = " ".join(capsys.readouterr().out.split())
  assert "hidden width of the critic. (default: 1024; on small data" in shown
  with pytest.raises(SystemExit):
    main.benchmark(SUITE, ["dann", "--help"])
  assert "on small data" not in capsys.readouterr().out


def test_help_of_a_run_shows_the_method_s_flags(capsys):
  with pytest.raises(SystemExit) as stop:
    main.main(["run", "--method", "weighted", "--help"])
  assert stop.value.code == 0
  shown = capsys.readouterr().out
  assert "--balance" in shown and "--batch-size" in shown and "share of the target loss" in shown


def test_all_leaves_out_what_does_not_serve_the_classes_of_the_tasks():
  whole = set(flags.expand(["all"], 0, [toy.TASK]))
  assert "dann" in whole and "osbp" not in whole
  unknown = set(flags.expand(["all"], 5, [toy.OPEN, toy.UNIVERSAL]))
  assert {"source_only", "osbp", "dance"} <= unknown and not {"dann", "fine_tune"} & unknown
