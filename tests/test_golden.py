"""Metrics after two steps on the moons. If you did not intend to change behaviour, this may be a bug.

The values are the `GOLDEN` of each method's own test file.
"""

import json
import sys

import pytest
import toy
from declared import HERE, declared

from adapt import methods
from adapt.training import loop
from adapt.training.joint_tasks import Part


@pytest.mark.parametrize("name", methods.names())
def test_metrics_after_two_steps(name):
  golden = declared("methods", name, "GOLDEN")
  if golden is None:
    pytest.skip(
      f"tests/methods/test_{name}.py has no line GOLDEN = {{…}}: add the one that "
      f"`python tests/test_golden.py {name}` prints"
    )
  assert metrics(name) == pytest.approx(golden, rel=1e-4)


def test_golden_values_are_of_methods_that_are_there():
  named = {f.stem.removeprefix("test_") for f in sorted((HERE / "methods").glob("test_*.py"))}
  golden = {name for name in named if declared("methods", name, "GOLDEN") is not None}
  assert golden and golden <= set(methods.names())


def metrics(name):
  experiment = toy.experiment(name, seeds=(0,), steps=2, evaluations=1)
  parts = [Part(experiment.setup, experiment.points, toy.data_of(experiment))]
  cells = loop.program_of(parts)
  mapped, _, fed = loop.placed(parts, cells)
  _, mean = fed.advance(mapped, 2)
  return {k: float(v[0]) for k, v in mean.items()}


if __name__ == "__main__":
  for name in sys.argv[1:] or methods.names():
    numbers = {metric: float(f"{value:.7g}") for metric, value in sorted(metrics(name).items())}
    print(f"# tests/methods/test_{name}.py\nGOLDEN = {json.dumps(numbers)}")
