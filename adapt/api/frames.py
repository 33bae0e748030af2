"""Data frames, where pandas is installed."""

from typing import Any


def pandas() -> Any:
  """The module pandas; ValueError says how to get it."""
  try:
    import pandas as found
  except ImportError:
    raise ValueError("data frames need pandas: pip install 'adapt-jax[notebook]'") from None
  return found
