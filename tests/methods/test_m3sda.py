"""M³SDA's moment distance equals its loops; one step equals gradients written by hand."""

import itertools

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from adapt import methods, models
from adapt.methods.m3sda import moment_distance

TOY = {"given": {"weight": 0.1}}
GOLDEN = {"label_loss": 0.5105673, "loss": 0.9839628, "moment_distance": 4.733955}


def by_loops(sources, target, moments):
  """(distance, its gradients by each source and by the target)."""
  total, grads = 0.0, [np.zeros_like(v) for v in (*sources, target)]
  samples, n = [*sources, target], len(sources)
  pairs = [(i, n, 1 / n) for i in range(n)]
  between = list(itertools.combinations(range(n), 2))
  pairs += [(i, j, 1 / len(between)) for i, j in between]
  for k in range(1, moments + 1):
    for i, j, factor in pairs:
      gap = (samples[i] ** k).mean(0) - (samples[j] ** k).mean(0)
      distance = np.sqrt((gap**2).sum())
      total += factor * distance
      for at, sign in ((i, 1), (j, -1)):
        slope = sign * factor * gap / distance / len(samples[at])
        grads[at] += slope * k * samples[at] ** (k - 1)
  return total, grads


@pytest.mark.parametrize(("weight", "moments"), [(0.0, 2), (3.0, 1), (3.0, 2)])
def test_one_step_equals_the_step_by_hand(weight, moments):
  ts, step = by_hand.start("m3sda", weight=weight, moments=moments)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  rows = [np.flatnonzero(batch.ds[:, domain]) for domain in (0, 1)]  # the third has no examples
  distance, grads = by_loops([source.f[r] for r in rows], target.f, moments)
  df = np.zeros_like(source.f)
  for r, grad in zip(rows, grads[:-1], strict=True):
    df[r] = weight * grad
  net = by_hand.added(
    by_hand.backward(source, df=df, dl=dl), by_hand.backward(target, df=weight * grads[-1])
  )
  by_hand.assert_step(ts, *step(), {"net": net}, label_loss + weight * distance)


def test_distance_of_three_sources_is_that_of_loops():
  rng = np.random.default_rng(0)
  fs, ft = rng.normal(size=(9, 4)), rng.normal(1, 2, (5, 4))
  which = np.array([0, 1, 3, 3, 0, 1, 1, 3, 3])  # domain 2 of 4 is absent
  expected, _ = by_loops([fs[which == d] for d in (0, 1, 3)], ft, 3)
  found = moment_distance(jnp.asarray(fs), jnp.eye(4)[which], jnp.asarray(ft), 3)
  np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_equal_moments_have_no_distance_and_no_nan():
  x = jnp.asarray(np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32))
  fs, ds = jnp.concatenate([x, x]), jnp.eye(3)[jnp.repeat(jnp.arange(2), 4)]
  distance, slope = jax.value_and_grad(moment_distance)(fs, ds, x)
  np.testing.assert_allclose(distance, 0, atol=1e-6)
  assert jnp.isfinite(slope).all()
  assert moment_distance(fs, 0 * ds, x) == 0
  # Moved apart, either a source from the target or the sources from each other, they have one.
  assert moment_distance(fs + 1, ds, x) > 1
  assert moment_distance(fs.at[:4].add(1), ds, x) > moment_distance(fs, ds, x + 0.01)


def test_gradients_agree_with_finite_differences():
  rng = np.random.default_rng(2)
  fs, ft = (jnp.asarray(rng.normal(size=(6, 3)).astype(np.float32)) for _ in range(2))
  ds = jnp.eye(2)[jnp.arange(6) % 2]
  f = jax.jit(lambda a, b: moment_distance(a, ds, b))
  check_grads(f, (fs, ft), order=1, modes=["rev"], atol=1e-2, rtol=1e-2)


def test_no_moments_are_refused():
  with pytest.raises(ValueError, match="choose at least 1"):
    methods.get("m3sda")(models.build("mlp", 2), moments=0)
