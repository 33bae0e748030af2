"""U-Net: sizes, features, the last 1×1 convolution, gradients in every convolution form, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import models
from adapt.models import unet

X = jnp.asarray(np.random.default_rng(0).integers(0, 256, (3, 9, 14, 3)), jnp.uint8)


@pytest.fixture(scope="module", params=unet.NORMS)
def built(request):
  net = unet.unet(5, width=4, depth=2, norm=request.param)
  params, stats = jax.jit(net.init)(jax.random.key(0), X)
  return net, params, stats, jax.jit(net.apply, static_argnums=3)


def test_logits_have_the_images_size_and_features_are_their_means(built):
  _, params, stats, apply = built
  kernel = jax.random.normal(jax.random.key(1), params["head"]["kernel"].shape)
  head = {"kernel": kernel, "bias": jnp.arange(5.0)}
  (features, logits), _ = apply({**params, "head": head}, stats, X, False, None)
  assert features.shape == (3, 4) and logits.shape == (3, 9, 14, 5)
  np.testing.assert_allclose(logits.mean(axis=(1, 2)), features @ kernel + head["bias"], rtol=1e-3)


def test_training_moves_statistics_and_every_parameter_has_a_gradient(built):
  net, params, stats, apply = built
  _, new = apply(params, stats, X, True, None)
  assert all(jax.tree.leaves(jax.tree.map(lambda a, b: bool(jnp.any(a != b)), stats, new)))

  def loss(p):
    (_, logits), _ = net.apply(p, stats, X, True, None)
    return jnp.mean(jax.nn.log_softmax(logits)[..., 0])

  for leaf in jax.tree.leaves(jax.jit(jax.grad(loss))(params)):
    assert jnp.isfinite(leaf).all() and jnp.any(leaf != 0)


def test_evaluation_treats_each_image_alone(built):
  _, params, stats, apply = built
  (_, logits), new = apply(params, stats, X, False, None)
  (_, beside), _ = apply(params, stats, X.at[1:].set(7), False, None)
  np.testing.assert_allclose(logits[0], beside[0], rtol=1e-4, atol=1e-5)
  jax.tree.map(np.testing.assert_array_equal, stats, new)


def test_names_and_refusals():
  assert {"unet", "unet_bn"} <= set(models.names())
  shapes = [
    jax.eval_shape(models.build(name, 2).init, jax.random.key(0), X) for name in ("unet", "unet_bn")
  ]
  assert [bool(jax.tree.leaves(stats)) for _, stats in shapes] == [False, True]
  with pytest.raises(ValueError, match="choose group or batch"):
    unet.unet(2, norm="layer")
  with pytest.raises(ValueError, match="depth 0"):
    unet.unet(2, depth=0)
