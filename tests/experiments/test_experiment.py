"""Requests: names, defaults, sweeps, and the combinations that are refused with a reason."""

import pytest
import toy

from adapt import tuning, weights
from adapt.experiments.experiment import config, points

CASES = [
  ("fine_tune", {"weighting": weights.bind("kmm")}, "does not train on source examples"),
  ("target_only", {"weighting": weights.bind("kmm")}, "does not train on source examples"),
  ("source_only", {"tuning": tuning.bind("lora")}, "it makes the source model"),
  ("source_only", {"start": "source"}, "it makes the source model"),
  ("target_only", {"tuning": tuning.bind("bitfit")}, "use fine_tune"),
  ("dann", {"tuning": tuning.bind("lora"), "start": "scratch"}, "use --start source"),
  ("dann", {"start": "imagenet"}, "choose scratch or source"),
  ("fine_tune", {"shots": 0}, "give --shots N"),
  ("weighted", {"shots": 0}, "give --shots N"),
  ("weighted", {"given": {"balance": 2.0}}, "between 0 and 1"),
  (
    "dann",
    {"given": {"heads": 3}},
    "dann has no 'heads': it takes weight, ramp, scale_loss, width, depth",
  ),
  ("dann", {"sweep": {"width": (1.0, 2.0)}}, "only floats can be swept"),
  ("dann", {"weighting": weights.bind("kmm", size=1)}, "kmm has no 'size'"),
  ("mdan", {"task": toy.TASK}, "mdan needs 2 source domains and moons_turned has 1: give several"),
  ("irm", {"task": toy.TASK}, "or take a method for one, such as dann"),
  ("adam", {}, r"unknown method 'adam' .*: choose from"),
  ("dann", {"weighting": "luck"}, "unknown weighting 'luck'"),
  ("dann", {"tuning": "luck"}, "unknown tuning 'luck'"),
]


@pytest.mark.parametrize(("method", "changes", "message"), CASES)
def test_what_has_no_meaning_is_refused_with_a_reason(method, changes, message):
  with pytest.raises(ValueError, match=message):
    points(toy.experiment(method, **changes))


def test_labels_name_what_differs_from_the_suite_s_defaults():
  suite = toy.SUITE._replace(defaults={"dann": {"weight": 0.1}})
  request = toy.experiment("dann", suite=suite, given={})
  [point] = points(request)
  assert point.label == "dann" and point.hyperparameters["weight"] == 0.1
  [point] = points(request._replace(given={"weight": 1.0}))
  assert point.label == "dann-weight=1.0"
  [point] = points(request._replace(given={"weight": 0.1}))
  assert point.label == "dann"
  assert points(request._replace(start="source"))[0].label == "dann-start=source"
  assert points(toy.experiment("fine_tune", start="source"))[0].label == "fine_tune"
  assert points(toy.experiment("fine_tune", start="scratch"))[0].label == "fine_tune-start=scratch"


def test_equal_names_in_weighting_and_tuning_stay_apart_in_the_label():
  beta = BIND("class_balanced", beta=0.5), BIND("l2_sp", beta=0.02)
  [point] = points(toy.experiment("source_only", weights=beta[0]))
  assert point.label == "source_only+class_balanced-beta=0.5"
  [point] = points(toy.experiment("coral", given={}, weights=beta[0], tuning=beta[1]))
  assert point.label == "coral+class_balanced+l2_sp-beta=0.5-l2_sp-beta=0.02"


def test_a_warm_start_names_the_rate_of_its_source_model():
  swept = toy.experiment("fine_tune", sweep={"lr": (0.3,)})
  assert config(swept, points(swept)[0], {})["source_lr"] == toy.SETTINGS.lr


def test_a_tuning_implies_the_source_model_and_full_does_not():
  request = toy.experiment("dann")
  assert config(request, points(request)[0], {})["start"] == "scratch"
  tuned = toy.experiment("dann", tuning=tuning.bind("l2_sp"))
  assert config(tuned, points(tuned)[0], {})["start"] == "source"


def test_two_sweeps_make_a_grid():
  labels = [
    p.label
    for p in points(
      toy.experiment("dann", given={}, sweep={"weight": (0.0, 0.5), "lr": (0.1, 1.0)})
    )
  ]
  assert labels == [f"dann-lr={lr}-weight={w}" for w in (0.0, 0.5) for lr in (0.1, 1.0)]


@pytest.mark.parametrize(
  ("method", "task", "message"),
  [
    ("dann", toy.OPEN, r"serves closed and partial tasks, and blobs_open is open: take .*dance"),
    ("fine_tune", toy.UNIVERSAL, r"blobs_universal is universal: take .*osbp, source_only"),
    ("osbp", toy.TASK, r"serves open and universal tasks, and moons_turned is closed: take aad"),
    ("osbp", toy.PARTIAL, r"blobs_partial is partial: take .*pada"),
  ],
)
def test_a_method_is_refused_where_classes_relate_otherwise(method, task, message):
  with pytest.raises(ValueError, match=message):
    points(toy.experiment(method, task=task))


def test_class_sets_are_part_of_the_configuration_only_where_there_are_any():
  request = toy.experiment("source_only", task=toy.UNIVERSAL)
  found = config(request, points(request)[0], {})["classes"]
  assert found == {"shared": 4, "source_private": 2, "target_private": 2}
  plain = toy.experiment("source_only")
  assert "classes" not in config(plain, points(plain)[0], {})
