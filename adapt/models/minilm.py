"""MiniLM, a small BERT that reads sentences (Wang et al., NeurIPS 2020, arXiv:2002.10957).

The layout is BERT's (Devlin et al., NAACL 2019, arXiv:1810.04805): three embeddings summed, then
layers that normalise after each residual sum. The features are those of Sentence-BERT (Reimers and
Gurevych, EMNLP 2019, arXiv:1908.10084): the mean over the tokens, scaled to length 1. With these
sizes and the weights of all-MiniLM-L6-v2 they compare sentences by their scalar product.
"""

import re
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from adapt.models import published

PAD = 0  # the token that fills a row up
DROPOUT = 0.1  # of attention and of each layer's outputs, as published; in training only
INIT = nn.initializers.truncated_normal(0.02)


class MiniLM(nn.Module):
  """Token ids to sentence features; the defaults are the sizes of all-MiniLM-L6-v2.

  Attributes:
    layers: number of transformer layers.
    width: of the states and of the features.
    heads: of each attention; divides the width.
    vocabulary: number of tokens.
    positions: longest row that can be read.
    dtype: of the products; sums, softmax and norms are float32.
  """

  layers: int = 6
  width: int = 384
  heads: int = 12
  vocabulary: int = 30522
  positions: int = 512
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, tokens: Int[Array, "b l"], train: bool) -> Float[Array, "b d"]:
    """Features [b, width] of token ids [b, l], PAD where a row has ended.

    Raises:
      ValueError: no integers [b, l]; rows longer than `positions`.
    """
    if tokens.ndim != 2 or not jnp.issubdtype(tokens.dtype, jnp.integer):
      raise ValueError(
        f"MiniLM reads token ids [n, length] int32, not {tokens.dtype} {list(tokens.shape)}: "
        "make them with adapt.data.text.tokenize"
      )
    if tokens.shape[1] > self.positions:
      raise ValueError(
        f"rows of {tokens.shape[1]} tokens are too long for {self.positions} positions: shorten them"
      )
    real = tokens != PAD  # [b, l]
    x = self._table("words", self.vocabulary)[tokens]
    x = x + self._table("positions", self.positions)[: tokens.shape[1]]
    x = x + self._table("types", 2)[0]  # type 1 marks the second text of a pair
    x = nn.Dropout(DROPOUT, deterministic=not train)(norm("norm")(x))
    for i in range(self.layers):
      x = Layer(self.heads, self.dtype, name=f"layer{i}")(x, real, train)
    x = jnp.where(real[..., None], x, 0).sum(axis=1) / jnp.maximum(real.sum(axis=1), 1)[:, None]
    # Not x / max(|x|, tiny): the gradient of the root is infinite for a row of nothing but PAD.
    return x * jax.lax.rsqrt(jnp.maximum(jnp.square(x).sum(axis=1, keepdims=True), 1e-24))

  def _table(self, name: str, rows: int) -> jax.Array:
    return self.param(f"{name}_embedding", INIT, (rows, self.width))


class Layer(nn.Module):
  """Attention, then two dense layers, with normalisation after each residual sum."""

  heads: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: Float[Array, "b l d"], real: Array, train: bool) -> Float[Array, "b l d"]:
    width = x.shape[-1]
    drop = nn.Dropout(DROPOUT, deterministic=not train)

    def dense(features: int, name: str) -> nn.Dense:
      return nn.Dense(features, kernel_init=INIT, dtype=self.dtype, name=name)

    q, k, v = (
      dense(width, name)(x).reshape(*x.shape[:2], self.heads, -1)
      for name in ("query", "key", "value")
    )
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k, preferred_element_type=jnp.float32)
    scores = scores / (width // self.heads) ** 0.5
    # The least number rather than -inf: a row of nothing but PAD stays free of NaN.
    scores = jnp.where(real[:, None, None], scores, jnp.finfo(scores.dtype).min)
    shares = drop(nn.softmax(scores)).astype(self.dtype)
    y = jnp.einsum("bhqk,bkhd->bqhd", shares, v).reshape(x.shape)
    x = norm("attention_norm")(x + drop(dense(width, "output")(y)))
    y = nn.gelu(dense(4 * width, "expand")(x), approximate=False)
    return norm("norm")(x + drop(dense(width, "contract")(y)))


def norm(name: str) -> nn.LayerNorm:
  """BERT's layer norm, with an exact variance.

  linen's faster variance is rounded too coarsely for so small an epsilon.
  """
  return nn.LayerNorm(epsilon=1e-12, use_fast_variance=False, name=name)


_TABLES = {
  "embeddings.word_embeddings.weight": "words_embedding",
  "embeddings.position_embeddings.weight": "positions_embedding",
  "embeddings.token_type_embeddings.weight": "types_embedding",
}
_LAYERS = {
  "attention.self.query": "query",
  "attention.self.key": "key",
  "attention.self.value": "value",
  "attention.output.dense": "output",
  "attention.output.LayerNorm": "attention_norm",
  "intermediate.dense": "expand",
  "output.dense": "contract",
  "output.LayerNorm": "norm",
}
_UNUSED = ("pooler.", "embeddings.position_ids")  # the head of BERT's pre-training; 0 … 511


def convert(state: dict[str, np.ndarray]) -> dict[str, Any]:
  """Variables of `MiniLM` from the state dict of Hugging Face's BertModel.

  Args:
    state: arrays by name; kernels [out, in].

  Returns:
    {"params": …}. Entries that the state dict lacks are lacking here too.

  Raises:
    ValueError: names of entries that no BERT encoder has.
  """

  def path(layer: str) -> tuple[str, ...] | None:
    found = re.fullmatch(r"encoder\.layer\.(\d+)\.(.+)", layer)
    if found and found[2] in _LAYERS:
      return (f"layer{found[1]}", _LAYERS[found[2]])
    return ("norm",) if layer == "embeddings.LayerNorm" else None

  layers = {key: value for key, value in state.items() if key not in _TABLES}
  params = published.variables(layers, path, ignored=_UNUSED)["params"]
  return {"params": params | {name: state[key] for key, name in _TABLES.items() if key in state}}
