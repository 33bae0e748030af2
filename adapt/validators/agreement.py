"""Agreement with the average of earlier predictions: whether training has settled on an opinion."""

import itertools
from collections.abc import Sequence

import numpy as np

DECAY = 0.8  # of a vote per evaluation: about the last five count


def ema_agreement(predicted: Sequence[np.ndarray], classes: int) -> list[float]:
  """Share of target examples predicted as an exponential moving average of earlier evaluations says.

  The average is over the evaluations of one run, of votes rather than probabilities: then history
  keeps one class per example, training keeps nothing, and a run that continues from a checkpoint
  gives the same scores. It tells steady checkpoints from unsteady ones, never right from wrong; the
  self-ensembles it imitates average weights (Tarvainen & Valpola, 2017, arXiv:1703.01780).

  Args:
    predicted: classes [m] of the same target examples at each evaluation.
    classes: how many there are.

  Returns:
    Per evaluation between 0 and 1; 0 at the first one, before which there is nothing to agree with.
  """
  votes, found = np.zeros((len(predicted[0]), classes)), [0.0]
  for before, now in itertools.pairwise(predicted):
    votes = DECAY * votes + np.eye(classes)[before]
    found.append(float(np.mean(votes.argmax(axis=1) == now)))
  return found
