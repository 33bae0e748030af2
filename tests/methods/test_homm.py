"""HoMM equals its paper written by hand, with the whole third-order tensor and with drawn entries."""

import by_hand
import jax
import numpy as np
import pytest

from adapt import methods, models

# Third moments of the layout test's unbounded features explode at the weight that suits the moons.
TOY = {"given": {"weight": 100000.0}, "layouts": {"weight": 10.0}, "margin": 0.02}
GOLDEN = {"homm_loss": 0.01197787, "label_loss": 0.5968117, "loss": 0.7165904}


def centred(v):
  return v - v.mean(0)


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("homm", weight=1e4)
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  cs, ct = centred(source.f), centred(target.f)
  tensor = np.einsum("na,nb,nc->abc", cs, cs, cs) - np.einsum("na,nb,nc->abc", ct, ct, ct)
  gap = tensor / n
  loss += 1e4 * (gap**2).mean()
  slope = 1e4 * 2 * gap / gap.size
  # The tensor is symmetric in its three places; centring takes the mean out of the gradient.
  ds, dt = (centred(3 / n * np.einsum("abc,nb,nc->na", slope, c, c)) for c in (cs, ct))
  grads = by_hand.added(by_hand.backward(source, df=ds, dl=dl), by_hand.backward(target, df=-dt))
  by_hand.assert_step(ts, *step(), {"net": grads}, loss)


def test_a_step_on_drawn_entries_equals_the_step_by_hand():
  ts, step = by_hand.start("homm", weight=1e7, order=4, samples=6)
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  _, key = jax.random.split(jax.random.fold_in(ts.key, ts.step))
  entries = np.asarray(jax.random.randint(key, (6, 4), 0, source.f.shape[1]))
  cs, ct = centred(source.f), centred(target.f)
  ds, dt = np.zeros_like(cs), np.zeros_like(ct)
  for entry in entries:
    gap = cs[:, entry].prod(1).mean() - ct[:, entry].prod(1).mean()
    loss += 1e7 * gap**2 / 6
    for place, feature in enumerate(entry):
      others = np.delete(entry, place)
      ds[:, feature] += 1e7 * 2 * gap / 6 * cs[:, others].prod(1) / n
      dt[:, feature] -= 1e7 * 2 * gap / 6 * ct[:, others].prod(1) / n
  grads = by_hand.added(
    by_hand.backward(source, df=centred(ds), dl=dl), by_hand.backward(target, df=centred(dt))
  )
  by_hand.assert_step(ts, *step(), {"net": grads}, loss)


@pytest.mark.parametrize(
  ("given", "message"),
  [({"order": 1}, "choose at least 2"), ({"samples": -1}, r"choose 0 \(all entries\) or more")],
)
def test_impossible_numbers_are_refused(given, message):
  with pytest.raises(ValueError, match=message):
    methods.get("homm")(models.build("mlp", 2), **given)
