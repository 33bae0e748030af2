"""A bridge beside the head, and a critic of predictions.

gvb and toalign share them. The bridge is a linear layer from features to logits. It is subtracted
from the head's logits and kept small, so that it carries what a domain has of its own (Cui et al.,
2020, arXiv:2003.13183).
"""

from typing import Any

import jax
from jaxtyping import Array, Float

from adapt.losses import adversarial
from adapt.method import Batch, Net, Outputs, Params, State
from adapt.models import head as heads
from adapt.models import nets


def start(net: Net, key: jax.Array, batch: Batch) -> tuple[Any, Any, Any, jax.Array]:
  """Initial (params, stats) of the network, the bridge's, and predictions [b, k].

  The predictions size a critic.
  """
  k_net, k_bridge = jax.random.split(key)
  params, stats, features = nets.start(net, k_net, batch)
  bridge = heads.start(k_bridge, features, params["head"]["kernel"].shape[-1])
  return params, stats, bridge, jax.nn.softmax(features @ params["head"]["kernel"])


def crossed(params: Params, features: jax.Array, logits: jax.Array) -> Outputs:
  """(logits without the bridge's, the bridge's), [b, k] each."""
  bridge = heads.logits(params["bridge"], features)
  return logits - bridge, bridge


def predict(net: Net, params: Params, state: State, x: jax.Array) -> Outputs:
  """Features, and logits without the bridge's."""
  (features, logits), _ = net.apply(params["net"], state["stats"], x, train=False, key=None)
  return features, crossed(params, features, logits)[0]


def balanced(
  scores: Float[Array, " b"],
  logits: Float[Array, "b k"],
  n: int,
  strength: jax.Array | float,
  entropy: bool = True,
) -> Float[Array, ""]:
  """Loss of a critic of predictions.

  The first n examples are the source's. All weigh exp(−entropy), with reversed gradient, where
  `entropy` says so.
  """
  weights = adversarial.sureness(logits, strength, least=0.0) if entropy else None
  return adversarial.balanced(adversarial.losses(scores, n), n, weights)
