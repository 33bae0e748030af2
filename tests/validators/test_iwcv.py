"""IWCV against its formula."""

import jax.numpy as jnp
import numpy as np
import pytest

from adapt.validators.iwcv import score

W, L = np.random.default_rng(0).gamma(2.0, 0.4, 50), np.random.default_rng(1).gamma(1.0, 1.0, 50)


@pytest.mark.compares("its formula as a sum")
def test_iwcv_is_the_weighted_mean_loss():
  expected = -sum(w * loss for w, loss in zip(W, L, strict=True)) / sum(W)
  assert float(score(jnp.asarray(W), jnp.asarray(L))) == pytest.approx(expected, rel=1e-5)


def test_iwcv_does_not_take_vanishing_weights_for_a_low_risk():
  scores = [float(score(jnp.asarray(s * W), jnp.asarray(L))) for s in (1.0, 1e-3)]
  assert scores[0] == pytest.approx(scores[1], rel=1e-5)
