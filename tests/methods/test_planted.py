"""Methods without a margin on the moons, on planted clouds where their papers' claims can be seen."""

import numpy as np
import pytest

from adapt.experiments.suite import Task

FAR = Task("blobs_far", ("blobs",), "far")  # each class turned nearly halfway to another
SHIFTED = Task("blobs_shifted", ("blobs",), "shifted")
SEVERAL = Task("blobs_near_shifted", ("blobs", "near"), "shifted")
SHORT = {"steps": 400, "evaluations": 1}


def gains(toy_run, name, task, given, **settings):
  """Points of accuracy above source_only and above the method's own null control, over three seeds."""

  def accuracy(method, **changes):
    return np.mean(toy_run(method, task=task, **SHORT, **settings, **changes)["last"]["accuracy"])

  found = accuracy(name, given=given)
  return (
    found - accuracy("source_only", given={}),
    found - accuracy(name, given={**given, "weight": 0.0}),
  )


@pytest.mark.adapts("swd")
def test_swd_gains(toy_run):
  assert min(gains(toy_run, "swd", FAR, {"weight": 3.0, "directions": 16, "depth": 0})) > 0.04


@pytest.mark.adapts("dsan")
def test_dsan_gains(toy_run):
  assert min(gains(toy_run, "dsan", SHIFTED, {"weight": 0.5})) > 0.07


@pytest.mark.adapts("assoc")
def test_assoc_gains(toy_run):
  assert min(gains(toy_run, "assoc", SHIFTED, {"weight": 1.0, "visit": 0.6, "delay": 0.04})) > 0.07


@pytest.mark.adapts("daln")
def test_daln_gains(toy_run):
  assert min(gains(toy_run, "daln", SHIFTED, {"weight": 1.0})) > 0.08


@pytest.mark.adapts("cmd")
def test_cmd_gains(toy_run):
  assert min(gains(toy_run, "cmd", SHIFTED, {"weight": 0.1})) > 0.07


@pytest.mark.adapts("m3sda")
def test_m3sda_gains(toy_run):
  assert min(gains(toy_run, "m3sda", SEVERAL, {"weight": 0.1})) > 0.07


@pytest.mark.adapts("mean_teacher")
def test_mean_teacher_gains(toy_run):
  given = {"noise": 0.3, "threshold": 0.6, "weight": 10.0}
  assert min(gains(toy_run, "mean_teacher", FAR, given)) > 0.08


@pytest.mark.adapts("adamatch")
def test_adamatch_gains(toy_run):
  assert min(gains(toy_run, "adamatch", FAR, {})) > 0.1


@pytest.mark.adapts("tent")
def test_tent_gains(toy_run):
  """Most of it by the target's batch statistics, which its null control has too."""
  above_source, above_null = gains(toy_run, "tent", FAR, {}, model="normed", lr=0.03)
  assert above_source > 0.1 and above_null > 0.01
