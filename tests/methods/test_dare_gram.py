"""DARE-GRAM equals the authors' definition, written in NumPy from their published code."""

import numpy as np
import planted_values
import pytest
import subspaces_by_hand

from adapt.losses import subspaces

GOLDEN = {
  "angle_loss": 0.07459032,
  "label_loss": 0.5959471,
  "loss": 0.6114691,
  "scale_loss": 11.79246,
}


def parts(fs, ft, threshold):
  """The angle's and the scale's part, by the singular values of the features."""
  ones = [np.column_stack([np.ones(len(f)), f]) for f in (fs, ft)]
  found = [np.linalg.svd(a, full_matrices=False)[1:] for a in ones]  # of G, squared
  values = [s**2 for s, _ in found]
  places = []
  for s in values:
    share = np.cumsum(s) / s.sum()
    places.append(np.flatnonzero(share <= max(share[1], threshold))[-1])
  k = max(places)
  a, b = ((v[:k].T / s[:k] ** 2) @ v[:k] for s, v in found)
  cosines = (a * b).sum(0) / np.linalg.norm(a, axis=0) / np.linalg.norm(b, axis=0)
  apart = np.linalg.norm(values[0][:k] - values[1][:k])
  return np.abs(1 - cosines).mean(), apart / k


@pytest.mark.parametrize("threshold", [0.9, 0.99])
def test_one_step_equals_the_step_by_hand(threshold):
  def distance(fs, ft):
    angle, scale = parts(fs, ft, threshold)
    return 0.5 * angle + 0.02 * scale

  subspaces_by_hand.assert_step(
    "dare_gram", distance, weight=0.5, scale_share=0.04, threshold=threshold
  )


@pytest.mark.adapts("dare_gram")
def test_brings_the_inverse_gram_matrices_of_planted_values_together():
  """While the source's values are fitted as well as without it."""

  def apart(fs, ft):
    return subspaces.inverse_gram(fs, ft)[0]

  source, _, distance = planted_values.trained("dare_gram", apart, weight=1.0, scale_share=0.01)
  source_without, _, without = planted_values.trained("dare_gram", apart, weight=0.0)
  assert distance < 0.9 * without and source < 1.1 * source_without
