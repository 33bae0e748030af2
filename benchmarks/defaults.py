"""What the defaults of one's own data rest on: accuracy on held-out source examples, by set and candidate.

python -m benchmarks.defaults --from FOLDER [--only QUESTION…] [--out results/defaults.json]

A question asks for one setting: each set is trained with each candidate, the rest by default, and the
fifth of the source's training examples that training never sees is the judge. No target label is read.
FOLDER has the sets that `benchmarks.first_run` takes; scikit-learn ships iris, wine and breast cancer.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import adapt
from adapt.api import arrays
from adapt.cli import reading_flags
from adapt.data import Domain, atomic_files
from adapt.experiments import own_data, own_defaults
from adapt.records.record import environment
from benchmarks import first_pairs

# Domains that are a source each.
_RINGS = {
  "heart": ("cleveland", "hungarian", "switzerland", "va"),
  "surf": ("amazon", "caltech10", "dslr", "webcam"),
  "amazon": ("books", "dvd", "electronics", "kitchen"),
  "speech": ("george", "jackson", "lucas", "nicolas", "theo", "yweweler"),
  "bearings": ("1730rpm", "1797rpm"),  # of four; a step takes a second
}
Candidate = Callable[[Sequence[Domain]], dict[str, Any]]


class Question(NamedTuple):
  """One setting, and what it may be.

  Attributes:
    method: what is trained.
    kinds: of sets.
    candidates: settings of `adapt.fit` by name; made of a set's domains.
  """

  method: str
  kinds: tuple[str, ...]
  candidates: Mapping[str, Candidate]


def _always(**settings: Any) -> Candidate:
  """The same for each set."""
  return lambda domains: settings


def _radius(factor: float) -> Candidate:
  """VADA's radius as a multiple of the default's."""
  return lambda domains: {
    "radius": factor * own_defaults.RADIUS * own_defaults.input_length(domains[:1]),
    "steps": 250,
  }


_TABLES = ("heart", "surf", "optdigits", "shipped")
QUESTIONS = {
  "vectors": Question(
    "source_only",
    (*_TABLES, "amazon"),
    {
      "default": _always(),
      "lr 0.01": _always(lr=0.01),
      "lr 0.1": _always(lr=0.1),
      "250 steps": _always(steps=250),
      "500 steps": _always(steps=500),
      "weight decay 0.001": _always(weight_decay=0.001),
      "weight decay 0.01": _always(weight_decay=0.01),
    },
  ),
  "series": Question(
    "source_only",
    ("speech", "bearings"),
    {"default": _always(), "1000 steps": _always(steps=1000)},
  ),
  "radius": Question(
    "vada",
    _TABLES,
    {
      "default": _radius(1),
      "a third": _radius(1 / 3),
      "three times": _radius(3),
      "3.5": _always(radius=3.5, steps=250),
    },
  ),
  "margin": Question(
    "mdd", _TABLES, {f"{m:g}": _always(margin=m, steps=250) for m in (1.0, 2.0, 4.0, 8.0)}
  ),
  "critic": Question(
    "dann", _TABLES, {"default": _always(), **{f"{w}": _always(width=w) for w in (256, 1024)}}
  ),
}


def _ring(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
  """Each name with the next one: every set is a source once."""
  return tuple(zip(names, [*names[1:], names[0]], strict=True))


def sets(kind: str, data: Path, folder: Path) -> Iterator[tuple[str, list[Domain]]]:
  """Yields each set's name with its domains: the set, then another as the target.

  Args:
    kind: "shipped" (with scikit-learn), or one of `first_pairs.KINDS`.
    data: copies of the public sets.
    folder: where files are written.
  """
  if kind == "shipped":
    yield from _shipped()
    return
  made, ring = first_pairs.KINDS[kind], _RINGS.get(kind)
  for name, pair in made(data, folder, _ring(ring)) if ring else made(data, folder):
    parser = argparse.ArgumentParser()
    reading_flags.add(parser)
    reading = reading_flags.of(parser.parse_args(pair.flags))
    domains = own_data.loaded([str(pair.source), str(pair.target)], None, reading)
    yield name.rsplit("_", 1)[0] if ring else name, domains


def _shipped() -> Iterator[tuple[str, list[Domain]]]:
  """Yields scikit-learn's tables; half of each is the target."""
  from sklearn import datasets

  for name in ("iris", "wine", "breast_cancer"):
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    first, second = np.array_split(np.random.default_rng(0).permutation(len(x)), 2)
    yield name, arrays.domains_of((x[first], y[first]), x[second])


def answer(question: Question, domains: Sequence[Domain], seeds: int) -> dict[str, list[float]]:
  """Returns the accuracy on held-out source examples by candidate, a value a seed."""
  source, target = domains
  found = {}
  for name, settings in question.candidates.items():
    fitted = adapt.fit(
      question.method, source=source, target=target, seeds=seeds, **settings(domains)
    )
    found[name] = [seed[-1] for seed in fitted.record["validators"]["source_accuracy"]]
  return found


def main(argv: Sequence[str] | None = None) -> int:
  """Answers the questions, and keeps each answer as it comes; goes on with what is there."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--from", dest="data", type=Path, required=True, metavar="FOLDER")
  parser.add_argument("--only", nargs="+", default=list(QUESTIONS), choices=list(QUESTIONS))
  parser.add_argument("--seeds", type=int, default=2)
  parser.add_argument("--out", type=Path, metavar="FILE.json")
  asked = parser.parse_args(argv)
  found: dict[str, Any] = {}
  if asked.out and asked.out.exists():
    found = atomic_files.load_json(asked.out.read_text("utf-8"))
  about = {k: v for k, v in environment().items() if k in ("commit", "device")}
  with tempfile.TemporaryDirectory(prefix="adapt-defaults-") as root:
    for name in asked.only:
      question, answers = QUESTIONS[name], found.setdefault(name, {})
      every = (one for kind in question.kinds for one in sets(kind, asked.data, Path(root)))
      for of, domains in every:
        if of in answers and set(answers[of]["accuracy"]) == set(question.candidates):
          continue
        answers[of] = {"accuracy": answer(question, domains, asked.seeds), **about}
        means = (f"{k} {100 * np.mean(v):.1f}" for k, v in answers[of]["accuracy"].items())
        print(f"{name} {of}: {', '.join(means)}", flush=True)
        if asked.out:
          atomic_files.write_json(asked.out, found)
  return 0


if __name__ == "__main__":
  sys.exit(main())
