"""delta's loss and attention by NumPy loops; its step by that of the loss written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.tuning.delta import attention_of, delta, rises

TRAINABLE = ["body", "norm", "head"]

ALPHA, BETA, HEAT = 0.8, 0.2, 2.0


def mean_loss(features, head, labels):
  logits = features @ head["kernel"] + head["bias"]
  e = np.exp(logits)
  return -np.log((e / e.sum(1, keepdims=True))[np.arange(len(labels)), labels]).mean()


def attention_by_loops(features, head, labels):
  risen = []
  for c in range(features.shape[1]):
    without = features.copy()
    without[:, c] = 0
    risen.append(mean_loss(without, head, labels) - mean_loss(features, head, labels))
  standard = (np.array(risen) - np.mean(risen)) / np.std(risen)
  e = np.exp(standard / HEAT)
  return np.array(risen), e / e.sum()


def seen_by_start(net, start, x):
  whole = start.params["net"], start.state["stats"]["inner"]["inner"]
  return np.asarray(net.apply(*whole, x, False, None)[0][0], np.float64)


@pytest.mark.compares("attention by loops")
def test_rises_and_attention_are_those_of_loops(tiny, x):
  params, stats = tiny.init(jax.random.key(0), x)
  features = np.asarray(tiny.apply(params, stats, x, False, None)[0][0], np.float64)
  head, labels = jax.tree.map(np.asarray, params["head"]), np.array([0, 1, 1, 0, 1, 0])
  risen, attention = attention_by_loops(features, head, labels)
  found = jax.jit(rises)(jnp.asarray(features, jnp.float32), params["head"], labels)
  np.testing.assert_allclose(found, risen, rtol=1e-3, atol=1e-5)
  np.testing.assert_allclose(attention_of(found, HEAT), attention, rtol=1e-3)
  np.testing.assert_allclose(attention_of(jnp.zeros(5), HEAT), 0.2, rtol=1e-6)


@pytest.mark.compares("steps of the loss written out")
def test_steps_are_those_of_the_loss_written_out(tiny, batch, states):
  way = delta(alpha=ALPHA, beta=BETA, temperature=HEAT)
  passed = states(way, "fine_tune", tiny, batch, 2, 2)
  start, (before, _), (after, metrics) = passed[0][0], *passed[1:]
  fixed = seen_by_start(tiny, start, batch.xl)
  head = jax.tree.map(np.asarray, start.params["net"]["head"])
  _, attention = attention_by_loops(fixed, head, np.asarray(batch.yl))

  def whole(params):
    stats = before.state["stats"]["inner"]["inner"]
    key = jax.random.fold_in(before.key, 1)
    (features, logits), _ = tiny.apply(params, stats, batch.xl, True, key)
    label_loss = -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(6), batch.yl])
    distance = sum(
      5 * attention[c] * (features[i, c] - fixed[i, c]) ** 2 for i in range(6) for c in range(5)
    )
    return label_loss + ALPHA / 2 * distance / 6

  loss, grads = jax.jit(jax.value_and_grad(whole))(before.params["net"])
  np.testing.assert_allclose(metrics["loss"], loss, rtol=1e-4)
  assert metrics["penalty"] > 0.01
  # No decay but the head's; Nesterov momentum 0.9, rate 0.1.
  old = before.params["net"]
  grads["head"] = jax.tree.map(lambda g, w: g + BETA * w, grads["head"], old["head"])
  trace = before.opt["net"][1].trace
  expected = jax.tree.map(lambda w, g, t: w - 0.1 * (g + 0.9 * (g + 0.9 * t)), old, grads, trace)
  close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
  jax.tree.map(close, after.params["net"], expected)


def test_attention_is_learnt_from_four_batches_of_the_source_model(tiny, batch, states):
  passed = [
    ts.state["stats"]["inner"] for ts, _ in states(delta(), "source_only", tiny, batch, 5, 9)
  ]
  assert [int(own["rises"][1]) for own in passed] == [0, 1, 2, 3, 4, 4]
  # No target labels are read: the source's are taken, and the start does not move.
  [first, *_, last] = passed
  features = np.asarray(
    tiny.apply(first["start"]["params"], first["start"]["stats"], batch.xs, False, None)[0][0]
  )
  head = jax.tree.map(np.asarray, first["start"]["params"]["head"])
  risen, _ = attention_by_loops(features.astype(np.float64), head, np.asarray(batch.ys))
  np.testing.assert_allclose(last["rises"][0], risen, rtol=1e-3, atol=1e-5)
  jax.tree.map(np.testing.assert_array_equal, last["start"], first["start"])
