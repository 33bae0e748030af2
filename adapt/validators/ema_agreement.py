"""Agreement with the average of earlier predictions.

It shows whether training has settled on an opinion.
"""

import itertools
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from adapt.validators import Evaluation, Validator


def ema_agreement(*, decay: float = 0.8) -> Validator:
  """Share of target examples predicted as the average of earlier evaluations.

      score = E[1[ŷₜ = argmax v]],  then v ← decay · v + onehot(ŷₜ)
      v: votes on each target example, 0 before the first evaluation

  The average is over the evaluations of one run, of votes rather than probabilities: then history
  keeps one class per example, training keeps nothing, and a run that continues from a checkpoint gives
  the same scores; the first evaluation's is 0. It tells steady checkpoints from unsteady ones, never
  right from wrong; the self-ensembles it imitates average weights (Tarvainen & Valpola, 2017,
  arXiv:1703.01780).

  Args:
    decay: of a vote per evaluation; at 0.8 about the last five count.
  """

  def scores(evaluations: Sequence[Evaluation]) -> list[float]:
    classes = len(evaluations[0].target.probability)
    return score([e.made for e in evaluations], classes, decay)

  return Validator(lambda seen: seen.predicted.astype(jnp.int32), scores)


def score(predicted: Sequence[np.ndarray], classes: int, decay: float = 0.8) -> list[float]:
  """The share that agrees.

  Args:
    predicted: classes [m] of the same target examples at each evaluation.
    classes: how many there are.
    decay: of a vote per evaluation.

  Returns:
    Per evaluation between 0 and 1; 0 at the first one, before which there is nothing to agree with.
  """
  votes, found = np.zeros((len(predicted[0]), classes)), [0.0]
  for before, now in itertools.pairwise(predicted):
    votes = decay * votes + np.eye(classes)[before]
    found.append(float(np.mean(votes.argmax(axis=1) == now)))
  return found
