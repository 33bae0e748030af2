"""DEV against its formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.validators.dev import score

W, L = np.random.default_rng(0).gamma(2.0, 0.4, 50), np.random.default_rng(1).gamma(1.0, 1.0, 50)


@pytest.mark.compares("the paper's formula by NumPy")
def test_dev_by_the_paper_s_formula():
  weighted = W * L
  eta = -np.cov(weighted, W)[0, 1] / np.var(W, ddof=1)
  expected = -(weighted.mean() + eta * W.mean() - eta)
  assert float(score(jnp.asarray(W), jnp.asarray(L))) == pytest.approx(expected, rel=1e-4)
  flat = jnp.ones(50)
  assert float(score(flat, jnp.asarray(L))) == pytest.approx(-L.mean(), rel=1e-5)


def test_dev_varies_less_than_the_plain_weighted_mean():
  rng = np.random.default_rng(2)
  x = rng.normal(size=(300, 200))
  w, loss = np.exp(0.8 * x - 0.32), 1 + 0.1 * x  # E[wℓ] = 1.08
  found = -np.asarray(jax.vmap(score)(jnp.asarray(w), jnp.asarray(loss)))
  assert found.mean() == pytest.approx(1.08, abs=0.02)
  assert found.std() < 0.5 * (w * loss).mean(axis=1).std()
