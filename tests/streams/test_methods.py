"""Each method against arithmetic by hand, on one batch or two."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from two_norms import BATCH, CLASSES, FORWARD, inputs, model

from adapt.models import nets
from adapt.streams import methods
from adapt.streams.methods import lame as lame_file

XS = inputs(12, seed=9)
RUN = jax.jit(FORWARD)


def steps(name, batches, **hyper):
  """Logits of each batch and the state after the last."""
  online = methods.get(name)(FORWARD, **hyper)
  state, found, step = jax.jit(online.init)(*model(), XS), [], jax.jit(online.step)
  for x in batches:
    logits, state = step(state, x)
    found.append(np.asarray(logits))
  return found, state


def test_source_and_norm():
  params, stats = model()
  x = inputs(BATCH)
  (kept,), _ = steps("source", [x])
  np.testing.assert_allclose(kept, RUN(params, stats, x, source=1.0)[1], atol=1e-6)
  (mixed,), _ = steps("norm", [x], prior=4.0)
  np.testing.assert_allclose(mixed, RUN(params, stats, x, source=0.4)[1], atol=1e-6)
  (own,), _ = steps("norm", [x], prior=0.0)
  assert np.abs(own - mixed).max() > 1e-3


def by_hand(params, stats, x):
  """The gradient of the mean entropy in scales and shifts, and the logits."""
  norms, rest = nets.norms_apart(params)

  def loss(norms):
    p = jax.nn.softmax(FORWARD(nets.joined(norms, rest), stats, x, source=0.0)[1])
    return -(p * jnp.log(p)).sum(-1).mean()

  return jax.jit(jax.grad(loss))(norms)


def test_a_step_of_tent():
  params, stats = model()
  x, rate = inputs(BATCH), 0.01
  (first,), (norms, _, rest, _) = steps("tent", [x], rate=rate)
  np.testing.assert_allclose(first, RUN(params, stats, x, source=0.0)[1], atol=1e-6)
  # Adam's first step is the gradient over its own size.
  for layer, gradient in by_hand(params, stats, x).items():
    for name, g in gradient.items():
      expected = params[layer][name] - rate * g / (np.abs(g) + 1e-8)
      np.testing.assert_allclose(norms[layer][name], expected, atol=2e-5)
  assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), rest, nets.norms_apart(params)[1]))


def test_templates_of_t3a():
  params, stats = model()
  weights, bias = np.asarray(params["head"]["kernel"]), np.asarray(params["head"]["bias"])
  kept = 2
  batches = [inputs(BATCH, seed) for seed in range(3)]
  found, _ = steps("t3a", batches, kept=kept, most=4)
  supports = weights.T
  for x, ours in zip(batches, found, strict=True):
    z = np.asarray(RUN(params, stats, x, source=1.0)[0])
    supports = np.concatenate([supports, z])
    logits = supports @ weights + bias
    entropy = -(softmax(logits, 1) * log_softmax(logits, 1)).sum(1)
    places, templates = [], []
    for c in range(CLASSES):
      own = np.flatnonzero(logits.argmax(1) == c)
      own = own[np.argsort(entropy[own])][:kept]
      places.extend(own)
      unit = supports[own] / np.maximum(np.linalg.norm(supports[own], axis=1, keepdims=True), 1e-12)
      total = unit.sum(0)
      templates.append(total / max(np.linalg.norm(total), 1e-12))
    supports = supports[places]
    np.testing.assert_allclose(ours, z @ np.stack(templates, 1), atol=1e-5)


def test_more_supports_than_room_are_refused():
  with pytest.raises(ValueError, match="kept is 9"):
    methods.get("t3a")(FORWARD, kept=9, most=4)


def test_neighbours_of_lame():
  z, k = np.random.default_rng(0).normal(size=(9, 5)), 3
  unit = z / np.linalg.norm(z, axis=1, keepdims=True)
  graph = np.zeros((9, 9))
  for i in range(9):
    others = sorted((np.linalg.norm(unit[i] - unit[j]), j) for j in range(9) if j != i)
    graph[i, [j for _, j in others[:k]]] = 1
  nearest = jax.jit(lame_file.nearest)
  np.testing.assert_array_equal(nearest(jnp.asarray(z), float(k)), graph)
  np.testing.assert_array_equal(nearest(jnp.asarray(z), 20.0), 1 - np.eye(9))


def test_iterations_of_lame():
  params, stats = model()
  x = inputs(9)
  (ours,), _ = steps("lame", [x], neighbours=3.0)
  features, logits = RUN(params, stats, x, source=1.0)
  graph = np.asarray(lame_file.nearest(features, 3.0))
  p = y = softmax(np.asarray(logits, np.float64), 1)
  for _ in range(100):
    y = softmax(np.log(p + 1e-10) + graph @ y, 1)
  np.testing.assert_allclose(np.exp(ours), y, atol=1e-5)
  assert np.abs(y - p).max() > 0.01


def entropies(norms, rest, stats, x):
  """Entropies [b] and predictions [b, k] under the batch's own statistics."""
  p = jax.nn.softmax(FORWARD(nets.joined(norms, rest), stats, x, source=0.0)[1])
  return -(p * jnp.log(p)).sum(-1), p


def test_steps_of_eata():
  params, stats = model()
  norms, rest = nets.norms_apart(params)
  batches, rate, anchor, limit = [inputs(BATCH), inputs(BATCH, 1)], 0.1, 50.0, 0.9 * np.log(CLASSES)
  hyper = {"rate": rate, "margin": 0.9, "similarity": 0.93, "anchor": anchor, "fisher_batch": 6}
  _, (ours, _, average, (_, fisher, _, _)) = steps("eata", batches, **hyper)

  def own(norms, x):
    p = entropies(norms, rest, stats, x)[1]
    return -jnp.log(p.max(-1)).mean()

  squares = [jax.tree.map(jnp.square, jax.jit(jax.grad(own))(norms, x)) for x in (XS[:6], XS[6:])]
  by_hand = jax.tree.map(lambda a, b: (a + b) / 2, *squares)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), fisher, by_hand)

  def loss(now, x, rows):
    e = entropies(now, rest, stats, x)[0][rows]
    away = jax.tree.map(lambda f, a, b: (f * (a - b) ** 2).sum(), by_hand, now, norms)
    return (e * jnp.exp(limit - jax.lax.stop_gradient(e))).mean() + anchor * sum(
      jax.tree.leaves(away)
    )

  measured, slope = jax.jit(entropies), jax.jit(jax.grad(loss))
  now, speed, mean = norms, jax.tree.map(jnp.zeros_like, norms), None
  for x in batches:
    e, p = (np.asarray(v) for v in measured(now, rest, stats, x))
    used = e < limit
    if mean is not None:
      cosine = p @ mean / np.linalg.norm(p, axis=1) / np.linalg.norm(mean)
      used &= np.abs(cosine) < 0.93
    assert 0 < used.sum() < BATCH
    gradient = slope(now, x, np.flatnonzero(used))
    speed = jax.tree.map(lambda v, g: 0.9 * v + g, speed, gradient)
    now = jax.tree.map(lambda v, s: v - rate * s, now, speed)
    mean = p[used].mean(0) if mean is None else 0.9 * mean + 0.1 * p[used].mean(0)
  np.testing.assert_allclose(average, mean, atol=1e-6)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), ours, now)


def test_eata_without_a_sure_example_stays():
  params, _ = model()
  _, (norms, _, average, _) = steps("eata", [inputs(BATCH)], margin=0.0, rate=1.0, fisher_batch=6)
  assert not average.any()
  jax.tree.map(np.testing.assert_array_equal, norms, nets.norms_apart(params)[0])
  # Equal rows have no features after a norm, and no class.
  hyper = {"margin": 0.9, "rate": 0.01, "fisher_batch": 6}
  one, two = (steps("eata", [inputs(BATCH), jnp.zeros((BATCH, 4))][:n], **hyper)[1] for n in (1, 2))
  assert one[2].any()
  jax.tree.map(np.testing.assert_array_equal, one, two)
  with pytest.raises(ValueError, match="64 source inputs"):
    methods.get("eata")(FORWARD).init(*model(), XS)


def test_a_step_of_sar():
  params, stats = model()
  norms, rest = nets.norms_apart(params)
  x, rate, radius, limit = inputs(16, 2), 0.1, 0.3, 0.85 * np.log(CLASSES)
  hyper = {"rate": rate, "radius": radius, "margin": 0.85}
  _, (ours, _, average, _) = steps("sar", [x], collapsed=0.0, **hyper)

  def loss(norms, rows):
    return entropies(norms, rest, stats, x)[0][rows].mean()

  measured, slope = jax.jit(entropies), jax.jit(jax.grad(loss))
  sure = np.flatnonzero(measured(norms, rest, stats, x)[0] < limit)
  up = slope(norms, sure)
  length = np.sqrt(sum((np.asarray(g) ** 2).sum() for g in jax.tree.leaves(up)))
  worst = jax.tree.map(lambda p, g: p + radius * g / length, norms, up)
  e = np.asarray(measured(worst, rest, stats, x)[0])
  used = np.array([i for i in sure if e[i] < limit])
  assert set(np.flatnonzero(e < limit)) - set(sure)  # one that was not sure before
  assert 0 < len(used) < len(sure) < len(x)
  expected = jax.tree.map(lambda p, g: p - rate * g, norms, slope(worst, used))
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), ours, expected)
  assert average == pytest.approx(e[used].mean(), abs=1e-5)
  _, (back, moments, _, _) = steps("sar", [x], collapsed=5.0, **hyper)
  jax.tree.map(np.testing.assert_array_equal, back, norms)
  assert not any(np.any(m) for m in jax.tree.leaves(moments))


def test_every_method_has_its_paper():
  for name in methods.names():
    module = __import__(f"adapt.streams.methods.{name}", fromlist=["_"])
    assert "Where re-implementations go wrong" in getattr(module, name).__doc__
    assert name == "source" or "Departs from the authors' code" in getattr(module, name).__doc__
