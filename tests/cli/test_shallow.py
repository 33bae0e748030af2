"""The command line of a shallow benchmark: what it refuses, in one line."""

from adapt import extras
from adapt.cli import shallow
from adapt.experiments.suite import VECTORS, Suite, Task
from adapt.shallow.run import Plan, Shallow

PLAN = Plan(Suite("toy", (Task("a_b", ("a",), "b"),), VECTORS, "a protocol"), {"svm": Shallow()}, 2)


def test_refuses(tmp_path, capsys, monkeypatch):
  with monkeypatch.context() as patch:
    patch.setattr(shallow.importlib.util, "find_spec", lambda name: None)
    assert shallow.main(PLAN, ["svm", "--out", str(tmp_path)]) == 2
    assert extras.install("weights") in capsys.readouterr().err
  assert shallow.main(PLAN, ["forest", "--out", str(tmp_path)]) == 2
  assert "no method 'forest' here" in capsys.readouterr().err
  assert shallow.main(PLAN, ["--seeds", "0", "--out", str(tmp_path)]) == 2
