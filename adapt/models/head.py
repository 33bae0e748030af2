"""Linear head: one more classifier on a network's features, for methods that compare two of them.

A head's parameters are those of a dense layer, so that `logits` also runs the network's own.
"""

from typing import Any

import jax
import jax.numpy as jnp

from adapt.models.layers import INIT

Params = dict[str, jax.Array]  # {"kernel": [d, k], "bias": [k]}


def start(key: jax.Array, features: jax.Array, classes: int) -> Params:
  """Initial parameters of a head on features [b, d]."""
  kernel = INIT(key, (features.shape[-1], classes), jnp.float32)
  return {"kernel": kernel, "bias": jnp.zeros(classes)}


def logits(params: Params, features: jax.Array) -> jax.Array:
  """Logits [b, k] of features [b, d]."""
  return features @ params["kernel"] + params["bias"]


def split(params: dict[str, Any]) -> tuple[dict[str, Any], Params]:
  """A network's parameters as (all but the head, the head): phases can then train one of them.

  ValueError where a tuning has left nothing but the head to train.
  """
  body = {name: p for name, p in params.items() if name != "head"}
  if not body:
    raise ValueError(
      "this method trains the features apart from the head, and this tuning the head alone: "
      "choose another --tuning"
    )
  return body, params["head"]
