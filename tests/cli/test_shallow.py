"""The command line of a shallow benchmark: what it refuses, in one line."""

from adapt import extras
from adapt.cli import shallow
from adapt.experiments.suite import VECTORS, Suite, Task
from adapt.shallow.run import Plan, Shallow
from benchmarks import surf

PLAN = Plan(Suite("toy", (Task("a_b", ("a",), "b"),), VECTORS, "a protocol"), {"svm": Shallow()}, 2)


def test_refuses(tmp_path, capsys, monkeypatch):
  with monkeypatch.context() as patch:
    patch.setattr(shallow.importlib.util, "find_spec", lambda name: None)
    assert shallow.main(PLAN, ["svm", "--out", str(tmp_path)]) == 2
    assert extras.install("weights") in capsys.readouterr().err
  assert shallow.main(PLAN, ["forest", "--out", str(tmp_path)]) == 2
  assert "no method 'forest' here" in capsys.readouterr().err
  assert shallow.main(PLAN, ["--seeds", "0", "--out", str(tmp_path)]) == 2


def test_from_prepares_the_sets_of_the_tasks(tmp_path, monkeypatch):
  prepared = []
  monkeypatch.setattr(shallow, "prepare", lambda *given: prepared.append(given))
  monkeypatch.setattr(shallow, "run", lambda *a, **k: [])
  monkeypatch.setattr(shallow.terminal, "table", lambda records: "")
  argv = ["nn", "--from", "there", "--data-dir", "sets", "--out", str(tmp_path)]
  assert shallow.main(surf.PLAN, argv) == 0
  # Not office_caltech10, whose name theirs begin with.
  assert prepared == [(["office_caltech10_surf"], "there", "sets")]
  assert shallow.main(surf.PLAN, ["nn", "--out", str(tmp_path)]) == 0
  assert len(prepared) == 1
