"""Arrays, data frames, files and names as domains."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapt import data
from adapt.api import feeds, frames, stacking
from adapt.api.array_labels import Given, in_order, label_type, numbered
from adapt.api.group_values import grouped, parted, refuse
from adapt.data import encode, table_names, tabular, unread, unseen
from adapt.data.domain import Domain, Split
from adapt.data.raw import concatenated
from adapt.data.reading import Reading, check
from adapt.data.splits import stratified
from adapt.experiments import own_data

# Inputs alone, (inputs, labels), a data frame, a data set or loader (see `feeds`), a file, a folder
# or a name, or a domain. Inputs are arrays, tensors, sparse matrices, or lists of arrays or texts.
Data = Any


def domains_of(
  source: Data,
  target: Data,
  test: Data | None = None,
  labelled: Data | None = None,
  label: str = "label",
  reading: Reading = Reading(),
  groups: Any = None,
  hidden: bool = False,
) -> list[Domain]:
  """The sources, then the target, numbered and encoded alike.

  Args:
    source: labelled; several as a list or as a dict by name.
    target: inputs, or labelled data, which are split as a file of them is.
    test: labelled target examples to judge by; without them, or labels in `target`, there is no
      target accuracy.
    labelled: target examples whose labels may be learnt from, beside those of `target`.
    label: the label's column in data frames and data sets.
    reading: how files are read, and which columns of frames are taken.
    groups: of the examples of `test`, or of `target` without it.
    hidden: whether training is never to see the target (see `data.unseen`); all of its arrays judge then.

  Raises:
    ValueError: one line with the remedy.
  """
  check(reading)
  refuse(groups, reading)
  for name, one in (("source", source), ("target", target), ("test", test)):
    feeds.refuse_splits(one, name)
  if target is None:
    raise ValueError(
      "there is no target: give its inputs without labels, or labelled examples to judge by and "
      'protocol="leave-one-out", by which training never sees them'
    )
  if reading.transductive and (test is not None or labelled is not None):
    raise ValueError(
      "transductive judges on the target's training rows: leave out test and labelled"
    )
  together = unseen.together if hidden else encode.together
  named = _named(frames.as_frames(source))
  asked = list(map(frames.as_frames, (*named.values(), target, test, labelled)))
  (*sources, target, test, labelled), (*_, own_groups, test_groups, _) = parted(
    asked, reading.groups
  )
  named = dict(zip(named, sources, strict=True))
  if groups is None:
    groups = own_groups if test is None else test_groups
  every = [*named.values(), target]
  options = reading
  label, reading = _one_label(label, reading, any(isinstance(d, str | Path) for d in every))
  if any(isinstance(one, str | Path | Domain) for one in every):
    found = _with_files(named, target, (test, labelled), label, reading, groups)
    own = [not isinstance(d, Domain) and not _is_set(d) for d in every]
    made = together(found, reading, all(own))
    tables = any(map(_is_table, every))
    called = [str(d) if isinstance(d, str | Path) else n for n, d in named.items()]
    unread.check(called, any(own), tables, made, options)
    return own_data.matched(own_data.told_apart(made, list(map(str, every))))
  judged = target if hidden and test is None else test
  data_of = (target, judged, labelled, label, reading, groups)
  made = together(_of_arrays(named, *data_of), reading)
  unread.check([*named, "target"], True, any(map(_is_table, every)), made, reading)
  return made


def _one_label(label: str, reading: Reading, files: bool) -> tuple[str, Reading]:
  """The label's column, which `label` or `reading` names, for frames and for files.

  Raises:
    ValueError: they name two, or a column of domains of no file.
  """
  if reading.label and label not in ("label", reading.label):
    raise ValueError(f"label is '{label}' and reading names '{reading.label}': give one of them")
  if reading.domain_column and not files:
    raise ValueError(
      f"domain_column '{reading.domain_column}' is of a table's file: of a frame choose the rows of each "
      "domain yourself, and leave the column out"
    )
  if reading.label:
    return reading.label, reading
  return label, reading._replace(label=label) if files and label != "label" else reading


def _is_table(one: Data) -> bool:
  """Whether it is a table's file or a frame, also with labels beside it."""
  if isinstance(one, tuple) and one:
    one = one[0]
  return frames.is_frame(one) or (isinstance(one, str | Path) and tabular.is_table(str(one)))


def _is_set(one: Data) -> bool:
  """Whether it is the name of a set, not a file of the user's."""
  return isinstance(one, str) and not data.is_file(one)


def _of_arrays(
  named: Mapping[str, Data],
  target: Data,
  test: Data,
  labelled: Data,
  label: str,
  reading: Reading,
  groups: Any,
) -> list[Domain]:
  """The same where all are arrays or frames."""
  output, how = reading.output, (label, reading.output, reading.missing)
  sources = {name: _given(one, name, *how) for name, one in named.items()}
  for name, one in sources.items():
    if one.y is None:
      raise ValueError(f"{name} has no labels: give (inputs, labels)")
  own = _given(target, "target", *how)
  more = {"test": test, "labelled": labelled}
  others = {n: _given(d, n, *how) for n, d in more.items() if d is not None}
  if test is None:
    own = grouped(own, groups)
  else:
    others["test"] = grouped(others["test"], groups)
  for name, one in others.items():
    if one.y is None:
      raise ValueError(f"{name} has no labels: give (inputs, labels)")
  every = [*sources.values(), own, *others.values()]
  called = (*sources, "target", *others)
  alike = _named_alike(every)
  numbers, names = numbered(called, alike, len(sources), output)
  made = [
    _domain(name, one, names) for name, one in zip(sources, numbers[: len(sources)], strict=True)
  ]
  rest = dict(zip(others, numbers[len(sources) + 1 :], strict=True))
  kind = label_type(alike[: len(sources)]) if output == "classes" else ""
  made.append(_target(numbers[len(sources)], rest, names))
  return [d._replace(label_type=kind) for d in made]


def given(
  x: Data, name: str = "x", output: str = "classes", missing: Collection[str] = ()
) -> Given:
  """Inputs to predict from, read once.

  Of a frame all columns count as inputs, and `missing` are values that mean a missing cell; `output`
  says what labels beside the inputs are.
  """
  x = frames.as_frames(x)
  if isinstance(x, Given):
    return x
  if isinstance(x, str | Path):
    raise ValueError(
      f"{name} is '{x}', and files are predicted by the command line: save(FILE), then adapt predict "
      f"--model FILE --data {x}; or give arrays"
    )
  if frames.is_frame(x):
    return Given(frames.table(x, missing), None)
  return _given(x, name, "label", output, missing)


def _named(source: Data) -> dict[str, Data]:
  if isinstance(source, Mapping) and not hasattr(source, "iloc"):
    return {str(name): one for name, one in source.items()}
  several = isinstance(source, list) and source and not feeds.is_feed(source)
  if several and not isinstance(source[0], int | float | list):
    return {f"source{i + 1}": one for i, one in enumerate(source)}
  return {"source": source}


def _with_files(
  sources: Mapping[str, Data],
  target: Data,
  more: Sequence[Data],
  label: str,
  reading: Reading,
  groups: Any,
) -> list[Domain]:
  """The same where files, names or domains are among them, each of which says its own splits."""
  if any(one is not None for one in more):
    raise ValueError("test and labelled go with arrays: a file or a name has its own splits")
  if groups is not None and isinstance(target, str | Path | Domain):
    raise ValueError("groups go with arrays: of a file name its column, reading={'groups': NAME}")
  found = []
  for name, one in [*sources.items(), ("target", target)]:
    if isinstance(one, Domain):
      found.append(one)
    elif isinstance(one, str | Path):
      found.append(data.read(str(one), None, reading))
    else:
      given = _given(one, name, label, reading.output, reading.missing)
      given = grouped(given, groups) if one is target else given
      if "," in label:  # as a file's columns are ordered
        first = Given(None, None, labels=tuple(part.strip() for part in label.split(",")))
        given = in_order(["label", name], [first, given])[1]
      given = given.named if reading.output == "classes" else given
      [made], names = numbered([name], [given], 1, reading.output)
      found.append(_domain(name, made, names))
  return found


def _given(one: Data, name: str, label: str, output: str, missing: Collection[str]) -> Given:
  """Checked inputs, and labels as they are."""
  x, y = one if isinstance(one, tuple) and len(one) == 2 else (one, None)
  found: Any
  names: tuple[str, ...] = ()
  notes: tuple[str, ...] = ()
  labels = tuple(map(str, y.columns)) if y is not None and frames.is_frame(y) else ()
  if frames.is_frame(x):
    own = table_names.several(name, label, list(x.columns))
    if y is None and own:
      y, labels = x[own[0] if len(own) == 1 else own].to_numpy(), tuple(own)
    found = frames.table(x.drop(columns=own), missing)
    if not found.columns or not len(found):
      raise ValueError(f"{name} has no {'row' if found.columns else 'feature column'}: add some")
  elif y is None and feeds.is_feed(x):
    found, y, names, notes, labels = feeds.read(x, name, label, output)
  else:
    found, notes = stacking.inputs(x, name)
  if y is None:
    return Given(found, None, (), notes)
  y = stacking.array(y)
  if y.shape[:1] != (len(found),):
    raise ValueError(
      f"{name} has labels of shape {list(y.shape)} for {len(found)} examples: give one each"
    )
  return Given(found, y, names, notes, labels=labels)


def _named_alike(every: Sequence[Given]) -> list[Given]:
  """All with names of classes as labels, or all with what was given."""
  if all(one.names or one.y is None or one.y.dtype.kind in "US" for one in every):
    return [one.named for one in every]
  told = ("classes have names in some of the data alone, so labels count as numbers",)
  return [one._replace(notes=(*one.notes, *told)) if one.names else one for one in every]


def _domain(name: str, given: Given, classes: tuple[str, ...]) -> Domain:
  """A domain whose test split is a fixed fifth of each class, as of a file without one."""
  x, y = given.x, given.y
  if len(x) < 2:
    raise ValueError(f"{name} has one example: give at least 2, one is held out")
  first, second = stratified(np.zeros(len(x)) if y is None else y)
  train, test = (Split(x[rows], None if y is None else y[rows]) for rows in (first, second))
  groups = None if given.groups is None else given.groups[second]
  return Domain(name, train, test, classes, notes=given.notes, held_out=True, groups=groups)


def _target(own: Given, more: Mapping[str, Given], classes: tuple[str, ...]) -> Domain:
  """The target: labels in training only of examples that are declared labelled."""
  test, labelled = more.get("test"), more.get("labelled")
  if own.y is not None and test is None and labelled is None:
    return _domain("target", own, classes)
  train = Split(own.x, own.y)
  if labelled is not None:
    assert labelled.y is not None
    unlabelled = np.nan if labelled.y.dtype.kind == "f" else -1
    nothing = np.full((len(own.x), *labelled.y.shape[1:]), unlabelled, labelled.y.dtype)
    unknown = nothing if own.y is None else own.y
    x = concatenated([own.x, labelled.x], "target and labelled")
    train = Split(x, np.concatenate([unknown, labelled.y]))
  held = Split(own.x, None) if test is None else Split(test.x, test.y)
  groups = (own if test is None else test).groups
  notes = (note for one in (own, *more.values()) for note in one.notes)
  return Domain("target", train, held, classes, notes=tuple(notes), groups=groups)
