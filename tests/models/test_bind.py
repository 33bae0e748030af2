"""Networks by name, by text and by object: `models.bind`."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import own
import pytest
from flax import nnx

from adapt import models

KEY, X = jax.random.key(0), jnp.ones((4, 3))


@pytest.mark.parametrize(
  ("network", "label"),
  [
    ("mlp", "mlp"),
    ("own:Mlp", "own:Mlp"),
    ("own:READY", "own:READY"),
    ("own:normed", "own:normed"),
    (own.Mlp, "Mlp"),
    (own.Mlp(3), "Mlp"),
    (own.normed, "normed"),
    (functools.partial(own.Mlp, width=7), "Mlp"),
    (lambda classes: own.Mlp(classes), "lambda"),
    (own.XNormed(3, 3, rngs=nnx.Rngs(5)), "XNormed"),
    (models.build("mlp", 3), "Net"),
  ],
)
def test_a_network_is_bound_to_a_label_and_one_factory(network, label):
  found = models.bind(network)
  assert found.name == label
  assert models.bind(network).factory is found.factory and models.bind(found) == found
  assert {found.factory: 1}[found.factory]
  net = found.factory(3, "f32", None, "none")
  assert jax.eval_shape(net.init, KEY, X)[0]["head"]["kernel"].shape[1] == 3


def test_equal_modules_are_one_network_and_unequal_ones_not():
  assert models.bind(own.Mlp(3)).factory is models.bind(own.Mlp(3)).factory
  assert models.bind(own.Mlp(3)).factory is not models.bind(own.Mlp(3, width=6)).factory
  assert models.bind("own:Mlp").factory is models.bind(own.Mlp).factory


def test_a_module_that_cannot_be_hashed_is_known_by_itself():
  class Listed(nn.Module):
    kernel: jax.Array

    @nn.compact
    def __call__(self, x):
      return nn.Dense(3)(x @ self.kernel)

  first, second = Listed(jnp.ones((3, 4))), Listed(jnp.ones((3, 4)))
  assert models.bind(first).factory is models.bind(first).factory
  assert models.bind(first).factory is not models.bind(second).factory


def test_an_nnx_module_that_was_trained_is_another_network():
  module = own.XMlp(3, 3, rngs=nnx.Rngs(0))
  before = models.bind(module).factory
  module.second.bias[...] = jnp.ones(3)
  after = models.bind(module).factory
  assert before is not after
  biases = [factory(3).init(KEY, X)[0]["head"]["bias"] for factory in (before, after)]
  np.testing.assert_array_equal(biases, [[0, 0, 0], [1, 1, 1]])


@pytest.mark.parametrize(
  ("network", "line"),
  [
    ("mlpp", "unknown model 'mlpp'.*: choose from .*mlp.*, or give package.module:Name"),
    ("nowhere.at_all:Net", "cannot import model 'nowhere.at_all:Net' .*ModuleNotFoundError"),
    ("own:Absent", "cannot import model 'own:Absent' .*Absent.*PYTHONPATH"),
    ("own:NUMBER", "a network cannot be a int"),
    ("own:TEXT", "'own:TEXT' is a text"),
    (":", "cannot import model ':'"),
    (None, "a network cannot be a NoneType"),
  ],
)
def test_an_unknown_network_is_answered_in_one_line(network, line):
  with pytest.raises(ValueError, match=line) as error:
    models.bind(network)
  assert "\n" not in str(error.value)


def test_a_user_s_network_has_no_backbone_to_freeze():
  with pytest.raises(ValueError, match="Mlp has no backbone to freeze: leave out --freeze norm"):
    models.bind(own.Mlp).factory(3, freeze="norm")
  with pytest.raises(ValueError, match="unknown precision 'f16'"):
    models.bind(own.Mlp).factory(3, "f16")
