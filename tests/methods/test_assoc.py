"""Association equals its paper written by hand: walks there and back, and visits."""

import by_hand
import jax
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods.assoc import association

TOY = {"steps": 800, "given": {"weight": 0.3, "visit": 0.6, "delay": 0.04}}
GOLDEN = {"label_loss": 0.5961558, "loss": 2.89434, "visit_loss": 3.462561, "walker_loss": 5.583078}


def losses(fs, ft, ys):
  """(walker, visit) by loops."""
  likeness = fs @ ft.T
  there, back = by_hand.softmax(likeness), by_hand.softmax(likeness.T)
  walker, n = 0.0, len(fs)
  for i in range(n):
    ends = sum(there[i, j] * back[j] for j in range(len(ft)))
    same = np.flatnonzero(ys == ys[i])
    walker -= sum(np.log(ends[k]) for k in same) / len(same) / n
  visits = there.mean(0)
  return walker, -np.log(visits).mean()


@pytest.mark.parametrize(("progress", "on"), [(3, 0.0), (4, 1.0)])
def test_one_step_equals_the_step_by_hand(progress, on):
  ts, step = by_hand.start("assoc", weight=0.7, visit=0.5, delay=0.4)
  ts = ts._replace(step=ts.step * 0 + progress)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  ys = np.asarray(batch.ys)

  def total(fs, ft):
    walker, visit = losses(fs, ft, ys)
    return on * 0.7 * (walker + 0.5 * visit)

  slopes = [numerical(lambda f: total(f, target.f), source.f)]
  slopes.append(numerical(lambda f: total(source.f, f), target.f))
  grads = by_hand.added(
    by_hand.backward(source, df=slopes[0], dl=dl), by_hand.backward(target, df=slopes[1])
  )
  by_hand.assert_step(ts, *step(ts), {"net": grads}, label_loss + total(source.f, target.f))


def numerical(f, x, h=1e-5):
  """Central differences."""
  slope = np.zeros_like(x)
  for i in np.ndindex(x.shape):
    up, down = x.copy(), x.copy()
    up[i] += h
    down[i] -= h
    slope[i] = (f(up) - f(down)) / (2 * h)
  return slope


def test_features_apart_by_class_have_short_walks():
  ys = np.arange(6) % 2
  f = 8 * np.eye(2, dtype=np.float32)[ys]
  walker, visit = association(f, f, ys)
  np.testing.assert_allclose(walker, np.log(3), rtol=1e-5)  # uniform within the class
  np.testing.assert_allclose(visit, np.log(6), rtol=1e-5)
  assert association(f, f[:, ::-1] * 0 + f.mean(), ys)[0] > np.log(3) + 0.1


def test_a_walk_that_hardly_ever_ends_in_its_class_has_a_gradient():
  fs, ys = 30 * np.eye(2, dtype=np.float32), np.arange(2)
  slope = jax.grad(lambda f: association(f, np.float32([[30, 0], [30, 0]]), ys)[0])(fs)
  assert np.isfinite(slope).all() and np.abs(slope).max() > 0.1


def test_a_share_beyond_one_is_refused():
  with pytest.raises(ValueError, match="delay is 2"):
    methods.get("assoc")(models.build("mlp", 2), delay=2.0)
