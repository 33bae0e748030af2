"""co_tuning's table by loops, its step by that of the two losses written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy

from adapt import tuning
from adapt.tuning.co_tuning import co_tuning

TRAINABLE = ["body", "norm", "head", "source_head/kernel", "source_head/bias"]

WEIGHT = 1.7


def table_by_loops(net, params, stats, x, labels):
  """Mean prediction of the source model for the examples of each class."""
  (_, logits), _ = net.apply(params, stats, x, False, None)
  p = np.asarray(jax.nn.softmax(logits), np.float64)
  return np.array([np.mean([p[i] for i in range(6) if labels[i] == c], axis=0) for c in range(2)])


@pytest.mark.compares("steps of both losses written out, the table by loops")
def test_steps_are_those_of_both_losses(tiny, batch, states):
  passed = states(co_tuning(weight=WEIGHT), "fine_tune", tiny, batch, 2, 2)
  start, (before, _), (after, metrics) = passed[0][0], *passed[1:]
  source = {n: p for n, p in start.params["net"].items() if n != "source_head"}
  table = table_by_loops(tiny, source, start.state["stats"], batch.xl, np.asarray(batch.yl))

  def whole(params):
    own = {n: p for n, p in params.items() if n != "source_head"}
    key = jax.random.fold_in(before.key, 1)
    (features, logits), _ = tiny.apply(own, before.state["stats"], batch.xl, True, key)
    label_loss = -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(6), batch.yl])
    second = features @ params["source_head"]["kernel"] + params["source_head"]["bias"]
    log_p = jax.nn.log_softmax(second)
    terms = [jnp.asarray(table)[batch.yl[i], c] * log_p[i, c] for i in range(6) for c in range(2)]
    return label_loss - WEIGHT * sum(terms) / 6

  old, trace = before.params["net"], before.opt["net"][1].trace
  loss, grads = jax.jit(jax.value_and_grad(whole))(old)
  np.testing.assert_allclose(metrics["loss"], loss, rtol=1e-4)
  slopes = jax.tree.map(lambda g, w: g + 0.3 * w, grads, old)
  expected = jax.tree.map(lambda w, g, t: w - 0.1 * (g + 0.9 * (g + 0.9 * t)), old, slopes, trace)
  close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
  jax.tree.map(close, after.params["net"], expected)
  # The second pass leaves batch statistics as the method's own pass made them.
  key = jax.random.fold_in(before.key, 1)
  _, stats = tiny.apply(old, before.state["stats"], batch.xl, True, key)
  np.testing.assert_allclose(after.state["stats"]["mean"], stats["mean"], rtol=1e-5, atol=1e-6)


def test_the_table_is_the_mean_over_all_batches_of_the_source_model(tiny, batch):
  from adapt.tuning import co_tuning as module

  params, stats = tiny.init(jax.random.key(0), batch.xs)
  way = co_tuning()
  tuned = way.wrap(tiny, 0.0)
  whole, _ = tuned.init(jax.random.key(0), batch.xs)
  seen = module._begun({"net": whole}, {"stats": stats})
  both = batch, batch._replace(xl=batch.xl * 2, yl=jnp.array([0, 0, 0, 0, 0, 1]))
  for one in both:
    seen = module._observed(tuned, seen, one)
  p = [np.asarray(jax.nn.softmax(tiny.apply(params, stats, b.xl, False, None)[0][1])) for b in both]
  p, y = np.concatenate(p), np.concatenate([b.yl for b in both])
  expected = np.stack([p[y == 0].mean(axis=0), p[y == 1].mean(axis=0)])
  found = module.relationship(seen, jnp.array([1, 0]))
  np.testing.assert_allclose(found, expected[::-1], rtol=1e-5)


def test_methods_without_target_labels_are_refused():
  with pytest.raises(ValueError, match="labelled target examples, which dann does not read"):
    toy.experiment("dann", tuning=tuning.bind("co_tuning"))
  assert (
    toy.experiment("weighted", tuning=tuning.bind("co_tuning")).points[0].label
    == "weighted+co_tuning"
  )
