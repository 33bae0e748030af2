"""Each method declares its metrics after two steps. If they moved and you did not intend it, it may be a bug.

They are the `GOLDEN` of its own test file. `training/test_devices.py` compares them, as it takes those
steps anyway.
"""

import json
import sys

import layouts
import pytest
from declared import HERE, declared

from adapt import methods
from adapt.training.devices import Layout


@pytest.mark.parametrize("name", methods.names())
def test_a_method_declares_its_metrics(name):
  if declared("methods", name, "GOLDEN") is None:
    pytest.skip(
      f"tests/methods/test_{name}.py has no line GOLDEN = {{…}}: add the one that "
      f"`python tests/test_golden.py {name}` prints"
    )


def test_golden_values_are_of_methods_that_are_there():
  named = {f.stem.removeprefix("test_") for f in sorted((HERE / "methods").glob("test_*.py"))}
  golden = {name for name in named if declared("methods", name, "GOLDEN") is not None}
  assert golden and golden <= set(methods.names())


def metrics(name):
  taken = layouts.steps(layouts.start(name), Layout())
  return [layouts.golden(next(taken)[1]) for _ in range(layouts.GOLDEN)][-1]


if __name__ == "__main__":
  for name in sys.argv[1:] or methods.names():
    numbers = {metric: float(f"{value:.7g}") for metric, value in sorted(metrics(name).items())}
    print(f"# tests/methods/test_{name}.py\nGOLDEN = {json.dumps(numbers)}")
