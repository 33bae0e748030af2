"""Reverse validation: judges a model by adapting back to the source.

    1. the model predicts  ŷₜ of the target's training inputs
    2. another, trained alike, adapts from (xₜ, ŷₜ) as its source to xₛ
    score = E[1[ŷₛ = yₛ]]  of the other, held-out

Zhong et al. (ECML PKDD 2010), as Ganin et al. (JMLR 2016, §5.1.2) choose hyper-parameters by it. If the
first model's predictions are right, so are the other's. It costs as many trainings again, one after the
other, and judges the last iterate alone.
"""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int

from adapt import validators
from adapt.data import Split
from adapt.evaluation import metrics
from adapt.experiments.experiment import Experiment
from adapt.training import loop
from adapt.training.setup import Point
from adapt.training.task_data import TaskData

# (experiment, point, data) -> the trained program of one cell
Train = Callable[[Experiment, Point, TaskData], loop.Trained]


def scores(
  experiment: Experiment,
  missing: Sequence[Point],
  data: TaskData,
  trained: loop.Trained,
  train: Train,
) -> Float[np.ndarray, " cells"]:
  """Held-out source accuracy of the model that learns back, per cell.

  Args:
    experiment: what was trained.
    missing: its points.
    data: what it was trained on. No target label of it is read.
    trained: the program, all cells.
    train: trains a cell.

  Returns:
    A fraction per cell, NaN for one that diverged, here or on the way back.
  """
  predicted = predictions(data, trained)
  found = np.full(len(predicted), np.nan)
  for c, labels in enumerate(predicted):
    if c in trained.past.diverged:
      continue
    point, seed = missing[c // len(experiment.seeds)], experiment.seeds[c % len(experiment.seeds)]
    alone = experiment._replace(
      seeds=(seed,), sweep={}, candidates=(), search=None, save_model=False
    )
    back = train(alone._replace(validator="entropy"), point, turned(data, labels))
    if not back.past.diverged:
      accuracy = back.past.mains("target_test")
      assert accuracy is not None  # the source has labels
      found[c] = accuracy[-1, 0]
  return found


def predictions(data: TaskData, trained: loop.Trained) -> Int[np.ndarray, "cells m"]:
  """The classes that each cell predicts for the target's training inputs."""
  inputs = metrics.blocks(data.target.train.x, None)
  logits = [np.asarray(trained.cells.outputs(trained.mapped, x)[1]) for x in inputs.x]
  return np.concatenate(logits, axis=1)[:, : inputs.examples].argmax(-1).astype(np.int32)


def turned(data: TaskData, labels: Int[np.ndarray, " m"]) -> TaskData:
  """The task turned: the target with these labels is the source."""
  [source], target = data.sources, data.target
  learnt = Split(target.train.x, labels)
  given = target._replace(train=learnt, test=learnt, classes=source.classes)
  asked = source._replace(train=Split(source.train.x, None))
  hashes = {
    **data.hashes,
    validators.REVERSE: hashlib.sha256(labels.tobytes()).hexdigest()[:16],
  }
  return data._replace(sources=(given,), target=asked, hashes=hashes)
