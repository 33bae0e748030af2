"""Audit a pair of domains before training.

It looks for leaks between splits and domains, and for broken examples. It also compares classes and
values across domains.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from adapt.data import duplicates, label_statistics
from adapt.data.domain import Domain, Split, one_split, output_of
from adapt.data.duplicates import Prints
from adapt.data.images import Images
from adapt.data.label_statistics import Statistics
from adapt.data.statistics import Finding, class_findings, counts, value_findings

MOST_ENCODED = 5000  # encoded images up to which `warnings` reads their files
MOST_BYTES = 2**30  # of arrays, up to which `warnings` compares their contents
NATURAL = (
  0.05  # share of repeats within a set of short vectors that makes repeats no sign of a leak
)
SHORT = 64  # features; longer vectors are not equal by chance

_DROP = "drop them from one of the two, so that all copies of one example lie in one split"

_TRANSDUCTIVE = "or give the examples once and say --transductive, if adapting to them is meant"


class Report(NamedTuple):
  """Findings of an audit."""

  findings: tuple[Finding, ...]  # leaks first, then warnings, then notes
  classes: tuple[str, ...]
  balance: dict[str, list[int] | None]  # "DOMAIN SPLIT" → examples of each class, None if unknown
  output: str = "classes"  # what the labels are; of others `labels` stands for the two above
  labels: Mapping[str, Mapping[str, Statistics]] = MappingProxyType({})  # see `label_statistics`

  @property
  def leaks(self) -> bool:
    """Whether leaks make the target's test accuracy untrustworthy."""
    return any(finding.severity == "leak" for finding in self.findings)


class _Part(NamedTuple):
  """A split with its fingerprints."""

  name: str
  split: Split
  prints: Prints


def audit(sources: Sequence[Domain], target: Domain, looks: bool = True, label: str = "") -> Report:
  """Find what makes the target's test accuracy untrustworthy.

  Compared are each source's training and test split, each source and both splits of the target, and
  the target's two splits. A leak is a test example of the target that a source has too, or that the
  target's labelled training split has. Splits that are one by construction, as in the transductive
  protocol, are a note.

  Args:
    sources: one or more domains, their classes numbered alike.
    target: the domain that is adapted to.
    looks: also search for images that look alike and for images that do not decode, which decodes
      every image; otherwise for equal contents alone.
    label: columns of values, as `Reading.label` names them.

  Raises:
    ValueError: labels of different kinds, or of different numbers of columns.
  """
  output = label_statistics.kind([*sources, target])
  labels = {} if output == "classes" else label_statistics.statistics([*sources, target], label)
  sources, target = [_compared(d) for d in sources], _compared(target)
  findings = [*_pairing_findings([*sources, target]), *class_findings(sources, target)]
  findings += value_findings([*sources, target])
  findings += _duplicate_findings(sources, target, looks)
  order = ("leak", "warning", "note")
  found = tuple(sorted(findings, key=lambda f: order.index(f.severity)))
  if output != "classes":
    return Report(found, (), {}, output, labels)
  domains = (*sources, target)
  classes = max((domain.classes for domain in domains), key=len)
  known = [split.y for d in domains for split in d[1:3] if split.y is not None]
  size = max(len(classes), *(int(y.max(initial=0)) + 1 for y in known), 1)
  classes += tuple(str(k) for k in range(len(classes), size))
  balance = {f"{d.name} {name}": counts(split, size) for d in domains for name, split in _splits(d)}
  return Report(found, classes, balance)


def warnings(sources: Sequence[Domain], target: Domain) -> list[str]:
  """Return the warnings that a run prints before training.

  These are leaks and warnings that are cheap to find.

  Contents are compared for up to 5000 encoded images and 1 GB of arrays; nothing is decoded but a
  few images, and look-alikes are left to `audit`.
  """
  sources, target = [_compared(d) for d in sources], _compared(target)
  findings = [*_pairing_findings([*sources, target]), *class_findings(sources, target)]
  findings += value_findings([*sources, target], few=50)
  findings += _cheap_duplicates(sources, target)
  return [f"{f.what}: {f.remedy}" for f in findings if f.severity in ("leak", "warning")]


def leaks(sources: Sequence[Domain], target: Domain) -> list[str]:
  """Return the leaks of a target that is never trained on.

  Its test examples are looked for among those of the sources; nothing else of it is looked at.
  """
  alone = _compared(target._replace(train=target.test))
  found = _cheap_duplicates([_compared(d) for d in sources], alone)
  return [f"{f.what}: {f.remedy}" for f in found if f.severity == "leak"]


def _cheap_duplicates(sources: Sequence[Domain], target: Domain) -> Iterator[Finding]:
  """Duplicates by contents, where these are not too many to compare before a run."""
  inputs = [split.x for domain in (*sources, target) for split in domain[1:3]]
  encoded = sum(len(x) for x in inputs if isinstance(x, Images))
  plain = sum(x.nbytes for x in inputs if not isinstance(x, Images))
  if encoded <= MOST_ENCODED and plain <= MOST_BYTES:
    yield from _duplicate_findings(sources, target, looks=False)


def _compared(domain: Domain) -> Domain:
  """The domain without labels where they are values or labels, which make no classes to compare."""
  if (kind := output_of(domain)) == "classes":
    return domain
  parts = {n: getattr(domain, n)._replace(y=None) for n in ("train", "test")}
  return domain._replace(**parts, classes=() if kind == "labels" else domain.classes)


def _splits(domain: Domain) -> tuple[tuple[str, Split], ...]:
  return ("train", domain.train), ("test", domain.test)


def _pairing_findings(domains: Sequence[Domain]) -> Iterator[Finding]:
  """Report labelled domains that mix named and numbered classes.

  Some domains name their classes while others only number them.
  """
  labelled = [d for d in domains if any(split.y is not None for _, split in _splits(d))]
  plain = [d for d in labelled if all(name.isdigit() for name in d.classes)]
  named = [d for d in labelled if d not in plain]
  if not plain or not named:
    return
  names = max((d.classes for d in named), key=len)
  pairs = [f"{k} is taken for '{name}'" for k, name in enumerate(names)]
  shown = ", ".join(pairs[:3]) + (", …" if len(pairs) > 3 else "")
  yield Finding(
    "warning",
    "classes",
    f"{plain[0].name} numbers its classes, {named[0].name} names them: {shown}",
    len(names),
    tuple(pairs),
    "name the classes in both, or check that the order is the same",
  )


def _duplicate_findings(
  sources: Sequence[Domain], target: Domain, looks: bool
) -> Iterator[Finding]:
  """Report broken and blank examples, then duplicates between splits."""
  parts: dict[str, list[_Part]] = {}
  for domain in (*sources, target):
    splits = _splits(domain)[1:] if one_split(domain) else _splits(domain)
    parts[domain.name] = [
      _Part(f"{domain.name} {name}", split, duplicates.prints(split.x, looks))
      for name, split in splits
    ]
    for part in parts[domain.name]:
      yield from _unusable(part)
    if one_split(domain):
      yield Finding(
        "note",
        "protocol",
        f"{domain.name} is transductive: its training inputs are its test inputs",
        len(domain.test.x),
        (),
        "say so beside the accuracy, and compare with transductive results alone",
      )
  *ours, test = parts[target.name]
  for source in sources:
    theirs = parts[source.name]
    yield from _between(theirs[:-1], theirs[-1], "warning", looks)
    for part in ours:
      yield from _between(theirs, part, "warning", looks)
    yield from _between(theirs, test, "leak", looks)
  labelled = target.train.y is not None
  for found in _between(ours, test, "leak" if labelled else "warning", looks):
    meant = found.check == "duplicates" and found.affected == len(target.test.x)
    yield found._replace(remedy=f"{_DROP}; {_TRANSDUCTIVE}") if meant else found


def _unusable(part: _Part) -> Iterator[Finding]:
  """Find images that do not decode, and blank examples."""
  if broken := part.prints.broken:
    yield Finding(
      "warning",
      "images",
      f"{len(broken)} images of {part.name} do not decode",
      len(broken),
      tuple(broken),
      "replace or remove them",
    )
  blank = part.prints.blank.tolist()
  if blank:
    image = part.split.x.ndim == 4
    yield Finding(
      "warning" if image else "note",
      "images" if image else "values",
      f"{len(blank)} examples of {part.name} have the same value everywhere",
      len(blank),
      tuple(_called(part, i) for i in blank),
      "look at them: they hold nothing to learn from",
    )


def _between(these: Sequence[_Part], part: _Part, severity: str, looks: bool) -> Iterator[Finding]:
  """Find duplicates of one split's examples in other splits.

  Equal examples come first, then those that look alike.
  """
  if not these:
    return
  whole = _joined(these)
  what = f"of the {len(part.split.x)} examples of {part.name}"
  shape = part.split.x.shape
  if natural := len(shape) == 2 and shape[1] <= SHORT and _repeats(part.prints) > NATURAL:
    severity = "note"

  def finding(check: str, found: dict[int, int], how: str) -> Finding:
    pairs = [f"{_called(part, j)} = {whole(i)}" for j, i in found.items()]
    among = f"{len(found)} {what} {how} {' or '.join(p.name for p in these)}"
    remedy = (
      "repeats are as common within the set, so chance may explain them" if natural else _DROP
    )
    return Finding(severity, check, among, len(found), tuple(pairs), remedy)

  equal = _found(these, part, duplicates.equal)
  if equal:
    yield finding("duplicates", equal, "are also in")
  if not looks or part.split.x.ndim != 4:
    return
  size = sum(len(p.split.x) for p in these)
  if size * len(part.split.x) > duplicates.MOST_PAIRS:
    yield Finding(
      "note",
      "near duplicates",
      f"look-alikes between {' or '.join(p.name for p in these)} and {part.name} were not searched",
      0,
      (),
      f"{size} x {len(part.split.x)} comparisons are too many: audit a part of the images",
    )
    return
  alike = _found(these, part, duplicates.alike)
  if near := {j: i for j, i in alike.items() if j not in equal}:
    yield finding("near duplicates", near, "look like one in")


def _found(
  these: Sequence[_Part], part: _Part, search: Callable[[Prints, Prints], dict[int, int]]
) -> dict[int, int]:
  """Map rows of `part` to rows of the concatenated other splits."""
  found: dict[int, int] = {}
  start = 0
  for other in these:
    for j, i in search(other.prints, part.prints).items():
      found.setdefault(j, start + i)
    start += len(other.split.x)
  return dict(sorted(found.items()))


def _joined(parts: Sequence[_Part]) -> Callable[[int], str]:
  """Name row i of several concatenated splits."""

  def name(i: int) -> str:
    for part in parts[:-1]:
      if i < len(part.split.x):
        return _called(part, i)
      i -= len(part.split.x)
    return _called(parts[-1], i)

  return name


def _called(part: _Part, i: int) -> str:
  x = part.split.x
  return x.name(i) if isinstance(x, Images) else f"{part.name}[{i}]"


def _repeats(prints: Prints) -> float:
  """Return the share of examples that repeat an earlier one."""
  seen = [next(iter(digests)) for digests in prints.exact if digests]
  return 1 - len(set(seen)) / max(len(seen), 1)
