"""What a measure is called and how tables show it."""

from typing import NamedTuple


class Measure(NamedTuple):
  """A number that judges a model on a test set."""

  name: str  # in a record
  title: str  # in a table
  percent: bool = True  # a fraction, shown in percent; else a number with three decimals
  lower: bool = False  # whether lower is better

  @property
  def scale(self) -> float:
    """What a value is multiplied by to be shown."""
    return 100.0 if self.percent else 1.0

  @property
  def digits(self) -> int:
    """Decimals shown."""
    return 1 if self.percent else 3

  @property
  def sign(self) -> float:
    """1 where higher is better, -1 where lower is."""
    return -1.0 if self.lower else 1.0
