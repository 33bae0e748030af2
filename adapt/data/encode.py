"""Turn what was read into a network's inputs, fitted on the sources' training examples."""

from collections.abc import Sequence

from adapt.data.domain import Domain, kind_of
from adapt.data.preprocessing import Preprocessing
from adapt.data.reading import Reading


def together(domains: Sequence[Domain], reading: Reading) -> list[Domain]:
  """Encode a task's domains alike.

  Args:
    domains: the sources, then the target, as `data.read` gives them; the target's labels are not
      looked at.
    reading: the user's options.

  Returns:
    The domains with arrays or images as inputs, their kind said, and what has made them.
  """
  made = Preprocessing(reading.given)
  return [d._replace(kind=kind_of(d), preprocessing=made) for d in domains]
