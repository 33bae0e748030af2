"""Cuts training into pieces of a few seconds.

After each piece it can be stopped and saved.
"""

import time
from typing import Any

import jax

SECONDS = 2.0  # of a piece; two of them are under way at once
MOST = 1024  # steps of a piece; its program has room for so many batches and metrics


class Pace:
  """Chooses how many steps to take, by how long the last took."""

  def __init__(self) -> None:
    self._rate = 0.0  # steps a second; 0: unknown
    self._waiting: list[tuple[int, float, Any]] = []  # steps, when they began, their result
    self._ended = 0.0

  def steps(self, left: int) -> int:
    """Returns the number of steps of the next piece.

    It is one while nothing is known, else a few seconds' worth.

    Args:
      left: steps up to the next evaluation, at least 1.
    """
    if not self._rate:
      return 1
    return min(left, MOST, max(1, int(self._rate * SECONDS)))

  def launched(self, steps: int, result: Any, began: float) -> int:
    """Notes a piece given to the device; waits for the one before.

    Args:
      steps: of the piece.
      result: an array that is ready when the piece is done.
      began: of `time.monotonic`, before its first input was asked for and after any compilation.

    Returns:
      How many steps the device still has to do.
    """
    self._waiting.append((steps, began, result))
    while len(self._waiting) > (1 if self._rate else 0):
      count, began, result = self._waiting.pop(0)
      jax.block_until_ready(result)
      now = time.monotonic()
      self._rate = count / max(now - max(began, self._ended), 1e-6)
      self._ended = now
    return sum(count for count, *_ in self._waiting)
