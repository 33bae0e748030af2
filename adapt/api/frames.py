"""Data frames, where pandas is installed."""

from typing import Any

from adapt import extras


def pandas() -> Any:
  """The module pandas; ValueError says how to get it."""
  try:
    import pandas as found
  except ImportError:
    raise ValueError(f"data frames need pandas: {extras.install('notebook')}") from None
  return found
