"""`adapt bench` and `adapt suites`: the benchmarks of a checkout, run as `python -m` runs them."""

import json
import sys
from types import SimpleNamespace

import pytest

from adapt import catalogue
from adapt.cli import bench, commands, main, shallow
from adapt.experiments import suites


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
  monkeypatch.setenv("COLUMNS", "80")


def test_the_list_has_trained_and_closed_form_suites_and_no_measurements(capsys):
  assert commands.main(["suites"]) == 0
  lines = capsys.readouterr().out.splitlines()
  names = [line.split()[0] for line in lines if line and not line.startswith("adapt ")]
  assert {"digits", "amazon_svm", "amazon_msda", "surf_full", "quickstart"} <= set(names)
  assert not {"speed", "scaling", "method_cost", "machine"} & set(names)
  assert max(map(len, lines)) <= 80
  assert commands.main(["suites", "--json"]) == 0
  assert [one["name"] for one in json.loads(capsys.readouterr().out)] == names


@pytest.mark.parametrize("name", bench.files())
def test_every_suite_has_its_tasks(name):
  found = bench.get(name)
  assert found.suite.tasks and found.title
  assert (found.plan is None) == (name in suites.names() or name == "amazon_msda")


@pytest.fixture
def runs(monkeypatch):
  """What would have run: by the network's command or by the closed form's."""
  found = []
  monkeypatch.setattr(
    main, "benchmark", lambda suite, argv, *more: found.append((suite.name, argv, *more)) or 0
  )
  monkeypatch.setattr(
    shallow,
    "main",
    lambda plan, argv: found.append((plan.suite.name, list(plan.methods), argv)) or 5,
  )
  return found


def test_a_suite_is_run_with_what_follows_its_name(runs):
  assert commands.main(["bench", "digits", "dann", "--task", "mnist_usps"]) == 0
  assert runs == [("digits", ["dann", "--task", "mnist_usps"])]


def test_a_suite_of_closed_form_and_its_exit_code(runs):
  assert commands.main(["bench", "amazon_svm", "svm", "--seeds", "2"]) == 5
  assert runs == [("amazon_reviews", ["svm"], ["svm", "--seeds", "2"])]


def test_a_benchmark_with_runs_of_its_own_has_them(runs):
  """The tasks of amazon_msda have features of their own: as plain tasks they would be others."""
  assert commands.main(["bench", "amazon_msda", "dann", "--task", "books_dvd"]) == 0
  [(name, argv, domains)] = runs
  assert (name, argv) == ("amazon_msda", ["dann", "--task", "books_dvd"])
  assert callable(domains)


def test_help_names_the_command_that_was_typed(capsys, monkeypatch):
  monkeypatch.setattr(sys, "argv", ["/bin/adapt", "bench"])
  with pytest.raises(SystemExit) as stop:
    commands.main(["bench", "quickstart", "--help"])
  assert stop.value.code == 0
  assert capsys.readouterr().out.startswith("usage: adapt bench quickstart METHOD…")


def test_an_unknown_suite_is_answered_by_what_is_near(capsys):
  assert commands.main(["bench", "digts", "dann"]) == 2
  said = capsys.readouterr().err
  assert (
    said.startswith("error: unknown suite 'digts' (did you mean digits") and said.count("\n") == 1
  )


def test_a_flag_before_the_suite_s_name_is_told(capsys):
  assert commands.main(["bench", "--steps", "4", "digits", "dann"]) == 2
  line = "error: --steps stands before the suite's name: adapt bench NAME … --steps …\n"
  assert capsys.readouterr().err == line


@pytest.mark.parametrize("argv", [["suites", "digits"], ["bench", "digits", "dann"]])
def test_an_installation_without_benchmarks_says_so(argv, capsys, monkeypatch, tmp_path):
  monkeypatch.setattr(bench, "FOLDER", tmp_path / "benchmarks")
  assert commands.main(argv) == 2
  assert capsys.readouterr().err == f"error: {bench.NONE}\n"


def test_a_suite_of_one_s_own_is_listed_described_and_run(runs, capsys, monkeypatch, tmp_path):
  monkeypatch.setattr(catalogue, "_extra", {})
  monkeypatch.setattr(bench, "FOLDER", tmp_path / "benchmarks")
  (tmp_path / "suites").mkdir()
  (tmp_path / "suites" / "clouds.py").write_text(
    '"""Clouds: from above."""\n\nfrom adapt.experiments.suite import VECTORS, Suite, Task\n\n'
    'SUITE = Suite("clouds", (Task("a_b", ("a",), "b"),), VECTORS, "all of b")\n'
  )
  folder = ["--plugins", str(tmp_path)]
  assert commands.main(["suites", *folder]) == 0
  assert capsys.readouterr().out.startswith("clouds  from above\n")
  assert commands.main(["suites", "clouds", *folder]) == 0
  assert "  a_b  a → b\n" in capsys.readouterr().out
  assert commands.main(["bench", "clouds", "dann", *folder]) == 0
  assert runs == [("clouds", ["dann", *folder])]


def test_a_list_without_benchmarks_is_one_line(capsys, monkeypatch, tmp_path):
  monkeypatch.setattr(bench, "FOLDER", tmp_path / "benchmarks")
  assert commands.main(["suites"]) == 0
  assert capsys.readouterr().out == bench.NONE + "\n"


def test_what_a_suite_imports_is_not_taken_for_its_own(runs, monkeypatch):
  module = SimpleNamespace(
    SUITE=SimpleNamespace(name="it"), main=shallow.main, __name__="benchmarks.it"
  )
  monkeypatch.setattr(bench, "known", lambda name: name)
  monkeypatch.setattr(bench, "_ours", lambda name: True)
  monkeypatch.setattr(bench, "_module", lambda name: module)
  assert bench.run(["it", "dann"]) == 0
  assert runs == [("it", ["dann"])]
