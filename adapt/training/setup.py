"""Configured objects that define a program's training, beside its data."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapt import methods, outputs
from adapt.catalogue import Bound
from adapt.evaluation import decision as decisions
from adapt.method import Method
from adapt.training.devices import Layout
from adapt.training.dp_sgd import Privacy
from adapt.training.settings import Settings


class Feed(NamedTuple):
  """How inputs reach the step.

  Numbers do not depend on it but for the order of float sums.

  `kind` is device (all inputs live there, as they are), stream (the host decodes each batch) or auto,
  which streams what does not fit and packs bags of words (models/packed_rows.py). `workers` are
  processes that decode; 0 means threads.
  """

  kind: str = "auto"
  workers: int = 0


class Point(NamedTuple):
  """Hyper-parameters and learning rate of one record, single-valued."""

  label: str
  hyperparameters: dict[str, Any]  # after defaults
  lr: float
  former: str = ""  # label of records from before labels said which settings are not the suite's


class Setup(NamedTuple):
  """A method with its training configuration, except hyper-parameters.

  Those are the points'.
  """

  method: Bound
  settings: Settings
  seeds: tuple[int, ...]
  model: Bound
  tuning: Bound
  optimizer: Bound | None = None  # None: the one that the settings name
  weighting: Bound | None = None
  weighting_code: str | None = None  # digest of its source; None: its weights are not kept
  layout: Layout = Layout()
  feed: Feed = Feed()
  dp: Privacy | None = None  # None where gradients need not be private
  output: Bound = outputs.CLASSES
  decision: str = decisions.ARGMAX  # how one of two classes is predicted, see evaluation/decision

  def traits(self, points: Sequence[Point]) -> Method:
    """Returns the method without a network, to query what it reads."""
    return traits(self.method, points[0].hyperparameters)


def traits(method: Bound, hyperparameters: Mapping[str, Any]) -> Method:
  """Builds the method without a network, given all hyper-parameters."""
  return methods.traits(method.factory, hyperparameters)
