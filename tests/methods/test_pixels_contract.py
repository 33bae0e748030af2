"""Every method that serves pixels, on small discs: it takes a step, and adaptation gains where it should."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from segments import NET, SMALL, SOURCE, TARGET, TEST

import adapt
from adapt import methods, outputs
from adapt.method import Batch

SERVING = [n for n in methods.names() if "pixels" in methods.traits(n).outputs]
GIVEN = {**{n: {"width": 8} for n in ("dann", "advent")}, "mcd": {"depth": 0}}


@pytest.mark.parametrize("name", SERVING)
def test_a_method_that_serves_pixels_moves_all_it_trains(name):
  net = NET(3)._replace(output=outputs.bind("pixels")(), kind="image")
  method = methods.get(name)(net, **GIVEN.get(name, {}))
  (x, y), (xt, yt) = SOURCE, TARGET
  x, xt = jnp.asarray(x[:4]), jnp.asarray(xt[:4])
  y, yt = (jnp.asarray(np.where(v[:4] == 255, -1, v[:4].astype(int))) for v in (y, yt))
  batch = Batch(x, y, jnp.ones(4), jnp.ones((4, 1)), xt, xt, yt, jnp.arange(4))
  params, state = jax.jit(method.init)(jax.random.key(0), batch)
  phases = (method.loss,) if callable(method.loss) else [p.loss for p in method.loss]
  trains = [tuple(params)] if callable(method.loss) else [p.trains for p in method.loss]
  key = jax.random.key(1)
  for loss, moved in zip(phases, trains, strict=True):
    slope = jax.jit(
      jax.value_and_grad(lambda p, f=loss: f(p, state, batch, key, 0.5), has_aux=True)
    )
    (value, _), grads = slope(params)
    assert value.shape == () and jnp.isfinite(value)
    assert all(jnp.isfinite(g).all() for g in jax.tree.leaves(grads))
    assert all(any(jnp.any(g != 0) for g in jax.tree.leaves(grads[n])) for n in moved)
  features, logits = jax.eval_shape(method.predict, params, state, x)
  assert features.shape == (4, 4) and logits.shape == (4, 16, 16, 3)


@pytest.mark.adapts("fda", "dacs", "histogram_matching")
def test_target_statistics_and_target_frequencies_gain():
  """Discs of another tint: what takes the tint away is better than the source's network."""
  fixed = {**SMALL, "steps": 40, "evaluations": 1}
  found = {
    name: np.mean(
      adapt.fit(name, source=SOURCE, target=TARGET[0], test=TEST, **fixed).measures["miou"]
    )
    for name in ("source_only", "adabn", "fda", "dacs", "histogram_matching")
  }
  plain = found.pop("source_only")
  assert min(found.values()) > plain + 0.1, (plain, found)
