"""From a description in JSON to a program: the same shapes, and what its predictions read."""

import json

import jax
import numpy as np
import pytest
import toy

from adapt import tuning
from adapt.deploy import rebuilt
from adapt.training import arrays as inputs
from adapt.training import loop, program
from adapt.training.joint_tasks import Part


def described(method, **changes):
  """A description that has been JSON."""
  experiment = toy.experiment(method, seeds=(0,), **changes)
  data = toy.data_of(experiment)
  about = rebuilt.describe(experiment.setup, experiment.points[0], data)
  return experiment, json.loads(json.dumps(about))


@pytest.mark.parametrize("method", ["dann", "m3sda", "mme", "osbp", "nrc"])
def test_shapes_are_those_of_training(method):
  experiment, about = described(method)
  [point], data = experiment.points, toy.data_of(experiment)
  kind = experiment.setup.traits([point])
  parts = [Part(experiment.setup, [point], data)]
  (arrays, _), labelled = inputs.arrays_of(parts, False), inputs.labelled_of(parts, kind)
  example = inputs.example_of(data, arrays, labelled)
  cells = loop.program_of(parts)
  swept = {n: np.float32([v]) for n, v in point.hyperparameters.items() if isinstance(v, float)}
  swept["lr"] = np.float32([0.1])
  there = jax.eval_shape(cells.init, program.keys((0,)), swept, (), (), example)
  made = rebuilt.rebuild(about)
  assert jax.tree.leaves(made.state) == jax.tree.leaves(there)
  assert list(rebuilt.named(made.state)) == list(rebuilt.named(there))


NET = {f"{layer}/{part}" for layer in ("hidden", "head") for part in ("bias", "kernel")}
READS = [
  ("dann", {}, ["params/net"]),  # no critic
  ("nrc", {}, ["params/net"]),  # no queue of target features
  ("mean_teacher", {}, ["state/teacher/net"]),  # no student
  ("fine_tune", {"tuning": tuning.bind("wise_ft")}, ["params/net", "state/wise_ft/0/net"]),
]


@pytest.mark.parametrize(("method", "changes", "places"), READS, ids=lambda v: str(v))
def test_predictions_read_the_network_alone(method, changes, places):
  made = rebuilt.rebuild(described(method, **changes)[1])
  assert made.reads() == {f"{place}/{leaf}" for place in places for leaf in NET}


def test_a_tuple_is_a_tuple_again_and_names_are_nested_again():
  assert rebuilt.hashable([1, [2, "a"]]) == (1, (2, "a"))
  tree = {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
  assert rebuilt.nested(rebuilt.named(tree)) == tree


def test_what_stands_in_for_an_unread_leaf_has_its_shape():
  for leaf in (jax.random.split(jax.random.key(3), 2), np.ones((2, 3), np.int32)):
    empty = rebuilt.empty(leaf)
    assert (empty.shape, empty.dtype) == (leaf.shape, leaf.dtype)
