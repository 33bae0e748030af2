"""MixVal: partners, mixtures and consistency against loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.validators.mixed import mixable, mixture, mixval, partners

RNG = np.random.default_rng(0)
pairing, scoring = jax.jit(partners), jax.jit(mixval)


def pairs_by_hand(predicted):
  """Each place's next fitting one, None if there is none."""
  m, found = len(predicted), []
  for i in range(m):
    after = [(i + step) % m for step in range(1, m)]
    same = i % 2 == 0
    fits = [j for j in after if (predicted[j] == predicted[i]) == same]
    found.append(fits[0] if fits else None)
  return found


def share(kept):
  return np.mean(kept) if len(kept) else 0.0


@pytest.mark.parametrize("classes", [1, 2, 6, 40])
def test_partners_by_hand(classes):
  predicted = RNG.integers(0, classes, 21)
  which, paired = pairing(predicted)
  expected = pairs_by_hand(predicted)
  np.testing.assert_array_equal(paired, [j is not None for j in expected])
  for i, j in enumerate(expected):
    assert j is None or which[i] == j


@pytest.mark.parametrize("classes", [1, 2, 6])
def test_mixval_is_the_mean_of_two_consistencies(classes):
  predicted, mixed = RNG.integers(0, classes, 21), RNG.integers(0, max(classes, 2), 21)
  pairs = pairs_by_hand(predicted)
  kept = [[], []]
  for i, j in enumerate(pairs):
    if j is not None:
      label = 0.55 * np.eye(40)[predicted[i]] + 0.45 * np.eye(40)[predicted[j]]
      kept[i % 2].append(mixed[i] == label.argmax())
  expected = (share(kept[0]) + share(kept[1])) / 2
  _, paired = pairing(predicted)
  assert float(scoring(predicted, mixed, paired)) == pytest.approx(expected, rel=1e-6)


def test_a_collapsed_model_is_half_consistent_at_most():
  predicted = np.zeros(21, int)
  _, paired = pairing(predicted)
  assert float(scoring(predicted, predicted, paired)) == 0.5


def test_mixtures_keep_the_inputs_type():
  x, y = RNG.normal(size=(4, 3)).astype(np.float32), RNG.normal(size=(4, 3)).astype(np.float32)
  np.testing.assert_allclose(mixture(jnp.asarray(x), jnp.asarray(y)), 0.55 * x + 0.45 * y, 1e-6)
  pixels = mixture(jnp.array([0, 255, 10], jnp.uint8), jnp.array([255, 255, 11], jnp.uint8))
  assert pixels.dtype == jnp.uint8
  np.testing.assert_array_equal(pixels, [115, 255, 10])


def test_token_ids_have_no_mixture():
  assert [mixable(np.dtype(t)) for t in ("float32", "uint8", "int32")] == [True, True, False]
