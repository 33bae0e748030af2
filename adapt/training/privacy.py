"""What a private run spends of whose privacy."""

from typing import Any

from adapt.data import labelled_rows
from adapt.method import Method
from adapt.training import dp_sgd
from adapt.training.setup import Setup
from adapt.training.task_data import TaskData


def spent(setup: Setup, method: Method, start: str, data: TaskData) -> dict[str, Any]:
  """Computes ε per kind of protected examples, as a record has it.

  Args:
    setup: of the run; its `dp` may be None.
    method: its traits.
    start: where it starts, "source" or "scratch".
    data: what it trains on.

  Returns:
    "privacy", of what `dp_sgd.spent` returns by kind; nothing if the run is not private.

  Raises:
    ValueError: what cannot be accounted for.
  """
  if setup.dp is None:
    return {}
  settings, labels = setup.settings, data.target.train.y
  shots = None if "all_labelled" in method.reads else settings.shots
  labelled = len(data.target.train.x)
  if labels is not None:
    labelled = len(labelled_rows(labels, shots, setup.seeds[0]))
  examples = {"source": sum(len(d.train.x) for d in data.sources), "labelled": labelled}
  whose = dp_sgd.protected(method, start)
  times = settings.batch_size, settings.steps
  return {"privacy": {w: dp_sgd.spent(setup.dp, examples[w], *times) for w in whose}}
