"""Combinations that have no meaning: each is refused with its reason."""

import pytest
import toy

from adapt import tuning, weights
from adapt.experiments.resolve import resolve

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
  (
    "dann",
    {"given": {"heads": 3}},
    "dann has no 'heads': it takes weight, ramp, scale_loss, width, depth",
  ),
  ("dann", {"sweep": {"width": (1.0, 2.0)}}, "only floats can be swept"),
  ("mdan", {"task": toy.TASK}, "mdan needs 2 source domains and moons_turned has 1: give several"),
  ("irm", {"task": toy.TASK}, "or take a method for one, such as dann"),
]


@pytest.mark.parametrize(("method", "changes", "message"), CASES)
def test_what_has_no_meaning_is_refused_with_a_reason(method, changes, message):
  with pytest.raises(ValueError, match=message):
    toy.experiment(method, **changes)


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
    toy.experiment(method, task=task)


def test_a_momentum_that_the_optimizer_does_not_read():
  """What a suite has as usual is not asked for."""
  usual = toy.SETTINGS._replace(optimizer="adam")
  made = [usual, usual._replace(optimizer="sgd", momentum=0.5), usual._replace(momentum=0.5)]
  suite, task = toy.SUITE._replace(settings=usual), toy.TASK
  for settings in made[:2]:
    resolve(suite, task, "source_only", settings, (0,))
  with pytest.raises(ValueError, match="momentum is of sgd, and adam has arguments of its own"):
    resolve(suite, task, "source_only", made[2], (0,))
