"""MCD: two classifiers that disagree, features that let them agree (Saito et al., 2018, arXiv:1712.02560)."""

from typing import Annotated

import jax
import jax.numpy as jnp

from adapt.catalogue import Range
from adapt.method import Batch, Method, Net
from adapt.methods import _disagreement, _two_classifiers
from adapt.models.head import head as make_head

FAMILY = "adversarial"


def mcd(
  net: Net,
  *,
  weight: float = 1.0,
  inner: int = 4,
  width: int = 1000,
  depth: int = 2,
  dropout: Annotated[float, Range(0.0, 0.9)] = 0.5,
) -> Method:
  """Trains features on which two opposed classifiers cannot disagree on the target.

      1. all          min  CE(p₁ₛ, yₛ) + CE(p₂ₛ, yₛ)
      2. classifiers  min  CE(p₁ₛ, yₛ) + CE(p₂ₛ, yₛ) − weight · E‖p₁ₜ − p₂ₜ‖₁/k
      3. features     min  weight · E‖p₁ₜ − p₂ₜ‖₁/k      (inner times)

  Everything learns the source; the classifiers learn the source and to disagree on the target; the
  features learn to make them agree (_disagreement.py). The classifiers have hidden layers with
  batch-norm and dropout, since linear ones on common features hardly disagree. Each domain has its
  own batch-norm pass. The mean of the classifiers' logits predicts, as in the authors' code.

  Departs from the authors' code in the optimiser, there Adam at 0.0002 of their own for body and
  classifiers (digits), here the run's; in the pass of its VisDA code, which is joint and adds 0.01
  times a balance of predicted classes to the first two steps; and in the depth by data set: two
  hidden layers for USPS and VisDA, as here, one for SVHN and for signs. Of pixels (its segmentation
  code) both classifiers are linear, and there each is an upsampling of class scores that is learnt.

  Where re-implementations go wrong: the second step needs the source loss too, or the classifiers
  forget their task; the third moves the features only; the distance is the mean over examples *and*
  classes, so a sum makes it k times as strong; and classifiers that start alike never disagree.

  Args:
    weight: factor of the discrepancy in both steps that read it; 1 in the paper.
    inner: times the features are trained per step (the paper's n, 2 to 4).
    width: hidden width of both classifiers; 1000 in the authors' VisDA code, 100 for USPS.
    depth: hidden layers of both; 0 is two linear heads, one of them the network's own; of pixels 0.
    dropout: share of each layer's inputs that a training pass leaves out of deep classifiers.
  """
  if inner < 1:
    raise ValueError(f"inner is {inner}: choose at least 1")
  if net.output.kind == "pixels" and depth:
    raise ValueError("mcd has linear classifiers of pixels: set its depth to 0")
  head = make_head(width, depth, dropout, normed=True)

  def init(key, batch: Batch):
    return _two_classifiers.start(net, head, key, batch)

  def apart(first, second, key):
    return jnp.abs(jax.nn.softmax(first) - jax.nn.softmax(second)).mean()

  def predict(params, state, x):
    features, (first, second), _ = _two_classifiers.run(net, head, params, state, x, False, None)
    return features, (first + second) / 2

  phases = _disagreement.phases(net, _two_classifiers.trained(net, head), apart, weight, inner)
  return Method(init, phases, predict, outputs=("classes", "pixels"))
