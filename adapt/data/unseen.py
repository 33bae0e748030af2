"""Domains that training never sees: a test split alone is there.

Leave-one-domain-out (Gulrajani and Lopez-Paz, 2021, arXiv:2007.01434) trains on the sources alone. What
stands in the target's place while a model is trained are source inputs, so that no method, validator
or encoding can learn from the target, whatever it reads.
"""

from collections.abc import Sequence

import numpy as np

from adapt.data import encode, images, label_map
from adapt.data.domain import Domain, Split
from adapt.data.group_column import check as check_groups
from adapt.data.reading import Reading


def hidden(sources: Sequence[Domain], target: Domain, rows: int = 0) -> Domain:
  """The target with source inputs in place of its training split.

  The largest source's first ones stand there, without labels; the test split stays.

  Args:
    sources: of the task.
    target: the unseen domain.
    rows: how many inputs stand there, repeated if there are fewer; 0: all of that source.
  """
  x = max((d.train.x for d in sources), key=len)
  shown = x if not rows else images.take(x, np.arange(rows) % len(x))
  return target._replace(train=Split(shown, None), places=None)


def beside(domains: Sequence[Domain]) -> list[Domain]:
  """Encode named tables by their sources alone; others stay as they are.

  Args:
    domains: the sources of a task, then its unseen target, each encoded alone.

  Returns:
    The same, the target with its training split hidden.
  """
  if any(d.tables is None for d in domains):
    *sources, target = domains
    return [*sources, hidden(sources, target)]
  return together([encode.as_table(d) for d in domains], Reading())


def together(domains: Sequence[Domain], reading: Reading, own: bool = True) -> list[Domain]:
  """Encode sources as a task, and the unseen target as later data.

  Args:
    domains: the sources, then the target, as `data.read` gives them.
    reading: the user's options.
    own: whether all are a user's own data (see `encode.together`).

  Raises:
    ValueError: one line with the remedy: an option that needs the target, or what `encode.together`
      and `encode.later` refuse.
  """
  if reading.scale == "per-domain":
    raise ValueError("--scale per-domain needs the unseen target's own values: leave it out")
  if reading.transductive:
    raise ValueError("--transductive trains on the target, which is to stay unseen: leave it out")
  *sources, target = domains
  check_groups(target, reading)
  fitted = reading._replace(groups="")  # of the target's test split alone
  stand_in = sources[0]._replace(name=target.name)  # the last place, by which nothing is fitted
  *encoded, last = encode.together([*sources, stand_in], fitted, own)
  assert last.preprocessing is not None
  named = label_map.renamed(target, label_map.parsed(reading.label_map))
  found = encode.later(named, last.preprocessing)._replace(kind=last.kind)
  return [*encoded, hidden(encoded, found)]
