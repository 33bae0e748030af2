"""What a model's logits say: probabilities and predictions."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adapt.deploy.rebuilt import predicts
from adapt.evaluation import decision

Arrays = Any  # NumPy's or jax's


def probabilities(about: Mapping[str, Any], logits: Arrays) -> jax.Array:
  """Probabilities [..., k] of logits; of labels each its own.

  Args:
    about: the model's description.
    logits: [..., k].
  """
  logits = jnp.asarray(logits)
  return jax.nn.sigmoid(logits) if predicts(about) == "labels" else jax.nn.softmax(logits)


def predicted(about: Mapping[str, Any], logits: Arrays) -> np.ndarray:
  """Classes [...] of logits [..., k], or labels [n, k].

  Classes are numbers, labels 0 and 1. A model's own threshold, if it has one, decides between its two
  classes.
  """
  logits = np.asarray(logits)
  if predicts(about) == "labels":
    return np.asarray(logits > 0, np.int32)
  return np.asarray(decision.moved(logits, about.get("threshold")).argmax(axis=-1), np.int32)
