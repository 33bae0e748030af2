"""RSD equals the authors' definition, written in NumPy from their published code."""

import jax.numpy as jnp
import numpy as np
import planted_values
import pytest
import subspaces_by_hand

from adapt.losses import subspaces

# Eight examples there: sixteen would span the sixteen features of that network. Features of moons have
# singular values near 0, whose vectors are of rounding alone and differ between processors; blobs have none.
TOY = {"given": {}, "layouts_batch": 8, "layouts_task": "blobs_shifted"}
GOLDEN = {"label_loss": 2.3416035, "loss": 2.3452861, "rsd_loss": 3.6827126}


def distance(fs, ft, mismatch):
  us, ut = (np.linalg.svd(f.T, full_matrices=False)[0] for f in (fs, ft))
  ps, cosines, pt = np.linalg.svd(us.T @ ut)
  sines = np.sqrt(1 - cosines**2)
  return np.abs(sines).sum() + mismatch * np.linalg.norm(np.abs(ps) - np.abs(pt.T))


def test_one_step_equals_the_step_by_hand():
  subspaces_by_hand.assert_step(
    "rsd", lambda fs, ft: 0.05 * distance(fs, ft, 0.3), weight=0.05, mismatch=0.3
  )


@pytest.mark.adapts("rsd")
def test_brings_the_subspaces_of_planted_values_together():
  """While the source's values are fitted as well as without it."""

  def apart(fs, ft):
    return subspaces.subspace_distance(fs, ft, 0.0)

  source, _, distance = planted_values.trained("rsd", apart, weight=0.1)
  source_without, _, without = planted_values.trained("rsd", apart, weight=0.0)
  assert distance < 0.9 * without and source < 1.1 * source_without


def test_the_same_span_is_no_distance_whatever_its_scale():
  f = np.random.default_rng(0).normal(size=(6, 20)).astype(np.float32)
  turned = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0].astype(np.float32)
  found = subspaces.subspace_distance(jnp.asarray(f), jnp.asarray(7 * turned @ f), 0.0)
  assert float(found) == pytest.approx(0.0, abs=0.01)


def test_a_batch_that_spans_everything_is_refused():
  with pytest.raises(ValueError, match="give a smaller batch"):
    subspaces.subspace_distance(jnp.ones((9, 9)), jnp.ones((9, 9)))
