"""Pictures of validators and of calibration are drawn from what records hold, and else not at all."""

import numpy as np
import pytest
import sample_records
from PIL import Image

from adapt.report import diagnostics, selection


def scored(label, **changed):
  made = sample_records.make(label=label, **changed)
  rng = np.random.default_rng(len(label))
  curve = [c or [0.1] * 10 for c in made["curves"]["target_accuracy"]]
  noise = rng.normal(0, 0.1, (4, 3, 10))
  made["validators"] = {f"v{i}": (np.array(curve) + noise[i]).tolist() for i in range(4)}
  return made


def binned(label):
  made = sample_records.make(label=label)
  right = np.linspace(0, 9, 10)
  bins = np.stack([np.full(10, 10.0), np.arange(10) + 0.5, right], axis=1)
  return {**made, "bins": [bins.tolist(), None, bins.tolist()]}


def shown(path):
  with Image.open(path) as image:
    pixels = np.asarray(image.convert("L"))
    return image.size, pixels.std()


def test_validators_have_a_panel_each(tmp_path):
  made = [scored("source_only"), scored("dann")]
  (width, height), spread = shown(diagnostics.validators(made, tmp_path / "four.png"))
  assert width > height > 500 and spread > 10  # two rows
  for r in made:
    r["validators"] = {"v0": r["validators"]["v0"]}
  (narrow, low), _ = shown(diagnostics.validators(made, tmp_path / "one.png"))
  assert narrow < width / 2 and low < height


def test_scores_are_placed_among_those_of_their_task():
  def run(task, label, accuracy, score):
    return selection.Run(task, label, 0, np.array(accuracy), np.array(score))

  low = run("low", "dann", [0.1, 0.3], [5.0, -np.inf]), run("low", "dan", [0.2, 0.3], [7.0, 7.0])
  high = run("high", "dann", [0.9], [0.01]), run("high", "dan", [0.7], [0.02])
  x, y = diagnostics._placed([*low, *high, run("alone", "dann", [0.5, 0.6], [1.0, 2.0])])
  np.testing.assert_allclose(x, [100 / 6, 200 / 3, 200 / 3, 25, 75])  # ties share their mean rank
  np.testing.assert_allclose(y, [-10, 0, 10, 10, -10], atol=1e-9)


def test_one_method_and_records_without_scores_are_not_drawn(tmp_path):
  bare = [sample_records.make(label=label) for label in ("source_only", "dann")]
  assert diagnostics.validators(bare, tmp_path / "a.png") is None
  assert diagnostics.validators([scored("dann"), scored("target_only")], tmp_path / "a.png") is None
  apart = scored("source_only"), {**scored("dann"), "task": "another"}
  assert diagnostics.validators(apart, tmp_path / "a.png") is None


def test_reliability_is_drawn_where_bins_were_recorded(tmp_path):
  made = [binned("source_only"), sample_records.make(label="coral"), binned("dann")]
  (width, _), spread = shown(diagnostics.reliability(made, tmp_path / "a.png"))
  (half, _), _ = shown(diagnostics.reliability(made[:2], tmp_path / "b.png"))
  assert spread > 10 and width == pytest.approx(2 * half, rel=0.1)
  assert diagnostics.reliability([sample_records.make()], tmp_path / "c.png") is None
  assert not (tmp_path / "c.png").exists()


def test_bins_are_pooled_over_seeds_that_did_not_diverge():
  np.testing.assert_array_equal(diagnostics._bins(binned("dann"))[:, 0], np.full(10, 20.0))
  assert diagnostics._bins({**binned("dann"), "bins": [None, None, None]}) is None


def test_bars_say_accuracy_and_the_gap_says_confidence():
  from adapt.report.style import canvas

  figure, axes = canvas(1, 1, (3, 3))
  del figure
  diagnostics._draw_reliability(axes[0][0], np.array([[0, 0, 0], [10, 7.5, 4], [10, 9, 10]], float))
  accuracy, gap = axes[0][0].containers
  assert [b.get_height() for b in accuracy] == pytest.approx([40, 100])
  assert [(b.get_y(), b.get_height()) for b in gap] == [
    pytest.approx((40, 35)),
    pytest.approx((90, 10)),
  ]
