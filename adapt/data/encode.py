"""Encode what was read as a network's inputs.

The encoding is fitted on the sources' training examples.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapt.data import (
  alike,
  columns,
  encode_tables,
  encode_text,
  label_map,
  ragged,
  scaling,
  series,
  transductive,
)
from adapt.data.column_names import (
  IN_ORDER,
  check_width,
  each_split,
  matched,
  names_of,
  with_columns,
)
from adapt.data.columns import listed
from adapt.data.domain import Domain, kind_of
from adapt.data.group_column import check as check_groups
from adapt.data.preprocessing import Preprocessing
from adapt.data.raw import Table, Texts
from adapt.data.reading import Reading

_FAR = 0.01  # share of a domain's values beyond `scaling.FARTHEST` from which a note tells of it
# What a Preprocessing may have.
_STEPS = ("columns", "table", "scale", series.STEP, ragged.STEP, *encode_text.STEPS)


def together(domains: Sequence[Domain], reading: Reading, own: bool = True) -> list[Domain]:
  """Encode a task's domains alike.

  Columns with names are matched by name; missing cells and categories become numbers (see
  `columns.fit`); vectors are standardised by the pooled sources' training examples, but counts are
  left as they are. Series are cut into windows, or padded where their lengths differ, and standardised
  by channel (see `series`). Texts are counted as words or split into tokens (see `encode_text`).

  Args:
    domains: the sources, then the target, as `data.read` gives them; the target's labels are not
      looked at.
    reading: the user's options.
    own: whether all are a user's own data; others are scaled only where `reading.scale` says so.

  Returns:
    The domains with arrays or images as inputs, their kind said, and what has made them.

  Raises:
    ValueError: one line with the remedy: one example alone, columns that differ, or what
      `columns.fit` refuses.
  """
  scaling.check(reading.scale)
  for domain in domains:
    if len(domain.train.x) == 1 and not len(domain.test.x):
      raise ValueError(f"{domain.name} has one example: give at least 2, one is held out as test")
  check_groups(domains[-1], reading)
  names = label_map.parsed(reading.label_map)
  domains = [label_map.renamed(d, names) for d in domains]
  if reading.transductive and len(domains) > 1:
    domains = [*domains[:-1], transductive.joined(domains[-1])]
  domains, texts = encode_text.parted(domains, reading)
  words = isinstance(domains[0].train.x, Texts)
  if not words and (own or any(map(ragged.is_in, domains))):
    domains = series.kinds(domains, reading)
  found = list(domains)
  steps: list[dict[str, Any]] = []
  if words:
    found, steps = encode_text.together(domains, texts, reading)
  elif all(d.kind == "series" for d in domains):
    found, steps = series.encoded(domains, reading, own)
  elif all(map(_is_vectors, domains)):
    found, steps = matched(found, reading)
    if steps and (own or any(isinstance(d.train.x, Table) for d in found)):
      own = own or all(isinstance(d.train.x, Table) for d in found)  # scaled as one's own are
      found, steps = encode_tables.together(found, reading)
    found = _counted(found, reading, own)
    table = next((s["columns"] for s in steps if s["step"] == "table"), ())
    found, more = _scaled(found, reading, own, columns.flags(table))
    steps += more
  elif reading.scale not in ("", "none"):
    raise ValueError(
      f"--scale {reading.scale} is for vectors and series, and {domains[0].name} has none: drop it"
    )
  made = Preprocessing(reading.given, found[-1].features, tuple(steps))
  return [d._replace(kind=kind_of(d), preprocessing=made) for d in found]


def beside(domains: Sequence[Domain]) -> list[Domain]:
  """Encode named sets that are tables together.

  All others stay as they are.

  Args:
    domains: the sources of a task, then its target, each encoded alone.
  """
  if any(d.tables is None for d in domains):
    return list(domains)
  return together([as_table(d) for d in domains], Reading())


def as_table(domain: Domain) -> Domain:
  """A named table as it was before it was encoded alone."""
  assert domain.tables is not None
  train, test = domain.tables
  return domain._replace(
    train=domain.train._replace(x=train), test=domain.test._replace(x=test), features=()
  )


def later(domain: Domain, made: Preprocessing, in_order: bool = False) -> Domain:
  """Encode later data as a trained model's task was encoded.

  Args:
    domain: as `data.read` gives it.
    made: what has made the inputs of the model's target.
    in_order: take columns by their order, whatever their names are.

  Raises:
    ValueError: one line with the remedy: columns that are missing or have no names, texts among
      numbers.
  """
  if strange := [s["step"] for s in made.steps if s["step"] not in _STEPS]:
    raise ValueError(
      f"the model's inputs are made by '{strange[0]}', which is not here: use the adapt that made it"
    )
  if made.step(encode_text.COLUMNS) is not None:
    found = encode_text.later(domain, made.steps, in_order)
    return found._replace(preprocessing=made)
  of_series = (series.STEP, ragged.STEP)
  if made.reading.get("window") or any(made.step(name) is not None for name in of_series):
    return series.later(domain, made)._replace(preprocessing=made)
  series.refuse_several(domain)
  if not _is_vectors(domain):
    return domain._replace(preprocessing=made)
  chosen = made.step("columns")
  if chosen is not None:
    domain = with_columns(domain, chosen["names"], in_order)
  elif (named := names_of(domain)) and not in_order:
    raise ValueError(
      f"{domain.name} names its columns ({listed(named)}), and the model was trained on columns "
      f"without names: say {IN_ORDER} if they are in the same order"
    )
  if (table := made.step("table")) is not None:
    encode_tables.check_wide(domain, table["columns"])
    domain = alike.later(
      encode_tables.of_arrays(domain, chosen["names"] if chosen else ()), table["columns"]
    )
    domain, notes = encode_tables.encoded(domain, table)
    domain = domain._replace(notes=domain.notes + tuple(notes))
  elif isinstance(domain.train.x, Table):
    domain = encode_tables.plain(domain)
  if (scale := made.step("scale")) is not None:
    check_width(domain, len(scale["centre"]))
    domain = each_split(domain, lambda x: scaling.scaled(x, scale))
  return domain._replace(features=made.features, preprocessing=made)


def plain(domain: Domain) -> Domain:
  """Columns in the order of their names.

  Models that name no columns take them so.
  """
  series.refuse_several(domain)
  if not _is_vectors(domain) or not names_of(domain):
    return domain
  names = columns.sorted_names(names_of(domain))
  note = f"the model names no columns: those of {domain.name} are taken in the order of their names"
  found = with_columns(domain, names, False)
  found = encode_tables.plain(found) if isinstance(found.train.x, Table) else found
  return found._replace(notes=(*found.notes, note))


def ids(domain: Domain, made: Preprocessing) -> dict[str, np.ndarray]:
  """Columns that tell rows apart: values by name, training rows first.

  They are those that were left out of training as ids, and ids that training had not.

  Args:
    domain: as `data.read` gives it.
    made: what has made the inputs of the model's target.
  """
  chosen = made.step("columns")
  names = names_of(domain)
  if chosen is None or not names:
    return {}
  part = encode_tables.part(encode_tables.of_arrays(domain, names), True)
  known = {*chosen["left_out"], *chosen["names"]}
  there = [n for n in chosen["left_out"] if n in names]
  there += [n for n in names if n not in known and columns.why_id([part], n)]
  return {n: columns.texts(part.column(n)) for n in there}


def _is_vectors(domain: Domain) -> bool:
  x = domain.train.x
  return domain.kind in ("", "vector", "counts") and x.ndim == 2 and x.dtype.kind in "fO"


def _training(domains: Sequence[Domain]) -> list[Any]:
  return [d.train.x for d in domains]


def _counted(domains: Sequence[Domain], reading: Reading, own: bool) -> list[Domain]:
  """The domains with their kind: that of the options, or what the values look like."""
  if reading.kind in ("vector", "counts"):
    return [d._replace(kind=reading.kind) for d in domains]
  said = {d.kind for d in domains}
  counts = "counts" in said or (own and scaling.is_counts(_training(domains)))
  return [d._replace(kind="counts" if counts else "vector") for d in domains]


def _told_far(domain: Domain, step: Mapping[str, Any]) -> Domain:
  """The domain with a note where many of its training values lie far from the sources' ones."""
  share = scaling.beyond(np.asarray(domain.train.x), step)
  if share < _FAR:
    return domain
  note = (
    f"{domain.name}: {100 * share:.1f} % of its values lie more than {scaling.FARTHEST:g} deviations from "
    "the sources' mean and are brought nearer: --scale per-domain scales each domain by its own"
  )
  return domain._replace(notes=(*domain.notes, note))


def _scaled(
  domains: Sequence[Domain], reading: Reading, own: bool, flags: Sequence[bool]
) -> tuple[list[Domain], list[dict[str, Any]]]:
  """The domains scaled, and with what the target was."""
  usual = "standard" if own and domains[0].kind == "vector" else "none"
  if (how := reading.scale or usual) == "none":
    return list(domains), []
  if len({d.train.x.shape[1:] for d in domains}) > 1:
    return list(domains), []  # refused with the shapes, where domains are compared
  sources = domains[:-1] or domains
  if how == "per-domain":
    steps = [scaling.fit(_training([d]), how, flags) for d in domains]
  else:
    steps = [scaling.fit(_training(sources), how, flags)] * len(domains)
  domains = [_told_far(d, step) for d, step in zip(domains, steps, strict=True)]
  pairs = zip(domains, steps, strict=True)
  found = [each_split(d, functools.partial(scaling.scaled, step=step)) for d, step in pairs]
  return found, [steps[-1]]
