"""SND against a loop over pairs."""

import jax.numpy as jnp
import numpy as np
import pytest

from adapt.validators.snd import score

M, K = 40, 3
RNG = np.random.default_rng(0)
LOGITS = 2 * RNG.normal(size=(M, K))


def by_hand(logits, temperature=0.05):
  p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
  total = 0.0
  for i in range(len(p)):
    near = []
    for j in range(len(p)):
      if i != j:
        cosine = p[i] @ p[j] / (np.linalg.norm(p[i]) * np.linalg.norm(p[j]))
        near.append(np.exp(cosine / temperature))
    share = np.array(near) / np.sum(near)
    total -= np.sum(share * np.log(share))
  return total / len(p)


def scored(logits):
  return float(score(jnp.asarray(logits, jnp.float32)))


@pytest.mark.compares("a loop over pairs")
def test_snd_is_the_entropy_of_similarities_to_the_others():
  assert scored(LOGITS) == pytest.approx(by_hand(LOGITS), rel=1e-5)


def test_snd_prefers_dense_neighbourhoods():
  clusters = 8 * np.eye(K)[np.arange(M) % K]
  assert scored(clusters) == pytest.approx(by_hand(clusters), rel=1e-5)
  # All others of its class, and nobody else: 13 or 12 of them.
  assert scored(clusters) == pytest.approx(np.log(M / K - 1), abs=0.05)
  blurred = clusters + 6 * RNG.normal(size=(M, K))
  assert scored(blurred) < scored(clusters)


def test_a_collapsed_model_is_at_the_upper_bound():
  assert scored(np.tile([9.0, 0, 0], (M, 1))) == pytest.approx(np.log(M - 1), rel=1e-5)
