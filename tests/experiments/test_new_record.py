"""What a record says of a run: seeds that diverged, targets without labels, classes of all kinds."""

import jax
import numpy as np
import pytest
import toy

from adapt.experiments.run import run
from adapt.training import program

SHORT = {"steps": 40, "evaluations": 2}


def made(tmp_path, method, load=toy.load, **changes):
  return run(toy.experiment(method, **{**SHORT, **changes}), tmp_path, domains=load).records


@pytest.mark.holds("diverged")
def test_a_diverged_seed_is_named_and_the_others_are_kept(tmp_path, monkeypatch):
  files = tmp_path / "toy/moons_turned"
  # One seed's data order is poisoned on the device: its ninth step sees a NaN.
  real = program.shared_step.step

  def step(method, opt, steps, ts, *others):
    after, metrics = real(method, opt, steps, ts, *others)
    second = (ts.key == jax.random.key(1)) & (ts.step == 9)
    return after, {**metrics, "loss": jax.numpy.where(second, jax.numpy.nan, metrics["loss"])}

  monkeypatch.setattr(program.shared_step, "step", step)
  program.program.cache_clear()
  [record] = made(tmp_path, "source_only")
  program.program.cache_clear()
  assert record["diverged"] == {"1": 9}
  accuracy = record["last"]["accuracy"]
  assert accuracy[1] is None and None not in (accuracy[0], accuracy[2])
  expected = record["expected"]["value"]
  assert expected[1] is None and None not in (expected[0], expected[2])
  assert record["selected"]["accuracy"][1] is None
  (low, high), none, _ = record["interval"]["accuracy"]
  assert low < accuracy[0] < high < low + 0.1 and none is None
  assert "NaN" not in (files / "source_only.json").read_text()


def test_a_target_without_labels_gives_no_accuracy(tmp_path):
  blind = toy.TURNED._replace(
    train=toy.TURNED.train._replace(y=None), test=toy.TURNED.test._replace(y=None), classes=()
  )
  [record] = made(tmp_path, "dann", load={"moons": toy.MOONS, "turned": blind}.__getitem__)
  assert record["last"] is None and record["oracle"] is None and record["confusion"] is None
  # What to expect stands alone, and the labels that would judge it had no part in it.
  [seen] = made(tmp_path / "seen", "dann")
  assert record["expected"] == seen["expected"]
  each = record["expected"]
  assert {"value", "low", "high", "cot", "atc", "doc", "source_accuracy"} <= set(each)
  for value, low, high in zip(each["value"], each["low"], each["high"], strict=True):
    assert 0 <= low <= value <= high <= 1
  assert "target_accuracy" not in record["curves"]
  with pytest.raises(ValueError, match="target_only needs target labels"):
    made(tmp_path, "target_only", load={"moons": toy.MOONS, "turned": blind}.__getitem__)


def test_several_sources_are_pooled_and_told_apart(tmp_path):
  second = toy.domain("leaning", 10)
  domains = {"moons": toy.MOONS, "leaning": second, "turned": toy.TURNED}
  task = toy.TASK._replace(name="two", source=("moons", "leaning"))
  [record] = made(tmp_path, "dann", load=domains.__getitem__, task=task)
  assert record["examples"]["source"] == 640
  assert record["config"]["source"] == ["moons", "leaning"]


def test_a_task_with_unknown_classes_has_its_measures_in_the_record(tmp_path):
  [record] = made(tmp_path, "osbp", task=toy.OPEN)
  assert record["classes"] == ["a", "b", "c", "d", "unknown"]
  assert record["config"]["classes"]["target_private"] == 4 and record["expected"] is None
  assert np.array(record["confusion"]).shape == (3, 5, 5)
  for section in "last", "selected", "oracle":
    assert len(record[section]["h_score"]) == 3
  final = record["last"]
  parts = zip(final["h_score"], final["os_star"], final["unknown"], strict=True)
  for h, known, rejected in parts:
    assert h * (known + rejected) == pytest.approx(2 * known * rejected)
  assert all(b >= h for b, h in zip(record["oracle"]["h_score"], final["h_score"], strict=True))
  other = toy.OPEN._replace(classes=toy.UNIVERSAL.classes)
  with pytest.raises(ValueError, match=r"classes.*--force"):
    made(tmp_path, "osbp", task=other)


def test_a_partial_task_is_judged_on_the_target_s_classes(tmp_path):
  [record] = made(tmp_path, "source_only", task=toy.PARTIAL)
  confusion = np.array(record["confusion"])
  assert confusion.shape == (3, 8, 8) and not confusion[:, 2:].any()  # eight to confuse two with
  assert record["examples"]["target"] == 160 and record["examples"]["source"] == 640
  assert "h_score" not in record["last"]
