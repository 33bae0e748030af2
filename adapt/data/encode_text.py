"""Encode texts as bags of words or token ids.

The encoding is fitted on training texts without their labels. A bag weighs each word by tf-idf with
a logarithmic count (Salton and Buckley, Information Processing & Management 24, 1988), as
scikit-learn's TfidfVectorizer computes it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapt import catalogue, extras
from adapt.data import columns, npy, text, texts
from adapt.data.column_names import each_split
from adapt.data.domain import Domain
from adapt.data.raw import Table, Texts
from adapt.data.reading import Reading

COLUMNS, BAG, TOKENS = "texts", "bag", "tokens"  # names of steps
STEPS = (COLUMNS, BAG, TOKENS)
TRAINED = "minilm-train"
WAYS = ("bow", "minilm", TRAINED)
MOST_WORDS = 5000
_TOKENS = 128  # of a text, with which the published network was trained
_MANY = 100  # texts from which a word counts only if two of them have it
_VALUES = 2**28  # of a domain's bags at most, 1 GiB
# Units of a network start with weights of about 1 / √width, so that rows of length 1 hardly move
# them: rows have this length instead, which stands in the step.
LENGTH = 10.0


def parted(domains: Sequence[Domain], reading: Reading) -> tuple[list[Domain], tuple[str, ...]]:
  """Separate columns of texts from tables, as `Texts`.

  Returns the domains, and the names of the columns.

  Args:
    domains: the sources, then the target.
    reading: the user's options.

  Returns:
    The domains, unchanged where none has texts, and the names of the columns.

  Raises:
    ValueError: one line with the remedy: texts in some domains alone, or --text without any.
  """
  tables: list[Any] = [d.train.x for d in domains if isinstance(d.train.x, Table)]
  names = texts.text_columns(tables, reading) if tables else ()
  if names or any(isinstance(d.train.x, Texts) for d in domains):
    remedy = f" (--drop {' '.join(names)} takes these instead)"
    why = "the texts of other domains are in"
    return [_joined(d, names, why, remedy) for d in domains], names
  if reading.text:
    raise ValueError(
      f"--text {reading.text} is for texts, and {domains[0].name} has none: drop it, or name the "
      f"column of texts '{texts.NAMES[0]}'"
    )
  return list(domains), ()


def _joined(domain: Domain, names: Sequence[str], why: str, remedy: str = "") -> Domain:
  """The domain with the texts of these columns, where it has columns."""
  table: Any = domain.train.x
  if isinstance(table, Texts):
    return domain
  if not isinstance(table, Table) or not names:
    raise ValueError(f"{domain.name} has no texts, and others have: give texts to all domains")
  if lacking := [n for n in names if n not in table.names]:
    raise ValueError(
      f"{domain.name} has no column '{lacking[0]}', which {why}: rename the column of its texts"
    )
  found = [columns.of_name(table, n) for n in names]
  if numbers := [c.name for c in found if c.numeric and not columns.missing(c).all()]:
    raise ValueError(f"{domain.name} column '{numbers[0]}' has numbers, and texts are expected")
  others = [n for n in table.names if n not in names]
  note = f"{domain.name}: texts are the column{'s' * (len(names) > 1)} {', '.join(names)}"
  if others:
    note += f"; left out: {', '.join(others[:5])}{', …' * (len(others) > 5)}{remedy}"
  made = each_split(domain, lambda x: texts.joined(x, names))
  return made._replace(features=(), notes=(*domain.notes, note))


def together(
  domains: Sequence[Domain], names: Sequence[str], reading: Reading
) -> tuple[list[Domain], list[dict[str, Any]]]:
  """Encode a task's texts alike.

  Args:
    domains: of `Texts`; the sources, then the target. The vocabulary is that of all training texts;
      no label and no test text is looked at.
    names: of the columns that had them, if any.
    reading: the user's options.

  Returns:
    The domains, of bags of words [n, d] float32 or token ids [n, l] int32, and what has made them.

  Raises:
    ValueError: one line with the remedy: an unknown way, options for other inputs, no word, a
      library that is not installed.
  """
  way = reading.text or WAYS[0]
  if way not in WAYS:
    raise ValueError(catalogue.unknown("way of --text", way, WAYS))
  kind = "vector" if way == "bow" else "tokens"
  if reading.kind not in ("", kind):
    raise ValueError(
      f"--kind {reading.kind} does not go with texts, which --text {way} makes {kind}: drop it"
    )
  if reading.scale not in ("", "none"):
    raise ValueError(f"--scale {reading.scale} is for vectors, and texts have none: drop it")
  step: dict[str, Any] = {"step": TOKENS, "length": _TOKENS}
  step = _fitted(domains) if way == "bow" else step
  found = [applied(d, step) for d in domains]
  if mute := [d.name for d in found if not np.asarray(d.train.x).any()]:
    raise ValueError(
      f"no training text of {mute[0]} has a word of the vocabulary, so none tells another apart: "
      "look whether the right column holds its texts, in the others' language"
    )
  if step["step"] == BAG:
    note = f"texts become bags of {len(step['words'])} words and pairs of words, weighed by tf-idf"
    found[0] = found[0]._replace(notes=(*found[0].notes, note))
  return found, [{"step": COLUMNS, "columns": list(names)}, step]


def _fitted(domains: Sequence[Domain]) -> dict[str, Any]:
  """The vocabulary of all training texts, with each word's inverse document frequency.

  The words are those that most training texts have. How they are told apart, counted and scaled
  stands in the step, so that a saved model does not hang on today's constants.
  """
  sizes = [len(d.train.x) + len(d.test.x) for d in domains]
  words = min(MOST_WORDS, max(_VALUES // max(sizes), 100))
  if 4 * words * sum(sizes) > npy.memory() // 2:
    raise ValueError(f"{sum(sizes)} texts are more than memory holds as bags of words: give fewer")
  train = [value for values in _each_once(domains) for value in values]
  step = {
    "step": BAG,
    "pattern": r"(?u)\b\w\w+\b",
    "together": 2,
    "logarithm": True,
    "length": LENGTH,
  }
  # With binary counts the most frequent words are those of the most texts; idf is the same.
  fewest = 2 if len(train) >= _MANY else 1
  vectorizer = _vectorizer(step, binary=True, max_features=words, min_df=fewest)
  try:
    vectorizer.fit(train)
  except ValueError as error:  # which scikit-learn raises where no word is left
    raise ValueError(
      f"the texts of {domains[0].name} have no words that return: give sentences"
    ) from error
  names = vectorizer.get_feature_names_out().tolist()
  return step | {"words": names, "idf": [float(v) for v in vectorizer.idf_]}


def _each_once(domains: Sequence[Domain]) -> list[list[str]]:
  """Each domain's training texts; equal ones once, as a source stands in for an unseen target."""
  found: list[list[str]] = []
  for domain in domains:
    values = _values(domain.train.x)
    found += [values] if values not in found else []
  return found


def applied(domain: Domain, step: Mapping[str, Any]) -> Domain:
  """A domain's texts as `_fitted` has decided.

  A note tells of texts that say nothing.
  """
  if step["step"] == TOKENS:
    made = each_split(domain, lambda x: text.tokenize(_values(x), step["length"]))
    return made._replace(kind="tokens", features=(), notes=domain.notes + _told_empty(domain))
  made = each_split(domain, lambda x: bags(_values(x), step))
  splits = [made.train] if made.test.x is made.train.x else [made.train, made.test]
  void = sum(int((~np.asarray(s.x).any(axis=1)).sum()) for s in splits)
  notes = domain.notes
  if void:
    whole = sum(len(s.x) for s in splits)
    notes += (
      f"{domain.name}: {void} of {whole} texts are empty or have no word of the vocabulary",
    )
  return made._replace(kind="vector", features=tuple(step["words"]), notes=notes)


def _told_empty(domain: Domain) -> tuple[str, ...]:
  every = [value for split in (domain.train, domain.test) for value in _values(split.x)]
  empty = sum(not value.strip() for value in every)
  return (f"{domain.name}: {empty} of {len(every)} texts are empty",) if empty else ()


def bags(values: Sequence[str], step: Mapping[str, Any]) -> np.ndarray:
  """Texts as rows of tf-idf [n, d] float32.

  Each is of the step's length or zero.
  """
  if not values:
    return np.zeros((0, len(step["words"])), np.float32)
  vectorizer = _vectorizer(step, vocabulary={word: k for k, word in enumerate(step["words"])})
  vectorizer.idf_ = np.asarray(step["idf"])
  found: np.ndarray = vectorizer.transform(values).toarray()
  return np.float32(step["length"]) * found


def later(domain: Domain, steps: Sequence[Mapping[str, Any]], in_order: bool) -> Domain:
  """Treat later data as a task's texts have been treated.

  Args:
    domain: as `data.read` gives it.
    steps: what `together` gave.
    in_order: take columns of texts whatever their names are.

  Raises:
    ValueError: no texts, or columns of other names.
  """
  (names,) = (tuple(s["columns"]) for s in steps if s["step"] == COLUMNS)
  table: Any = domain.train.x
  if isinstance(table, Table):
    if in_order or not names:
      names = texts.text_columns([table], Reading()) or table.names[: len(table.names) == 1]
    if not names:
      raise ValueError(
        f"{domain.name} has no column of texts, which the model reads: name one text"
      )
    domain = _joined(domain, names, "the model reads")
  elif not isinstance(table, Texts):
    raise ValueError(f"{domain.name} has no texts, and the model reads texts: give such")
  (step,) = (s for s in steps if s["step"] in (BAG, TOKENS))
  return applied(domain, step)


def _values(x: Any) -> list[str]:
  return ["" if value is None else value for value in x.values.tolist()]


def _vectorizer(step: Mapping[str, Any], **options: Any) -> Any:
  """Words and neighbours, as scikit-learn tells them apart, counts and weighs them."""
  try:
    from sklearn.feature_extraction.text import TfidfVectorizer
  except ImportError as error:
    raise ValueError(f"bags of words need scikit-learn: {extras.install('containers')}") from error
  return TfidfVectorizer(
    lowercase=True,
    token_pattern=step["pattern"],
    ngram_range=(1, step["together"]),
    sublinear_tf=step["logarithm"],
    norm="l2",
    dtype=np.float32,
    **options,
  )
