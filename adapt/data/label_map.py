"""Rename classes by a user's map, to match numbers and names.

Numbered labels and named ones can then be compared.
"""

from collections.abc import Mapping

import numpy as np

from adapt.data.domain import Domain, Split


def parsed(text: str) -> dict[str, str]:
  """Parse a map NAME=LABEL|LABEL…,… to names by label.

  ValueError for another form or one label twice.
  """
  found: dict[str, str] = {}
  for pair in filter(None, text.split(",")):
    name, equals, labels = (part.strip() for part in pair.rpartition("="))
    for label in map(str.strip, labels.split("|")):
      if not (name and equals and label) or label in found:
        raise ValueError(
          f"--label-map {text} is not NAME=LABEL,…: write e.g. yes=1,no=0 or yes=1|2|3,no=0"
        )
      found[label] = name
  return found


def renamed(domain: Domain, names: Mapping[str, str]) -> Domain:
  """The domain with classes renamed; labels of one name become one class.

  Args:
    domain: its labels may be unknown; -1 is an unknown one.
    names: of classes by what they are called now; those of other domains change nothing.
  """
  now = [names.get(c, c) for c in domain.classes]
  if now == list(domain.classes):
    return domain
  classes = tuple(dict.fromkeys(now))
  to = np.array([*(classes.index(name) for name in now), -1], np.int32)

  def of(split: Split) -> Split:
    return split._replace(y=None if split.y is None else to[split.y])

  kind = domain.label_type and "str"  # names are texts, whatever the labels were
  train, test = of(domain.train), of(domain.test)
  return domain._replace(train=train, test=test, classes=classes, label_type=kind)


def numbered(domain: Domain) -> bool:
  """Whether classes are called by numbers alone, which name nothing."""
  return all(name.removeprefix("-").isdigit() for name in domain.classes)


def mixed(numbers: Domain, names: Domain) -> str:
  """The message for one domain with numbered classes, another with named."""
  pairs = ",".join(
    f"{name}={label}" for name, label in zip(names.classes, numbers.classes, strict=False)
  )
  return (
    f"{numbers.name} numbers its classes ({', '.join(numbers.classes[:5])}) and {names.name} names "
    f"them ({', '.join(names.classes[:5])}), so they cannot be matched: say which is which, e.g. "
    f"--label-map={pairs[:200]}"  # as one word: a pair may begin with a minus
  )
