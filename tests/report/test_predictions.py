"""Pictures of predictions: what is on their axes is what the points say, and no picture without them."""

import numpy as np
import pytest
import sample_records
from sklearn import metrics

from adapt.report import predictions

RNG = np.random.default_rng(0)
N = 200
DOMAIN = np.repeat([0, 1], N)


def of_values():
  """A record of values around 50, and points whose target is predicted too high."""
  made = sample_records.make(label="dann", classes=("value",))
  made |= {"output": {"name": "values", "mean": [50.0], "std": [10.0]}}
  true = RNG.normal(size=2 * N).astype(np.float32)
  said = true + 0.2 * RNG.normal(size=2 * N) + 0.5 * DOMAIN
  return made, {"label": true, "domain": DOMAIN, "predicted": said}


def of_classes(label="dann", gap=1.0):
  made = sample_records.make(label=label, classes=("well", "ill"))
  true = RNG.integers(0, 2, 2 * N)
  true[::9] = -1  # unknown
  score = gap * true + RNG.normal(size=2 * N)
  return made, {"label": true, "domain": DOMAIN, "score": score.astype(np.float32)}


def test_dots_are_true_and_predicted_values_in_their_unit():
  made, points = of_values()
  [axis] = predictions.predicted_figure([made], {"dann": points}).axes
  source, target = (c.get_offsets().data for c in axis.collections)
  np.testing.assert_allclose(source[:, 0], 50 + 10 * points["label"][:N], rtol=1e-6)
  np.testing.assert_allclose(target[:, 1], 50 + 10 * points["predicted"][N:], rtol=1e-6)
  r2 = metrics.r2_score(points["label"][N:], points["predicted"][N:])
  assert axis.get_title().endswith(f"target {r2:.3f}")


def test_bars_of_residuals_are_shares_and_lines_their_means():
  made, points = of_values()
  [axis] = predictions.residuals_figure([made], {"dann": points}).axes
  source, target = axis.containers
  for bars in (source, target):
    assert sum(bar.get_height() for bar in bars) == pytest.approx(100)
  lines = [line.get_xdata()[0] for line in axis.lines]
  apart = 10 * (points["predicted"] - points["label"])
  np.testing.assert_allclose(lines[:2], [apart[:N].mean(), apart[N:].mean()], rtol=1e-4)
  assert lines[2] == 0 and lines[1] > 4


def test_curves_are_scikit_learn_s():
  made, points = of_classes()
  own = (points["label"] >= 0) & (points["domain"] == 1)
  true, score = points["label"][own], points["score"][own]
  [axis] = predictions.roc_figure([made], {"dann": points}).axes
  x, y, _ = metrics.roc_curve(true, score, drop_intermediate=False)
  target = next(line for line in axis.lines if "target" in line.get_label())
  np.testing.assert_allclose(target.get_xydata(), 100 * np.stack([x, y], axis=1), atol=1e-6)
  assert f"AUROC {100 * metrics.roc_auc_score(true, score):.1f}" in target.get_label()
  [axis] = predictions.precision_recall_figure([made], {"dann": points}).axes
  precision, recall, _ = metrics.precision_recall_curve(true, score)
  target = next(line for line in axis.lines if "dann, target" in line.get_label())
  # scikit-learn stops at full recall, and begins at the lowest threshold.
  first, *found = target.get_xydata()[: len(recall)]
  np.testing.assert_allclose(first, [0, found[0][1]])  # the first step is drawn from no recall on
  found = np.array(found)[::-1]
  np.testing.assert_allclose(found, 100 * np.stack([recall, precision], axis=1)[:-1], atol=1e-6)
  average = 100 * metrics.average_precision_score(true, score)
  assert f"AUPRC {average:.1f}" in target.get_label()


def test_records_stand_side_by_side_and_are_written(tmp_path):
  (one, first), (other, second) = of_classes("source_only", 0.3), of_classes("dann")
  points = {"source_only": first, "dann": second}
  [axis] = predictions.roc_figure([one, other], points).axes
  assert len(axis.lines) == 5  # a line a record and domain, and the coin's
  written = predictions.written([one, other], points, tmp_path, "png")
  assert [p and p.name for p in written] == [None, None, "roc.png", "precision_recall.png"]
  made, mine = of_values()
  written = predictions.written(
    [made, {**made, "label": "dan"}], {"dann": mine, "dan": mine}, tmp_path, "pdf"
  )
  assert [p and p.name for p in written] == ["predicted.pdf", "residuals.pdf", None, None]


def test_no_picture_of_what_is_not_there():
  made, points = of_classes()
  one = {**points, "label": np.where(points["label"] < 0, -1, 1)}  # of one class
  lost = {**points, "score": np.full(2 * N, np.nan)}
  for mine in (
    one,
    lost,
    {"label": points["label"], "domain": DOMAIN, "predicted": points["label"]},
  ):
    for draw in predictions.FIGURES.values():
      assert draw([made], {"dann": mine}) is None
  value, mine = of_values()
  unknown = {**mine, "label": np.full(2 * N, np.nan)}
  assert predictions.predicted_figure([value], {"dann": unknown}) is None
  assert predictions.predicted_figure([value], {}) is None
