"""Learning-rate schedules: their values along a run, and what is refused."""

import jax.numpy as jnp
import numpy as np
import pytest

from adapt.training import schedules


@pytest.mark.parametrize(
  ("schedule", "rates"),
  [
    ("constant", [0.2, 0.2, 0.2, 0.2]),
    ("inverse", [0.2, 0.2 * 5**-0.75, 0.2 * 10**-0.75, 0.2 * 11**-0.75]),
    ("cosine", [0.2, 0.1309017, 0.0048943, 0.0]),
    ("step,0.5,0.4,0.9", [0.2, 0.1, 0.05, 0.05]),
    ("step,0.1,0.95", [0.2, 0.2, 0.2, 0.02]),
  ],
)
def test_the_rate_along_a_run(schedule, rates):
  rate = schedules.rate(schedule, 0.2)
  found = [rate(jnp.float32(p)) for p in (0.0, 0.4, 0.9, 1.0)]
  np.testing.assert_allclose(found, rates, atol=1e-6)


@pytest.mark.parametrize(
  ("schedule", "line"),
  [
    ("constnt", "did you mean constant"),
    ("step,half,0.4", "0.5 after 40 %"),
    ("step,0.5", "out of bounds"),
    ("step,0.5,1.5", "out of bounds"),
    ("step,2,0.5", "out of bounds"),
  ],
)
def test_refuses(schedule, line):
  with pytest.raises(ValueError, match=line):
    schedules.rate(schedule, 0.1)
