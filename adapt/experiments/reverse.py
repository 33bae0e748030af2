"""Reverse validation: what learns from a model's target predictions is asked about the source.

Zhong et al. (ECML PKDD 2010), as Ganin et al. (JMLR 2016, §5.1.2) choose hyper-parameters by it. If the
predictions for the target's training inputs are right, a second model that takes them for labels and
adapts back to the source is right about held-out source examples. It costs as many trainings again,
one after the other, and judges the last iterate alone.
"""

import hashlib
from collections.abc import Callable, Sequence

import jax
import numpy as np
from jaxtyping import Float, Int

from adapt import validators
from adapt.data import Domain, Split
from adapt.evaluation import metrics
from adapt.experiments.experiment import Point, Request
from adapt.method import Method
from adapt.training import loop
from adapt.training.task_data import Material

# (request, point, material) -> the trained program of one cell
Train = Callable[[Request, Point, Material], loop.Trained]


def check(request: Request, method: Method) -> None:
  """Raises ValueError where source and target cannot change places."""
  if request.validator != validators.REVERSE:
    return
  reason = None
  if len(request.task.source) > 1:
    reason = "there are several sources"
  elif request.task.classes is not None:
    reason = "the domains have classes of their own"
  elif {"labelled", "all_labelled"} & set(method.reads):
    reason = f"{request.method} reads target labels"
  elif request.dp:
    reason = "--dp accounts for one training"
  elif jax.process_count() > 1:
    reason = "several processes do not"
  if reason:
    raise ValueError(
      f"--validator {validators.REVERSE} lets source and target change places, and {reason}"
    )


def scores(
  request: Request,
  method: Method,
  missing: Sequence[Point],
  material: Material,
  trained: loop.Trained,
  train: Train,
) -> Float[np.ndarray, " cells"]:
  """The accuracy on held-out source examples of the model that learns back from each cell.

  Args:
    request: what was trained.
    method: its traits.
    missing: its points.
    material: what it was trained on. No target label of it is read.
    trained: the program, all cells.
    train: trains a cell.

  Returns:
    A fraction per cell, NaN for one that diverged, here or on the way back.
  """
  predicted = predictions(material, trained)
  found = np.full(len(predicted), np.nan)
  for c, labels in enumerate(predicted):
    if c in trained.past.diverged:
      continue
    point, seed = missing[c // len(request.seeds)], request.seeds[c % len(request.seeds)]
    alone = request._replace(seeds=(seed,), sweep={}, candidates=(), search=None, save_model=False)
    back = train(alone._replace(validator="entropy"), point, turned(material, labels))
    if not back.past.diverged:
      accuracy = back.past.accuracies("target_test")
      assert accuracy is not None  # the source has labels
      found[c] = accuracy[-1, 0]
  return found


def predictions(material: Material, trained: loop.Trained) -> Int[np.ndarray, "cells m"]:
  """The classes that each cell predicts for the target's training inputs."""
  inputs = metrics.blocks(material.target.train.x, None)
  logits = [np.asarray(trained.cells.outputs(trained.mapped, x)[1]) for x in inputs.x]
  return np.concatenate(logits, axis=1)[:, : inputs.examples].argmax(-1).astype(np.int32)


def turned(material: Material, labels: Int[np.ndarray, " m"]) -> Material:
  """The task the other way round: the target with these labels is the source."""
  [source], target = material.sources, material.target
  learnt = Split(target.train.x, labels)
  given = Domain(target.name, learnt, learnt, source.classes)
  asked = Domain(source.name, Split(source.train.x, None), source.test, source.classes)
  hashes = {
    **material.hashes,
    validators.REVERSE: hashlib.sha256(labels.tobytes()).hexdigest()[:16],
  }
  return material._replace(sources=(given,), target=asked, hashes=hashes)
