"""Describes the inputs of a saved model."""

from typing import NamedTuple

from adapt.data.domain import Domain
from adapt.training.settings import Settings
from adapt.training.task_data import TaskData


class Inputs(NamedTuple):
  """Shape and dtype of a model's inputs; images at final size."""

  shape: tuple[int, ...]
  dtype: str


def inputs_of(domain: Domain, data: TaskData, settings: Settings) -> Inputs:
  """Returns the input specification of the whole network.

  That includes the backbone whose features the data may be.

  Args:
    domain: the target, as loaded.
    data: the same as the program takes it.
    settings: as asked for.
  """
  x = data.target.train.x
  shape = x.shape[1:]
  if settings.cache_features:  # no views are drawn then, so images have the network's size
    x, side = domain.train.x, settings.image_size
    shape = (side, side, x.shape[3]) if side else x.shape[1:]
  return Inputs(tuple(shape), str(x.dtype))
