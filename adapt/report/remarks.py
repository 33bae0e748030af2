"""Remarks beside a table of records.

They are about labels that learnt nothing, means over classes, small test sets and weights.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from adapt.evaluation.decision import CHOSEN
from adapt.evaluation.metrics import macro_of_all
from adapt.report import measures
from adapt.report.summary import Record, by_seed, cell, headline

SMALL = 200  # test examples, below which an accuracy is shown with its interval
_ERRORS = 2  # standard errors within which an accuracy is not told apart
_LEARNT = 0.05  # R² on held-out source examples, below which nothing is learnt
_FEW = 0.2  # share of effective examples, below which a weighting leaves too few
_EDGE = 0.02  # estimated share of a class, below which it is next to nothing
_COLLAPSED = 4  # times fewer examples of all other classes than in the source
_LABEL_SHIFT = ("bbse", "rlls", "mlls")


def remarks(records: Sequence[Record]) -> list[str]:
  """Lines under a table, one for each record that needs it."""
  of_each = [
    line
    for r in records
    for each in (lost, _means, _interval, _weights, _flat, _decided)
    for line in each(r)
  ]
  return [*of_each, *measures.missing(records, headline(records))]


def _where(record: Record) -> str:
  return f"{record['label']} on {record['task']}"


def _known(record: Record) -> list[np.ndarray]:
  """Confusion matrices of the seeds that have one."""
  return [np.asarray(m, float) for m in record.get("confusion") or () if m is not None]


def lost(record: Record) -> Iterator[str]:
  """Warnings that a model may predict one class alone.

  Of the source, or else of the target.
  """
  found = [*_unlearnt(record)]
  yield from found or _collapsed(record)


def _unlearnt(record: Record) -> Iterator[str]:
  """A warning that a source model may predict one class alone.

  It compares held-out source accuracy with the share of the most frequent class. Such is an
  accuracy within two standard errors, of the binomial distribution, of that class's share or below.
  """
  most, curves = record.get("majority"), record.get("curves") or {}
  found = [c[-1] for c in curves.get("source_accuracy") or () if c and c[-1] is not None]
  if not most or not found:
    return
  share, n = most["share"], most["examples"]
  blind = share + _ERRORS * np.sqrt(share * (1 - share) / n)
  if not (low := [a for a in found if a <= blind]):
    return
  seeds = f"{len(low)} of {len(found)} seeds are" if len(found) > 1 else "it is"
  yield (
    f"{_where(record)}: on {n} held-out source examples {seeds} not told apart from always saying "
    f"'{most['class']}' ({100 * np.mean(low):.1f} beside {100 * share:.1f} %): more --steps, another "
    "--lr or --model, or inputs that say nothing of the class"
  )


def _collapsed(record: Record) -> Iterator[str]:
  """A warning that a model predicts one class for nearly all of the target, seen without its labels."""
  found = record.get("expected") or {}
  names = ("most_predicted", "predicted_share", "source_share")
  seeds = list(zip(*(found.get(n, ()) for n in names), strict=True))
  low = [own for own in seeds if None not in own and _COLLAPSED * (1 - own[1]) < 1 - own[2]]
  if not low:
    return
  who = f"{len(low)} of {len(seeds)} seeds predict" if len(seeds) > 1 else "it predicts"
  of, here, there = max(low, key=lambda own: own[1])
  yield (
    f"{_where(record)}: {who} one class for nearly all of the target, as '{record['classes'][int(of)]}' for "
    f"{100 * here:.1f} % where the source has {100 * there:.1f} %: collapsed, unless the target is like "
    "that; a lower --lr, other hyper-parameters or another --method may help"
  )


def _means(record: Record) -> Iterator[str]:
  matrices = _known(record)
  if not matrices or "h_score" in record["last"]:  # such a table shows other measures
    return
  lacking = [c for c, n in zip(record["classes"], matrices[0].sum(1), strict=True) if not n]
  if not lacking:
    return
  every = [macro_of_all(m) for m in matrices]
  names = {"precision": "precision", "recall": "recall", "f1": "F1"}
  shown = [f"{label} {100 * cell(e[n] for e in every).mean:.1f}" for n, label in names.items()]
  own = [cell(by_seed(record, "last", n).values()).mean for n in names]
  differ = any(
    abs(cell(e[n] for e in every).mean - mean) > 5e-4 for n, mean in zip(names, own, strict=True)
  )
  also = f"; over all that are predicted too, as scikit-learn does: {', '.join(shown)}" * differ
  yield (
    f"{_where(record)}: precision, recall and F1 are means over the "
    f"{len(record['classes']) - len(lacking)} of {len(record['classes'])} classes that the test set "
    f"has (not {', '.join(lacking[:5])}{', …' * (len(lacking) > 5)}){also}"
  )


def _interval(record: Record) -> Iterator[str]:
  matrices = _known(record)
  found = [i for i in (record.get("interval") or {}).get("accuracy", ()) if i is not None]
  if not matrices or not found or (size := int(matrices[0].sum())) >= SMALL:
    return
  low, high = 100 * np.mean(found, axis=0)
  each = " each seed's" if len(found) > 1 else " the"
  yield (
    f"{_where(record)}: {size} test examples leave{each} accuracy a 95 % interval (Wilson) of "
    f"{low:.1f} to {high:.1f}{' on average' if len(found) > 1 else ''}"
  )


def _flat(record: Record) -> Iterator[str]:
  """Seeds that explain nothing even of the source have not learnt, whatever the target says."""
  curves = (record.get("curves") or {}).get("source_r2") or ()
  lost = [i for i, own in enumerate(curves) if own and own[-1] is not None and own[-1] < _LEARNT]
  if lost:
    seeds = ", ".join(str(record["config"]["seeds"][i]) for i in lost)
    yield (
      f"{_where(record)}: with seed {seeds} the source's own R² is below {_LEARNT}: the network predicts "
      "little but the mean; try a lower --lr"
    )


def _decided(record: Record) -> Iterator[str]:
  """Which numbers are of a threshold, and which are not."""
  if not (own := record.get("decision")):
    return
  known = [t for t in own["threshold"] if t is not None]
  shown = f"{min(known):.3g}" if known else "–"
  shown += f" to {max(known):.3g}" if known and min(known) < max(known) else ""
  chosen = f" ({own['rule']} on held-out source examples)" if own["rule"] in CHOSEN else ""
  yield (
    f"{_where(record)}: '{record['classes'][1]}' is predicted above the probability {shown}{chosen}; curves, "
    "the selected and the best step, expected accuracies and the calibration error stay at a half"
  )


def _weights(record: Record) -> Iterator[str]:
  share, priors = record.get("effective_share"), record.get("weighted_shares")
  name = (record["config"].get("weights") or {}).get("name", "the weighting")
  if priors and name in _LABEL_SHIFT and min(priors) < _EDGE:
    least = int(np.argmin(priors))
    yield (
      f"{_where(record)}: {name} estimates that {100 * min(priors):.1f} % of the target are of the class "
      f"'{record['classes'][least]}': p(x | y) may differ between the domains, which it cannot correct"
    )
  if share is not None and share < _FEW:
    yield (
      f"{_where(record)}: {name} makes {100 * share:.1f} % of the source examples count (effective "
      "sample size): results vary with few of them"
    )
