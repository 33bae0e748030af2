"""Loss on the source against NumPy."""

import jax.numpy as jnp
import numpy as np
import pytest

from adapt import validators
from adapt.evaluation import value_measures
from adapt.validators.source_loss import score


@pytest.mark.compares("NumPy")
def test_source_loss_by_hand_and_blind_to_the_target():
  rng = np.random.default_rng(0)
  outputs, labels = rng.normal(size=(2, 9, 2)).astype(np.float32)
  counts = value_measures.count(jnp.asarray(outputs), jnp.asarray(labels), jnp.ones(9))
  expected = -np.mean((outputs - labels) ** 2)
  assert score(counts, None) == pytest.approx(expected, rel=1e-5)


def test_it_judges_values_alone():
  assert "source_loss" in validators.names("values")
  assert "source_loss" not in validators.names("classes")
  assert set(validators.names("values")) < set(validators.names())
