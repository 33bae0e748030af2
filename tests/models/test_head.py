"""A head is a dense layer: it runs the network's own parameters and starts like them."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt import models
from adapt.models import head

X = jnp.asarray(np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))


def test_logits_of_the_networks_own_head_are_the_networks():
  net = models.build("mlp", 4)
  params, stats = net.init(jax.random.key(0), X)
  (features, logits), _ = net.apply(params, stats, X, train=False, key=None)
  body, own = head.split(params)
  assert set(body) == {"hidden"} and {**body, "head": own}.keys() == params.keys()
  np.testing.assert_allclose(head.logits(own, features), logits, rtol=1e-5, atol=1e-6)


def test_starts_like_the_networks_head():
  features = jnp.zeros((2, 100))
  own = models.build("mlp", 4).init(jax.random.key(0), X)[0]["head"]
  new = head.start(jax.random.key(1), features, 4)
  shapes = jax.tree.map(lambda v: (v.shape, v.dtype), (own, new))
  assert shapes[0] == shapes[1]
  np.testing.assert_array_equal(new["bias"], own["bias"])
  assert 0.09 < jnp.abs(new["kernel"]).max() <= 0.1  # 1 / √100
