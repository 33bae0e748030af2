"""How what was read becomes a network's inputs; fitted on the sources' training examples."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Preprocessing(NamedTuple):
  """The steps from what a file holds to a network's inputs, with what they have learnt.

  A record and a saved model keep it, so that later data are treated alike.
  """

  reading: Mapping[str, Any]  # fields of `Reading` that are not at their defaults
  features: tuple[str, ...] = ()  # names of the columns, in the order of the inputs
  steps: tuple[Mapping[str, Any], ...] = ()  # each {"step": NAME, …}, numbers and texts only
