"""DIRT-T is VADA first, then its paper's refinement written by hand, near one teacher after another."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_vada import GIVEN, entropy, smoothness

from adapt import methods, models
from adapt.methods.dirt_t import renewed

TOY = {
  "given": {"width": 32, "radius": 1.0, "share": 0.75, "trust": 0.1, "average": 0.99},
  "margin": 0.2,
}
GOLDEN = {
  "domain_loss": 0.6958643,
  "entropy_loss": 0.6829036,
  "label_loss": 0.6735116,
  "loss": 1.396152,
  "smoothness": 0.001907586,
  "teacher_loss": 0.0,
}

B = by_hand.B


def test_the_first_part_is_vada_and_leaves_the_teacher():
  ts, step = by_hand.start("dirt_t", share=0.41, depth=0, **GIVEN)  # progress is 4 / 10
  _, alone = by_hand.start("vada", depth=0, **GIVEN)
  (after, metrics), (expected, plain) = step(), alone()
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6),
    after.params,
    expected.params,
  )
  np.testing.assert_allclose(metrics["loss"], plain["loss"], rtol=1e-5)
  jax.tree.map(np.testing.assert_array_equal, after.state["teacher"], ts.state["teacher"])


@pytest.mark.parametrize("number", [0, 3])
def test_a_step_of_the_second_part_equals_the_step_by_hand(number):
  ts, step = by_hand.start("dirt_t", share=0.1, trust=0.8, teachers=9, depth=0, **GIVEN)
  other = {
    name: jax.tree.map(lambda p, f=f: f * p, ts.params["net"])
    for name, f in (("a", 1.2), ("b", 0.7))
  }
  teacher = {**ts.state["teacher"], "net": other["b"], "number": jnp.asarray(number, jnp.int32)}
  ts = ts._replace(state={**ts.state, "average": other["a"], "teacher": teacher})
  # 3 ninths of the second part are done, so teacher 4 is due: the averaged model.
  batch, net, opt = by_hand.batch(), ts.params["net"], by_hand.Nesterov(ts.params)
  target = by_hand.forward(net, batch.xt)
  taught, p = (by_hand.softmax(by_hand.forward(n, batch.xt).l) for n in (other["a"], net))
  away = (taught * np.log(taught / p)).sum() / B
  sure, dt = entropy(p)
  key = jax.random.fold_in(jax.random.fold_in(ts.key, ts.step), 1000)
  rough, around = smoothness(net, batch.xt, jax.random.split(key)[1])
  grads = by_hand.added(
    by_hand.backward(target, dl=0.5 * (0.8 * (p - taught) / B + 0.7 * dt)),
    jax.tree.map(lambda g: 0.5 * 0.7 * g, around),
  )
  opt.move("net", grads)
  after, metrics = step(ts)
  refined = 0.5 * (0.8 * away + 0.7 * (sure + rough))
  np.testing.assert_allclose(metrics["teacher_loss"], away, rtol=1e-4)
  np.testing.assert_allclose(metrics["loss"] - metrics["domain_loss"], refined, rtol=1e-3)
  opt.params["critic"] = dict(after.params)["critic"]  # it learns on, tested with VADA
  opt.assert_equal(after.params)
  assert after.state["teacher"]["number"] == 4


def test_a_teacher_stays_until_the_next_is_due():
  ts, _ = by_hand.start("dirt_t", width=8)
  state = {**ts.state, "average": jax.tree.map(lambda p: p + 1, ts.state["average"])}
  state["teacher"] = {**state["teacher"], "number": jnp.asarray(2, jnp.int32)}
  for number, expected in ((1, "teacher"), (2, "teacher"), (3, "average")):
    new = renewed(state, jnp.asarray(number, jnp.int32))
    source = state["average"] if expected == "average" else state["teacher"]["net"]
    jax.tree.map(np.testing.assert_array_equal, new["net"], source)


def test_the_second_part_reads_no_source():
  batch, key = by_hand.batch(), jax.random.key(0)
  ts, _ = by_hand.start("dirt_t", share=0.1, width=8)
  method = methods.get("dirt_t")(models.build("mlp", by_hand.K), share=0.1, width=8)
  poisoned = batch._replace(xs=batch.xs * jnp.nan, ys=jnp.full(B, -7))
  refine = method.loss[1].loss
  one, two = (refine(ts.params, ts.state, b, key, jnp.asarray(0.5))[0] for b in (batch, poisoned))
  assert one == two


@pytest.mark.parametrize(
  ("given", "message"), [({"teachers": 0}, "at least 1"), ({"share": 1.0}, "less than 1")]
)
def test_bad_choices_are_refused(given, message):
  with pytest.raises(ValueError, match=message):
    methods.get("dirt_t")(models.build("mlp", 2), **given)
