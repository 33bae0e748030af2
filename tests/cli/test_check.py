"""`adapt check`: README's example keeps the contract, and each broken method fails where it is broken."""

import re
from pathlib import Path

import pytest

from adapt import catalogue
from adapt.cli import check, main

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
EXAMPLE = re.search(r"<!-- own method -->\n```python\n(.*?)```", README, re.DOTALL)[1]
LABELS, FINITE, ONCE = "leaves target labels alone", "finite loss and gradients", "compiles once"
PURE, LEARNS, NULL = "compiled = step by step", "learns the toy problem", "null control"
TERM = "weight * entropy"
LOSS = f"label_loss + {TERM}, ("


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
  assert code == 0 and len(found) == 11
  assert "at weight 0: +" in found[NULL][1]


WITH_STATE = ('"stats": stats}\n', '"stats": stats, "mean": jnp.zeros(3)}\n')
BROKEN = [
  (
    ONCE,
    "traced again",
    [
      (WITH_STATE[0], '"stats": stats, "n": 1.0}\n'),
      (
        '({"stats": stats}, metrics)',
        '({"stats": stats, "n": state["n"] * jnp.float32(1)}, metrics)',
      ),
    ],
  ),
  (FINITE, "loss is nan", [(TERM, "weight * jnp.log(-1.0 - entropy)")]),
  (FINITE, "gradient of", [(TERM, "weight * jnp.sqrt(entropy - entropy)")]),
  (FINITE, "has shape [16]", [("ops.entropy(lt).mean()", "ops.entropy(lt)")]),
  (
    "is documented",
    "no word on weight",
    [("    weight: factor of the target entropy.\n", "    ...\n")],
  ),
  (LABELS, "does not say 'labelled'", [(TERM, "weight * ops.cross_entropy(lt, batch.yl).mean()")]),
  (
    ONCE,
    "state.mean was float32[3] and is float32[16]",
    [WITH_STATE, ('({"stats": stats}, metrics)', '({"stats": stats, "mean": lt[:, 0]}, metrics)')],
  ),
  (
    ONCE,
    "other entries",
    [('({"stats": stats}, metrics)', '({"stats": stats, "n": ls}, metrics)')],
  ),
  (
    ONCE,
    "params['idle'] never moves",
    [('{"net": params}, {', '{"net": params, "idle": params}, {')],
  ),
  (PURE, "jax.random", [(TERM, "np.random.normal() * entropy")]),
  (
    "imports",
    "cannot be imported",
    [("def min_entropy", "import nothing_of_this_name\n\n\ndef min_entropy")],
  ),
]


@pytest.mark.parametrize(("line", "reason", "changes"), BROKEN, ids=lambda v: str(v)[:30])
def test_a_broken_method_fails_where_it_is_broken(tmp_path, capsys, line, reason, changes):
  first = ("from adapt.losses", "import jax.numpy as jnp\nimport numpy as np\n\nfrom adapt.losses")
  if line == "is documented":  # the rest of it works and would be trained
    (tmp_path / "min_entropy.py").write_text(EXAMPLE.replace(*changes[0]))
    found = {}
    for one in check.contract.checks(
      lambda: check._bound(check._named(str(tmp_path / "min_entropy.py")), {})
    ):
      found[one.name] = (one.outcome, one.reason)
      if one.name == line:
        break
    code = 1
  else:
    code, found = outcomes(tmp_path, capsys, first, *changes)
  assert code == 1
  assert [name for name, (outcome, _) in found.items() if outcome == "fail"] == [line]
  assert reason in found[line][1]
  if line != "is documented":
    assert found[LEARNS][0] == "skip"  # nothing is trained then


def test_a_method_that_does_not_learn_fails_there(tmp_path, capsys):
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
