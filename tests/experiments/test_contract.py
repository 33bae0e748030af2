"""Each broken method fails the check of what is broken in it, and nothing is trained after that."""

import itertools

import documents
import pytest

from adapt import catalogue, methods
from adapt.experiments import contract
from adapt.experiments.contract_runs import TRAINED

EXAMPLE = documents.code("own method")
LABELS, FINITE, ONCE = "leaves target labels alone", "finite loss and gradients", "compiles once"
PURE = "compiled = step by step"
TERM = "weight * entropy"
IMPORTS = ("from adapt.losses", "import jax.numpy as jnp\nimport numpy as np\n\nfrom adapt.losses")


@pytest.fixture(autouse=True)
def no_folder_stays(monkeypatch):
  """What a check adds lasts as long as a process; here, as long as a test."""
  monkeypatch.setattr(catalogue, "_extra", {k: list(v) for k, v in catalogue._extra.items()})


def found(tmp_path, *changes):
  """{check: (outcome, reason)} of README's method, changed, before anything is trained."""
  text = EXAMPLE
  for old, new in (IMPORTS, *changes):
    assert old in text
    text = text.replace(old, new)
  (tmp_path / "min_entropy.py").write_text(text)
  catalogue.add_folder("adapt.methods", tmp_path)
  every = contract.checks(lambda: methods.bind("min_entropy"))
  untrained = itertools.islice(every, 2 + len(contract.STEPWISE))
  made = {one.name: (one.outcome, one.reason) for one in untrained}
  if any(made.get(name, ("pass",))[0] == "fail" for name, _ in contract.STEPWISE):
    made |= {one.name: (one.outcome, one.reason) for one in every}
  return made


def test_what_is_right_passes_before_it_is_trained(tmp_path):
  made = found(tmp_path)
  assert {outcome for outcome, _ in made.values()} == {"pass"}
  assert list(made) == ["imports", "is documented", LABELS, FINITE, ONCE, PURE]


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
def test_a_broken_method_fails_where_it_is_broken(tmp_path, line, reason, changes):
  made = found(tmp_path, *changes)
  assert [name for name, (outcome, _) in made.items() if outcome == "fail"] == [line]
  assert reason in made[line][1]
  if line in dict(contract.STEPWISE):
    assert all(made[name] == ("skip", f"not tried: first mend '{line}'") for name, _ in TRAINED)
