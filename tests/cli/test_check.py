"""`adapt check`: README's example keeps the contract; exit codes, flags and the table."""

import re

import documents
import pytest

from adapt import catalogue
from adapt.cli import check, main

EXAMPLE = documents.code("own method")
LABELS, FINITE, ONCE = "leaves target labels alone", "finite loss and gradients", "compiles once"
PURE, LEARNS, NULL = "compiled = step by step", "learns the toy problem", "null control"
LOSS = "label_loss + weight * entropy, ("


@pytest.fixture(autouse=True)
def no_folder_stays(monkeypatch):
  """What a check adds lasts as long as a process; here, as long as a test."""
  monkeypatch.setattr(catalogue, "_extra", {k: list(v) for k, v in catalogue._extra.items()})


def outcomes(tmp_path, capsys, *changes, name="min_entropy", flags=()):
  """{check: (outcome, reason)} of README's method, changed; and the exit code."""
  text = EXAMPLE
  for old, new in changes:
    assert old in text
    text = text.replace(old, new)
  (tmp_path / f"{name}.py").write_text(text)
  code = main.main(["check", str(tmp_path / f"{name}.py"), "--plain", *flags])
  lines = capsys.readouterr().out.splitlines()
  found = [re.match(r"(pass|fail|skip)  (.*?): (.*)", line) for line in lines]
  return code, {m[2]: (m[1], m[3]) for m in found if m}


def test_the_example_of_the_readme_keeps_the_contract(tmp_path, capsys):
  code, found = outcomes(tmp_path, capsys, flags=("--weight", "0.5"))
  assert {name: outcome for name, (outcome, _) in found.items() if outcome != "pass"} == {}
  assert code == 0 and len(found) == 12
  assert "at weight 0: +" in found[NULL][1]


def test_a_method_that_does_not_learn_fails_there(tmp_path, capsys, monkeypatch):
  trained = [(name, run) for name, run in check.contract.contract_runs.TRAINED if name == LEARNS]
  monkeypatch.setattr(check.contract.contract_runs, "TRAINED", trained)
  code, found = outcomes(tmp_path, capsys, (LOSS, "0.0 * label_loss + ls.mean() ** 2, ("))
  assert code == 1 and found[LEARNS][0] == "fail" and "nothing is learnt" in found[LEARNS][1]
  assert all(found[name][0] == "pass" for name in (FINITE, ONCE, PURE, LABELS))


@pytest.mark.parametrize("given", ["nowhere.py", "dan_n", "folder"])
def test_what_is_no_method_is_bad_input(given, capsys):
  assert main.main(["check", given]) == 2
  said = capsys.readouterr().err
  assert said.startswith("error: ") and len(said.splitlines()) == 1


def test_a_table_has_a_row_for_each_check_and_a_verdict(capsys, monkeypatch):
  one = check.contract.Check(ONCE, "fail", "state[a] is of another shape", 0.25)
  monkeypatch.setattr(
    check.contract, "checks", lambda *_: iter([one._replace(outcome="pass"), one])
  )
  assert main.main(["check", "dann", "--width", "8"]) == 1
  said = capsys.readouterr().out
  assert "✗ FAIL" in said and "state[a]" in said and "dann: 1 of its checks fail" in said
