"""Reports on a grid under way, in messages of one line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # commands that only look something up need `one_line` and no jax
  from adapt.experiments.experiment import Experiment
  from adapt.training.history import History

_LONGEST = 200  # characters of a word in a message


class Reporter(Protocol):
  """What is told of a grid's programs, one after the other."""

  def begin(self, name: str, experiments: "Sequence[Experiment]", steps: int) -> None:
    """A program of these experiments begins, of so many steps."""

  def report(self, step: int, past: "History") -> None:
    """It has done so many steps; `past` is all that is known."""

  def end(self, records: Sequence[dict[str, Any]], fresh: bool) -> None:
    """It has ended with these records, or they were there already."""

  def fail(self) -> None:
    """It has ended with an error."""


def one_line(message: object) -> str:
  """A message as one line of moderate length.

  A terminal shows it as it is, whatever names are in it.
  """
  words = (w if len(w) < _LONGEST else f"{w[:100]}…{w[-50:]}" for w in str(message).split())
  line = "".join(c if c.isprintable() else "?" for c in " ".join(words))
  return line if len(line) < 10 * _LONGEST else f"{line[: 5 * _LONGEST]} … {line[-4 * _LONGEST :]}"
