"""`adapt run --method auto`: the choice, its record, and that target labels have no part in it."""

import json
from pathlib import Path

import numpy as np
from small_runs import adapt, refused

from adapt.experiments import auto

ONLY = tuple(c for c in auto.candidates(2) if c.method in ("source_only", "dann"))


def told(out):
  [file] = Path(out).glob("*/*/auto.json")
  return json.loads(file.read_text())


def test_target_labels_do_not_choose(pair, tmp_path, capsys, monkeypatch):
  monkeypatch.setattr(auto, "candidates", lambda *_: ONLY)
  assert adapt(pair, tmp_path / "a", "--method", "auto") == 0
  shown = " ".join(capsys.readouterr().out.split())
  first = told(tmp_path / "a")
  assert f"auto on moons_turned: chose {first['auto']['chosen']}" in shown
  assert "which did not choose" in shown and "auto (2)" in shown
  turned = dict(np.load(pair[1]))
  np.savez(pair[1], **{**turned, "y": 1 - turned["y"], "y_test": 1 - turned["y_test"]})
  assert adapt(pair, tmp_path / "b", "--method", "auto") == 0
  second = told(tmp_path / "b")
  assert second["last"]["accuracy"] != first["last"]["accuracy"]
  for one in (first["auto"], second["auto"]):  # all but what labels report
    assert all(t.pop("accuracy") is not None for t in one["tried"])
    assert {one.pop("gain") is None, one.pop("regret") is None} == {False}
  assert first["auto"] == second["auto"]


def test_a_budget_leaves_methods_out(pair, tmp_path, monkeypatch):
  monkeypatch.setattr(auto, "candidates", lambda *_: ONLY)
  assert adapt(pair, tmp_path, "--method", "auto", "--budget", "0") == 0
  found = told(tmp_path)["auto"]
  assert found["left_out"] == ["dann"] and found["chosen"].startswith("source_only")


def test_what_does_not_go_with_auto_is_refused(pair, tmp_path, capsys):
  for flags, said in (
    (("--method", "auto", "dann"), "name no other method"),
    (("--method", "auto", "--null"), "leave out --null"),
    (("--method", "auto", "--classes", "1/1/0"), "same classes"),
    (("--budget", "3"), "--method auto"),
  ):
    refused(capsys, adapt(pair, tmp_path, *flags), said)
    assert not list(tmp_path.glob("*/*/*.json"))
