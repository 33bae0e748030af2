"""SWD: two classifiers a sliced Wasserstein distance apart (Lee et al., 2019, arXiv:1903.04064)."""

import jax
import jax.numpy as jnp

from adapt.losses import discrepancy
from adapt.method import Batch, Method, Net
from adapt.methods import _two_classifiers

FAMILY = "adversarial"


def swd(net: Net, *, weight: float = 1.0, directions: int = 128, repeat: int = 1) -> Method:
  """Trains features on which two classifiers, pushed apart on the target, cannot disagree.

  The three steps of MCD (_two_classifiers.py), with another discrepancy. Each domain has its own
  batch-norm pass. Classifier 1 predicts, as in the authors' code.

  Where re-implementations go wrong: the distance is between the *samples* of outputs, sorted along
  each direction, not between the two outputs of one example, which is MCD; directions must have
  length 1; the second step needs the source loss too, or the classifiers forget their task.

  Args:
    weight: factor of the discrepancy in both steps that read it; 1 in the paper.
    directions: random lines, drawn at each step (the paper's M).
    repeat: times the features are trained per step.
  """
  for name, number in (("directions", directions), ("repeat", repeat)):
    if number < 1:
      raise ValueError(f"{name} is {number}: choose at least 1")

  def init(key, batch: Batch):
    return _two_classifiers.start(net, key, batch)

  def apart(first, second, key):
    lines = jax.random.normal(key, (first.shape[1], directions))
    lines /= jnp.linalg.norm(lines, axis=0)
    return discrepancy.sliced_wasserstein(jax.nn.softmax(first), jax.nn.softmax(second), lines)

  def predict(params, state, x):
    features, (first, _), _ = _two_classifiers.run(net, params, state["stats"], x, False, None)
    return features, first

  return Method(init, _two_classifiers.phases(net, apart, weight, repeat), predict)
