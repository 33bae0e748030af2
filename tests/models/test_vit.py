"""ViT against the published definition written out in NumPy, with timm's names."""

import by_numpy
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erf

from adapt.models.vit import ViT, convert

LAYERS, WIDTH, HEADS, PATCH, SIDE = 2, 12, 3, 4, 8
MODULE = ViT(LAYERS, WIDTH, HEADS, PATCH, SIDE)
IMAGES = by_numpy.Draws(0).images(2, SIDE)


def published():
  draws = by_numpy.Draws(1)

  def dense(name, out, inside):
    draws.weight(f"{name}.weight", out, inside)
    draws.weight(f"{name}.bias", out)

  draws.weight("cls_token", 1, 1, WIDTH)
  draws.weight("pos_embed", 1, (SIDE // PATCH) ** 2 + 1, WIDTH)
  draws.weight("patch_embed.proj.weight", WIDTH, 3, PATCH, PATCH)
  draws.weight("patch_embed.proj.bias", WIDTH)
  for i in range(LAYERS):
    draws.norm(f"blocks.{i}.norm1", WIDTH, statistics=False)
    dense(f"blocks.{i}.attn.qkv", 3 * WIDTH, WIDTH)
    dense(f"blocks.{i}.attn.proj", WIDTH, WIDTH)
    draws.norm(f"blocks.{i}.norm2", WIDTH, statistics=False)
    dense(f"blocks.{i}.mlp.fc1", 4 * WIDTH, WIDTH)
    dense(f"blocks.{i}.mlp.fc2", WIDTH, 4 * WIDTH)
  draws.norm("norm", WIDTH, statistics=False)
  dense("head", 10, WIDTH)
  return draws.state


def by_hand(s, images):
  dense = lambda x, name: x @ s[f"{name}.weight"].T + s[f"{name}.bias"]
  norm = lambda x, name: by_numpy.layer_norm(x, s, name, 1e-6)
  patches = by_numpy.conv(images, s["patch_embed.proj.weight"], PATCH, [(0, 0)] * 2)
  patches = (patches + s["patch_embed.proj.bias"]).reshape(len(images), -1, WIDTH)
  features = []
  for row in patches:
    x = np.concatenate([s["cls_token"][0], row]) + s["pos_embed"][0]
    for i in range(LAYERS):
      qkv = dense(norm(x, f"blocks.{i}.norm1"), f"blocks.{i}.attn.qkv")
      size, heads = WIDTH // HEADS, []
      for h in range(HEADS):
        q, k, v = (qkv[:, part * WIDTH + h * size :][:, :size] for part in range(3))
        scores = np.exp(q @ k.T / np.sqrt(size))
        heads.append(scores / scores.sum(axis=1, keepdims=True) @ v)
      x = x + dense(np.concatenate(heads, axis=1), f"blocks.{i}.attn.proj")
      y = dense(norm(x, f"blocks.{i}.norm2"), f"blocks.{i}.mlp.fc1")
      x = x + dense(y * (1 + erf(y / np.sqrt(2))) / 2, f"blocks.{i}.mlp.fc2")
    features.append(norm(x, "norm")[0])
  return np.stack(features)


def test_features_are_those_of_the_published_network():
  state = published()
  variables = convert(state)
  started = jax.eval_shape(lambda: MODULE.init(jax.random.key(0), IMAGES, train=False))
  assert jax.tree.map(jnp.shape, started) == jax.tree.map(jnp.shape, variables)
  expected = by_hand(state, IMAGES.astype(np.float64))
  assert expected.std() > 0.1
  features = jax.jit(lambda v: MODULE.apply(v, IMAGES, train=True))(variables)
  np.testing.assert_allclose(features, expected, atol=1e-4)


def test_the_full_size_is_the_published_one():
  """86.57 million parameters, less the classifier's 1000·(768 + 1)."""
  init = lambda: ViT().init(jax.random.key(0), jnp.zeros((1, 224, 224, 3)), train=False)
  shapes = jax.eval_shape(init)["params"]
  assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 85_798_656


def test_images_of_another_size_are_refused():
  with pytest.raises(ValueError, match="positions for 8×8 pixels, not 8×12: give --image-size 8"):
    MODULE.init(jax.random.key(0), jnp.zeros((1, 8, 12, 3)), train=False)


def test_other_entries_are_refused():
  """torchvision's names for the same network."""
  with pytest.raises(ValueError, match=r"2 entries .* it: conv_proj\.weight, encoder"):
    convert({"conv_proj.weight": np.zeros((8, 3, 4, 4)), "encoder.ln.bias": np.zeros(8)})
  with pytest.raises(ValueError, match="belong to no layer of it: class_token"):
    convert({"class_token": np.zeros((1, 1, 8))})
