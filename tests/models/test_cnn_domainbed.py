"""DomainBed's network for MNIST: the layers of the published code, and its black."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt import models


def test_layers_are_those_of_the_published_network():
  net = models.build("cnn_domainbed", 10)
  start = jax.eval_shape(net.init, jax.random.key(0), jnp.zeros((2, 28, 28, 2), jnp.uint8))
  params, stats = start
  kernels = [params[f"conv{i}"]["kernel"].shape for i in (1, 2, 3, 4)]
  assert kernels == [(3, 3, 2, 64), (3, 3, 64, 128), (3, 3, 128, 128), (3, 3, 128, 128)]
  assert params["head"]["kernel"].shape == (128, 10) and not stats
  assert [params[f"norm{i}"]["scale"].shape for i in (1, 2, 3, 4)] == [(64,), *[(128,)] * 3]


def test_black_is_zero_and_channels_are_normalised_in_groups():
  net = models.build("cnn_domainbed", 3)
  x = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), np.uint8)
  params, stats = net.init(jax.random.key(0), jnp.asarray(x))
  shift = jnp.arange(128.0)
  params = {**params, "norm4": {"scale": jnp.ones(128), "bias": shift}}
  (black, _), _ = net.apply(params, stats, jnp.zeros_like(x), False, None)
  np.testing.assert_allclose(black, np.stack([shift] * 2), atol=1e-5)  # as padding is
  (features, _), _ = net.apply(params, stats, jnp.asarray(x), False, None)
  of_groups = np.asarray(features - shift).reshape(2, 8, 16).mean(axis=-1)
  np.testing.assert_allclose(of_groups, 0, atol=1e-4)  # the mean over places and a group's channels
  assert np.ptp(np.asarray(features - shift)) > 0.1
