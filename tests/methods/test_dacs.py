"""DACS equals its authors' step written by hand: what is pasted, who labels it, and what it weighs."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pixels_by_hand as pixels
import pytest

from adapt import methods, models
from adapt.augment import weak_and_strong
from adapt.methods import dacs

TOY = {"given": {"noise": 0.3}}
GOLDEN = {"label_loss": 0.5961558, "loss": 0.5961558, "mixed_loss": 0.0, "sure": 0.0}


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_one_step_equals_the_step_by_hand(weight, monkeypatch):
  monkeypatch.setattr(weak_and_strong, "in_place", lambda key, x, *_: 1.1 * x)
  ts, step = pixels.start("dacs", weight=weight, threshold=0.6)
  shifted = jax.tree.map(lambda p: 1.5 * p + 0.1, ts.params["net"])
  teacher = {"net": shifted, "stats": {}}
  ts = ts._replace(state={**ts.state, "teacher": teacher, "age": jnp.asarray(3.0)})
  batch, key = pixels.batch(), jax.random.fold_in(ts.key, ts.step)
  pasted = np.asarray(dacs.drawn(jax.random.split(key, 4)[2], batch.ys, pixels.K))

  taught = by_hand.softmax(pixels.forward(shifted, batch.xt).l)
  sure = (taught.max(1) >= 0.6).mean()
  assert 0.1 < sure < 0.9 and 0 < pasted.mean() < 1
  labels = np.where(pasted, batch.ys, taught.argmax(1).reshape(pasted.shape))
  mixed = 1.1 * np.where(pasted[..., None], batch.xs, batch.xt)
  source, seen = (pixels.forward(ts.params["net"], x) for x in (batch.xs, mixed))
  label_loss, dl = pixels.label_loss(source, batch.ys, batch.ws)
  counted = np.where(pasted, 1.0, sure) / pasted.size
  mixed_loss, dm = pixels.weighted(seen, labels, counted)
  grads = by_hand.added(by_hand.backward(source, dl=dl), by_hand.backward(seen, dl=weight * dm))
  after, metrics = step(ts)
  by_hand.assert_step(ts, after, metrics, {"net": grads}, label_loss + weight * mixed_loss)
  assert float(metrics["sure"]) == pytest.approx(sure)

  # In its fourth step the teacher is the mean of four students: 3/4 of what it was.
  jax.tree.map(
    lambda new, old, p: np.testing.assert_allclose(new, 0.75 * old + 0.25 * p, rtol=1e-5),
    after.state["teacher"]["net"],
    shifted,
    after.params["net"],
  )
  assert float(after.state["age"]) == 4
  young = methods.get("dacs")(pixels.net()).after_step(
    after.params, {**after.state, "age": jnp.zeros(())}
  )
  jax.tree.map(np.testing.assert_array_equal, young["teacher"]["net"], dict(after.params["net"]))


def test_half_of_an_images_classes_are_drawn_whole_and_all_alike():
  ys = jnp.asarray([[[0, 0, 1], [2, 4, 4]], [[3, 3, 3], [3, 3, 3]], [[-1, -1, 1], [1, 0, 0]]])
  draws = jax.vmap(lambda k: dacs.drawn(k, ys, 5))(jax.random.split(jax.random.key(0), 400))
  for i, kinds in enumerate(([0, 1, 2, 4], [3], [-1, 0, 1])):
    of_kind = np.stack([draws[:, i][:, ys[i] == kind].mean(1) for kind in kinds], 1)
    assert set(np.unique(of_kind)) <= {0.0, 1.0}  # a class whole, or not at all
    assert (of_kind.sum(1) == (len(kinds) + 1) // 2).all()
    np.testing.assert_allclose(of_kind.mean(0), (len(kinds) + 1) // 2 / len(kinds), atol=0.08)


def test_without_pixels_nothing_is_pasted_and_the_teacher_labels():
  batch = by_hand.batch()
  assert not dacs.drawn(jax.random.key(0), batch.ys, by_hand.K).any()
  method = methods.get("dacs")(models.build("mlp", by_hand.K), threshold=0.0, noise=0.0)
  params, state = method.init(jax.random.key(0), batch)
  _, (_, metrics) = method.loss(params, state, batch, jax.random.key(1), 0.5)
  logits = by_hand.forward(params["net"], batch.xt).l
  assert float(metrics["mixed_loss"]) == pytest.approx(
    by_hand.cross_entropy(logits, logits.argmax(1))[0], rel=1e-5
  )
