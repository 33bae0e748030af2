"""Experiments: names, defaults, sweeps, and the combinations that are refused with a reason."""

import pickle

import pytest
import toy

from adapt import tuning, weights
from adapt.experiments import experiment as experiment_module
from adapt.experiments.plan import plan

CASES = [
  ("weighted", {"given": {"balance": 2.0}}, "between 0 and 1"),
  ("adam", {}, r"unknown method 'adam' .*: choose from"),
  ("dann", {"weighting": "luck"}, "unknown weighting 'luck'"),
  ("dann", {"tuning": "luck"}, "unknown tuning 'luck'"),
]


@pytest.mark.parametrize(("method", "changes", "message"), CASES)
def test_what_cannot_be_is_refused_with_a_reason(method, changes, message):
  with pytest.raises(ValueError, match=message):
    toy.experiment(method, **changes)


def test_what_a_weighting_does_not_take_is_refused_with_what_it_takes():
  with pytest.raises(ValueError, match="kmm has no 'size'"):
    toy.experiment("dann", weighting=weights.bind("kmm", size=1))


def test_labels_name_what_differs_from_the_suite_s_defaults():
  suite = toy.SUITE._replace(defaults={"dann": {"weight": 0.1}})
  experiment = toy.experiment("dann", suite=suite, given={})
  [point] = experiment.points
  assert point.label == "dann" and point.hyperparameters["weight"] == 0.1
  [point] = toy.experiment("dann", suite=suite, given={"weight": 1.0}).points
  assert point.label == "dann-weight=1.0"
  [point] = toy.experiment("dann", suite=suite, given={"weight": 0.1}).points
  assert point.label == "dann"
  assert experiment._replace(start="source").points[0].label == "dann-start=source"
  assert toy.experiment("fine_tune", start="source").points[0].label == "fine_tune"
  assert toy.experiment("fine_tune", start="scratch").points[0].label == "fine_tune-start=scratch"


def test_equal_names_in_weighting_and_tuning_stay_apart_in_the_label():
  beta = weights.bind("class_balanced", beta=0.5), tuning.bind("l2_sp", beta=0.02)
  [point] = toy.experiment("source_only", weighting=beta[0]).points
  assert point.label == "source_only+class_balanced-beta=0.5"
  [point] = toy.experiment("coral", given={}, weighting=beta[0], tuning=beta[1]).points
  assert point.label == "coral+class_balanced+l2_sp-beta=0.5-l2_sp-beta=0.02"


def test_a_warm_start_names_the_rate_of_its_source_model():
  swept = toy.experiment("fine_tune", sweep={"lr": (0.3,)})
  assert swept.config(swept.points[0], {})["source_lr"] == toy.SETTINGS.lr


def test_a_tuning_implies_the_source_model_and_full_does_not():
  experiment = toy.experiment("dann")
  assert experiment.config(experiment.points[0], {})["start"] == "scratch"
  tuned = toy.experiment("dann", tuning=tuning.bind("l2_sp"))
  assert tuned.config(tuned.points[0], {})["start"] == "source"


def test_two_sweeps_make_a_grid():
  labels = [
    p.label
    for p in toy.experiment("dann", given={}, sweep={"weight": (0.0, 0.5), "lr": (0.1, 1.0)}).points
  ]
  assert labels == [f"dann-lr={lr}-weight={w}" for w in (0.0, 0.5) for lr in (0.1, 1.0)]


def test_class_sets_are_part_of_the_configuration_only_where_there_are_any():
  experiment = toy.experiment("source_only", task=toy.UNIVERSAL)
  found = experiment.config(experiment.points[0], {})["classes"]
  assert found == {"shared": 4, "source_private": 2, "target_private": 2}
  plain = toy.experiment("source_only")
  assert "classes" not in plain.config(plain.points[0], {})


def test_points_are_made_once_on_the_way_to_training(monkeypatch, tmp_path):
  calls = []
  made = experiment_module.points
  monkeypatch.setattr(experiment_module, "points", lambda c: calls.append(c) or made(c))
  experiment = toy.experiment("dann", sweep={"weight": (0.0, 1.0)})
  planned = plan(experiment, tmp_path, False, toy.load)
  assert [p.label for p in planned.missing] == [p.label for p in experiment.points]
  assert len(calls) == 1


def test_other_choices_have_points_and_code_of_their_own():
  experiment = toy.experiment("dann", given={})
  way = tuning.bind("l2_sp")
  other = experiment._replace(sweep={"weight": (0.0, 1.0)}, tuning=way, start="source")
  assert len(experiment.points) == 1 and len(other.points) == 2
  assert experiment.code.keys() == other.code.keys()
  assert experiment.code["tuning"] != other.code["tuning"]
  with pytest.raises(ValueError, match="choose scratch or source"):
    assert experiment._replace(start="imagenet").points


def test_a_pickled_experiment_says_the_code_of_where_it_is_read():
  experiment = toy.experiment("dann")
  code = dict(experiment.code)
  experiment.code["method"] = "that of another machine"
  read = pickle.loads(pickle.dumps(experiment))
  assert read == experiment and read.code == code


@pytest.mark.parametrize("seeds", [(), (0, 0), (-1,)])
def test_seeds_are_some_and_all_different(seeds):
  with pytest.raises(ValueError, match="give one or more, 0 or above, all different"):
    toy.experiment("source_only", seeds=seeds)
