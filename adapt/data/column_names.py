"""Match the columns of domains by name."""

from collections.abc import Callable, Sequence
from typing import Any

from adapt.data.columns import listed
from adapt.data.domain import Domain, Split
from adapt.data.raw import Table
from adapt.data.reading import Reading

# How a user says that columns need no names.
IN_ORDER = "--columns-in-order (in Python columns_in_order=True)"


def names_of(domain: Domain) -> tuple[str, ...]:
  """Names of the columns; () where they have none."""
  x = domain.train.x
  return x.names if isinstance(x, Table) else domain.features


def each_split(domain: Domain, f: Callable[[Any], Any]) -> Domain:
  """The domain with f applied to the inputs of both splits."""
  train = f(domain.train.x)
  # Splits that are one stay one, by which the transductive protocol is known.
  test = train if domain.test.x is domain.train.x else f(domain.test.x)
  return domain._replace(train=Split(train, domain.train.y), test=Split(test, domain.test.y))


def matched(
  domains: Sequence[Domain], reading: Reading
) -> tuple[list[Domain], list[dict[str, Any]]]:
  """Put all domains' columns in one order, by their names.

  It is the order of the first domain that names them.

  Returns:
    The domains, and the step that does so: [] where none names its columns.

  Raises:
    ValueError: one line with the remedy: columns that one domain alone has, or unknown names.
  """
  named = [d for d in domains if names_of(d)]
  if not named:
    if asked := reading.columns or reading.drop or reading.categorical:
      raise ValueError(
        f"{domains[0].name} names no columns, so none is '{asked[0]}': name them in the file"
      )
    return list(domains), []
  wanted = [_chosen(d, reading) for d in named]
  for other, names in zip(named[1:], wanted[1:], strict=True):
    lone = [sorted(set(a) - set(b)) for a, b in ((wanted[0], names), (names, wanted[0]))]
    if any(lone):
      pairs = zip((named[0].name, other.name), lone, strict=True)
      has = [f"{name} alone has {listed(of)}" for name, of in pairs if of]
      raise ValueError(
        f"{' and '.join(has)}: give both the same feature columns, by name, or --drop them"
      )
  found = []
  for domain in domains:
    if not names_of(domain):
      check_width(domain, len(wanted[0]))
      note = f"{domain.name} names no columns: they are taken in the order of {named[0].name}'s"
      domain = domain._replace(notes=(*domain.notes, note), features=tuple(wanted[0]))
    found.append(with_columns(domain, wanted[0], False))
  return found, [{"step": "columns", "names": wanted[0], "left_out": []}]


def _chosen(domain: Domain, reading: Reading) -> list[str]:
  """The names of the columns that the options leave."""
  names = names_of(domain)
  if strange := [n for n in reading.columns if n not in names]:
    raise ValueError(
      f"--columns {strange[0]} is no column of {domain.name}: there are {listed(names)}"
    )
  kept = [n for n in dict.fromkeys(reading.columns or names) if n not in reading.drop]
  if not kept:
    raise ValueError(f"--drop leaves no column of {domain.name}: leave some")
  return kept


def with_columns(domain: Domain, names: Sequence[str], in_order: bool) -> Domain:
  """The domain with columns of these names, in this order.

  Args:
    domain: of vectors or a table.
    names: which columns.
    in_order: take the columns for these, whatever their names are.

  Raises:
    ValueError: one line with the remedy: columns that are missing, or have no names.
  """
  there = names_of(domain)
  if in_order:
    check_width(domain, len(names))
    if isinstance(domain.train.x, Table):
      domain = each_split(domain, lambda x: _renamed(x, names))
    return domain._replace(features=tuple(names))
  if not there:
    raise ValueError(
      f"{domain.name} names no columns, and the model was trained on {listed(names)}: give a table, "
      f"add an array features with their names to the .npz, or say {IN_ORDER}"
    )
  if lacking := [n for n in names if n not in there]:
    others = [n for n in there if n not in names]
    has = f", and has {listed(others)} that it does not take" if others else ""
    raise ValueError(
      f"{domain.name} lacks the columns {listed(lacking)} that the model takes{has}: rename or add "
      f"them, or say {IN_ORDER} if the columns are the same in the same order"
    )
  if tuple(names) == tuple(there):
    return domain
  at = [there.index(n) for n in names]

  def of(x: Any) -> Any:
    return Table(tuple(x.columns[k] for k in at)) if isinstance(x, Table) else x[:, at]

  return each_split(domain, of)._replace(features=tuple(names))


def _renamed(table: Table, names: Sequence[str]) -> Table:
  pairs = zip(table.columns, names, strict=True)
  return Table(tuple(c._replace(name=name) for c, name in pairs))


def check_width(domain: Domain, width: int) -> None:
  """Raise ValueError unless a domain has so many columns."""
  if (has := domain.train.x.shape[1]) != width:
    raise ValueError(
      f"{domain.name} has {has} columns, and {width} are expected: give the same columns"
    )
