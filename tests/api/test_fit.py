"""`adapt.fit`: from arrays, names and modules to trained models."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import toy

import adapt
from adapt.api import fit
from adapt.experiments import auto
from adapt.methods.dann import dann

SMALL = {"steps": 40, "width": 8, "depth": 1, "evaluations": 4, "batch_size": 32}
SOURCE = (toy.MOONS.train.x, toy.MOONS.train.y)
TARGET = toy.TURNED.train.x
TEST = (toy.TURNED.test.x, toy.TURNED.test.y)


@pytest.fixture(scope="module")
def run():
  return adapt.fit("dann", source=SOURCE, target=TARGET, test=TEST, seeds=2, **SMALL)


def test_a_name_and_its_factory_are_the_same(run):
  own = adapt.fit(dann, source=SOURCE, target=TARGET, test=TEST, seeds=2, **SMALL)
  assert own.record["parameters"] == run.record["parameters"]
  assert own.record["label"] == run.record["label"]


def test_settings_and_hyper_parameters_go_by_name(run):
  config = run.record["config"]
  assert config["settings"]["steps"] == 40 and config["hyperparameters"]["width"] == 8
  with pytest.raises(ValueError, match="dann has no 'wieght': it takes weight, ramp"):
    adapt.fit("dann", source=SOURCE, target=TARGET, wieght=3)


def test_labels_of_any_kind_come_back_as_they_were(run):
  names = np.array(["no", "yes"])[SOURCE[1]]
  own = adapt.fit("dann", source=(SOURCE[0], names), target=TARGET, seeds=2, **SMALL)
  assert own.record["parameters"] == run.record["parameters"]
  np.testing.assert_array_equal(own.predict(TEST[0]) == "yes", run.predict(TEST[0]) == 1)
  assert own.accuracy is None and run.accuracy is not None


def test_target_labels_are_read_only_where_they_are_declared():
  labelled = (TEST[0][:20], TEST[1][:20])
  few = adapt.fit(
    "fine_tune", source=SOURCE, target=TARGET, test=TEST, labelled=labelled, steps=40, seeds=1
  )
  assert few.record["examples"]["labelled"] == 20
  with pytest.raises(ValueError, match="needs labelled target examples"):
    adapt.fit("fine_tune", source=SOURCE, target=TARGET, test=TEST, steps=40)
  spoilt = (TEST[0], 1 - TEST[1])
  right, wrong = (
    adapt.fit("source_only", source=SOURCE, target=TARGET, test=test, steps=40)
    for test in (TEST, spoilt)
  )
  assert right.record["parameters"] == wrong.record["parameters"]
  assert right.record["validators"] == wrong.record["validators"]


def test_several_sources_as_list_or_dict():
  other = (toy.TILTED.train.x, toy.TILTED.train.y)
  options = {"target": TARGET, "steps": 8, "evaluations": 1, "width": 8, "depth": 1}
  listed = adapt.fit("mdan", source=[SOURCE, other], **options)
  named = adapt.fit("mdan", source={"a": SOURCE, "b": other}, **options)
  assert listed.record["parameters"] == named.record["parameters"]
  assert named.record["config"]["source"] == ["a", "b"]


def test_an_unseen_target_judges_and_does_nothing_else():
  x, y = toy.TURNED.train.x, toy.TURNED.train.y
  several = [SOURCE, (toy.TILTED.train.x, toy.TILTED.train.y)]
  short = {"source": several, "protocol": "leave-one-out", "steps": 20, "evaluations": 1}
  one, other = (adapt.fit("irm", target=(xt, y), **short) for xt in (x, 50 * x - 7))
  assert one.record["parameters"] == other.record["parameters"]
  assert one.record["last"] != other.record["last"]
  assert one.record["examples"]["test"] == len(y)  # no row is held back where none is trained on
  assert one.accuracy.mean == pytest.approx(np.mean(one.predict(x) == y))
  assert one.record["config"]["protocol"] == "leave-one-out"
  assert not [n for n in (*one.notes, *other.notes) if "are also in" in n]
  leak = np.concatenate([SOURCE[0][:1], x[1:]])
  [told] = [n for n in adapt.fit("irm", target=(leak, y), **short).notes if "are also in" in n]
  assert told.startswith(f"1 of the {len(y)} examples of target test are also in")
  for method, protocol, reason in (
    ("dann", "leave-one-out", "dann reads the target, which is unseen"),
    ("auto", "leave-one-out", "auto tries methods that adapt"),
    ("irm", "leave_one_out", "unknown protocol 'leave_one_out' .did you mean leave-one-out"),
  ):
    with pytest.raises(ValueError, match=reason):
      adapt.fit(method, **{**short, "target": (x, y), "protocol": protocol})


def test_a_folder_keeps_records_and_the_same_call_finds_them(tmp_path, run):
  options = {"source": SOURCE, "target": TARGET, "test": TEST, "seeds": 2, **SMALL}
  first = adapt.fit("dann", out=tmp_path, **options)
  seen = []
  again = adapt.fit("dann", out=tmp_path, callbacks=[lambda *told: seen.append(told)], **options)
  assert not seen and again.record == first.record
  assert first.record["parameters"] == run.record["parameters"]
  np.testing.assert_array_equal(again.predict(TEST[0]), run.predict(TEST[0]))
  frame = adapt.results(tmp_path).to_frame()
  assert list(frame.seed) == [0, 1] and list(frame.accuracy) == first.record["last"]["accuracy"]


def test_callbacks_see_measures_without_target_labels_and_stop():
  seen = []

  def watch(step, measures, stop):
    seen.append((step, measures))
    if step >= 20:
      stop()

  options = {"source": SOURCE, "target": TARGET, "test": TEST, "seeds": 2, **SMALL}
  run = adapt.fit("dann", callbacks=[watch], **options)
  assert [step for step, _ in seen] == [10, 20] == run.history["step"]
  assert {"loss", "domain_loss", "source_accuracy", "entropy", "snd"} <= set(seen[0][1])
  assert not any("target" in name for name in seen[0][1])
  assert len(run.predict(TEST[0])) == len(TEST[0])


def test_a_run_that_was_stopped_leaves_no_record(tmp_path):
  options = {"source": SOURCE, "target": TARGET, **SMALL, "out": tmp_path}
  with pytest.raises(ValueError, match="stopped early makes no record"):
    adapt.fit("dann", callbacks=[lambda step, measures, stop: stop()], **options)
  assert not list(tmp_path.glob("*/*/*.json"))


def test_small_data_get_a_batch_that_they_have():
  few = adapt.fit("source_only", source=(SOURCE[0][:20], SOURCE[1][:20]), target=TARGET, steps=4)
  assert few.record["config"]["settings"]["batch_size"] == 16


def test_a_search_keeps_one_model():
  options = {"source": SOURCE, "target": TARGET, "test": TEST, "steps": 8, "evaluations": 1}
  run = adapt.fit("source_only", search=3, **options)
  assert len(run.record["search"]["candidates"]) == 3 and run.seeds == (0,)


def test_frames_with_gaps_and_categories_are_learnt_and_predicted_by_name(tmp_path):
  random = np.random.default_rng(0)

  def frame(n, signal=2.0):
    y = np.arange(n) % 2
    ward = np.where(y, "north", "south").astype(object)
    ward[::3] = None
    age = random.normal(200 + 40 * signal * y, 40)
    age[::5] = np.nan
    return pd.DataFrame({"ward": ward, "age": age, "label": np.where(y, "ill", "well")})

  source, target = frame(200), frame(160)
  short = {"steps": 40, "evaluations": 1, "width": 8}
  fitted = adapt.fit(
    "dann", source=source, target=target, out=tmp_path, reading={"drop": ["x"]}, **short
  )
  assert fitted.accuracy.mean > 0.8
  assert fitted.record["config"]["reading"] == {"drop": ["x"]}
  assert fitted.record["preprocessing"]["features"] == 6
  assert any("missing cells in" in note for note in fitted.notes)
  turned = target[["age", "label", "ward"]]
  assert fitted.evaluate(turned[["age", "ward"]], turned.label).mean > 0.8
  again = adapt.load(fitted.save(tmp_path / "m.npz"))
  one = pd.DataFrame({"age": [280.0], "ward": ["east"]})
  with pytest.warns(UserWarning, match="'ward' has 1 values of no category of training"):
    np.testing.assert_allclose(again.predict_proba(one), fitted.predict_proba(one), atol=1e-6)
  with pytest.raises(ValueError, match=r"x lacks the columns 'ward' that the model takes"):
    fitted.predict(target[["age"]])
  with pytest.raises(ValueError, match=r"x names no columns, .* columns_in_order"):
    fitted.predict(np.zeros((3, 2)))


def test_a_raw_medical_table_is_learnt_as_well_as_by_logistic_regression():
  root = Path(__file__).resolve().parents[3] / "shared" / "data"
  folder = Path(os.environ.get("ADAPT_REAL_DATA", root)) / "medical" / "heart"
  if not folder.is_dir():
    pytest.skip("no folder with the real data ($ADAPT_REAL_DATA)")
  source, target = (
    pd.read_csv(folder / f"processed.{name}.data", na_values="?")
    for name in ("cleveland", "hungarian")
  )
  for frame in source, target:  # most of the target's thal and ca are missing
    frame["target"] = np.where(frame.target > 0, "sick", "well")
  fitted = adapt.fit(
    "source_only", source=source, target=target, label="target", steps=300, evaluations=1
  )
  assert fitted.accuracy.mean > 0.77  # 62.6 % unscaled, 65.5 % with indicators scaled too


def test_auto_keeps_the_model_that_it_has_chosen(tmp_path, monkeypatch):
  every = auto.candidates(2)
  monkeypatch.setattr(auto, "candidates", lambda *_: every[:2])
  monkeypatch.setattr(auto, "choose", lambda seen: seen[1])
  given = {"source": SOURCE, "target": TARGET, "seeds": 1, "steps": 40, "evaluations": 4}
  own = adapt.fit("auto", test=TEST, out=tmp_path, **given)
  dann = adapt.fit("dann", test=TEST, out=tmp_path, **given)
  assert own.record["auto"]["chosen"] == dann.record["label"] and own.record["label"] == "auto"
  assert own.record["parameters"] == dann.record["parameters"]
  np.testing.assert_array_equal(own.predict(TARGET), dann.predict(TARGET))
  assert [n for n in own.notes if n.startswith("auto on ")] == auto.lines(own.record)
  assert len(adapt.results(tmp_path)) == 3
  with pytest.raises(ValueError, match="leave out search"):
    adapt.fit("auto", search=2, **given)


def test_a_model_that_predicts_one_class_is_told_without_target_labels():
  far = TARGET + np.float32(50)  # beyond every boundary, on one side
  lost = adapt.fit("source_only", source=SOURCE, target=far, steps=40, batch_size=32)
  told = "one class for nearly all of the target"
  assert any(told in note for note in lost.notes), lost.notes


def test_labels_that_no_method_reads_are_told():
  with pytest.warns(UserWarning, match="dann learns from no labels of the target"):
    fit._tell_unread(True, [toy.experiment("dann")])
  fit._tell_unread(False, [toy.experiment("dann")])
  fit._tell_unread(True, [toy.experiment("dann"), toy.experiment("fine_tune")])
