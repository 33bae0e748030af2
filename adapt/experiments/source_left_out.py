"""Leave-one-domain-out validation: judges settings by sources left out.

    score = Eᵢ[E[1[ŷ = y]] of source i's training examples]
    ŷ: by a model that learns from all sources but i

DomainBed selects by it (Gulrajani and Lopez-Paz, 2021, arXiv:2007.01434, §3). It costs one more training
of all seeds for each source, and judges the last iterate alone: it is made to choose settings
(`--search`, `--sampler grid`), not steps. The target has no part in it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from adapt import outputs, validators
from adapt.data import unseen
from adapt.experiments.experiment import Experiment
from adapt.training import loop
from adapt.training.setup import Point
from adapt.training.task_data import TaskData

# (experiment, points, data) -> the trained program of all their cells
Train = Callable[[Experiment, Sequence[Point], TaskData], loop.Trained]


def scores(
  experiment: Experiment,
  missing: Sequence[Point],
  data: TaskData,
  trained: loop.Trained,
  train: Train,
) -> Float[np.ndarray, " cells"]:
  """Mean accuracy on the source that was left out, per cell.

  Args:
    experiment: what was trained, on a task whose target is unseen.
    missing: its points.
    data: what it was trained on. The target is not looked at.
    trained: the program, all cells.
    train: trains the points' cells on other data.

  Returns:
    A fraction per cell, NaN for one that diverged, here or on the others.
  """
  usual = validators.default(outputs.kind(experiment.output), unseen=True)
  found = []
  for i, left_out in enumerate(data.sources):
    others = [d for d in data.sources if d is not left_out]
    task = experiment.task._replace(
      source=tuple(d.name for d in others), target=left_out.name, name=f"without_{left_out.name}"
    )
    alone = experiment._replace(task=task, validator=usual, search=None, save_model=False)
    again = train(alone, missing, without(data, i))
    reached = again.past.mains("target_test")
    assert reached is not None  # sources have labels
    own = np.array(reached[-1], float)
    own[list(again.past.diverged)] = np.nan
    found.append(own)
  scored = np.mean(found, axis=0)
  scored[list(trained.past.diverged)] = np.nan
  return np.asarray(scored)


def without(data: TaskData, i: int) -> TaskData:
  """The data with source i as the unseen target.

  It is judged on its training examples.
  """
  others = data.sources[:i] + data.sources[i + 1 :]
  left_out = data.sources[i]
  judged = left_out._replace(test=left_out.train, groups=None)
  target = unseen.hidden(others, judged, data.settings.batch_size)
  hashes = {n: h for n, h in data.hashes.items() if n != data.target.name}
  return data._replace(
    sources=others, target=target, hashes={**hashes, validators.LEFT_OUT: left_out.name}
  )
