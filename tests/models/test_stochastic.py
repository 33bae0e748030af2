"""Which layers are caught, and which draw alike."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from adapt.models import stochastic

X = jax.random.normal(jax.random.key(0), (8, 3, 64))


class Three(nn.Module):
  """Two layers that train, without scale and shift, and one that is frozen."""

  @nn.compact
  def __call__(self, x, train):
    usual = {"use_bias": False, "use_scale": False, "use_running_average": not train}
    first = nn.BatchNorm(**usual, name="first")(x)
    second = nn.BatchNorm(**usual, dtype=jnp.bfloat16, name="second")(x)
    frozen = nn.BatchNorm(use_running_average=True, name="frozen")(x)
    return first, second, nn.LayerNorm()(frozen)


def run(key, p, train=True):
  model = Three()
  variables = model.init(jax.random.key(1), X, False)
  with stochastic.norms(key, p) as caught:
    outputs, _ = jax.jit(lambda v: model.apply(v, X, train, mutable=["batch_stats"]))(variables)
  return outputs, caught


def test_layers_that_train_are_caught_and_draw_each_for_itself():
  (first, second, _), caught = run(jax.random.key(2), 0.5)
  assert caught == ["first", "second"]
  assert second.dtype == jnp.bfloat16
  # Fresh running statistics (0, 1) leave a channel as it is.
  kept = [np.isclose(y.astype(jnp.float32), X, atol=0.03).all(axis=(0, 1)) for y in (first, second)]
  assert 16 < kept[0].sum() < 48 and 16 < kept[1].sum() < 48
  assert (kept[0] != kept[1]).any()
  assert run(jax.random.key(2), 0.5, train=False)[1] == []


def test_outside_nothing_is_caught():
  with stochastic.norms(jax.random.key(2), 0.0) as caught:
    pass
  model = Three()
  variables = model.init(jax.random.key(1), X, False)
  (first, _, _), _ = model.apply(variables, X, True, mutable=["batch_stats"])
  np.testing.assert_allclose(first.mean(axis=(0, 1)), 0, atol=1e-5)
  assert not caught
