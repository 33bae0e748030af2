"""Methods without a margin on the moons, on planted clouds where their papers' claims can be seen."""

import inspect

import numpy as np
import pytest
import toy

from adapt import methods
from adapt.experiments.run import run
from adapt.experiments.suite import Task

FAR = Task("blobs_far", ("blobs",), "far")  # each class turned nearly halfway to another
SHIFTED = toy.TASKS["blobs_shifted"]
SEVERAL = Task("blobs_near_shifted", ("blobs", "near"), "shifted")
SHORT = {"steps": 400, "evaluations": 1}


@pytest.fixture
def gains(toy_run, tmp_path):
  """Points of accuracy above source_only and above the method's own null control, over three seeds."""

  def found(name, task, given, **settings):
    given = dict(given)
    weight = given.pop("weight", inspect.signature(methods.get(name)).parameters["weight"].default)
    # The method and its null control are one program.
    swept = {"given": given, "sweep": {"weight": (weight, 0.0)}}
    asked = toy.experiment(name, task=task, **swept, **SHORT, **settings)
    with toy.few_shown():
      records = run(asked, tmp_path, domains=toy.load).records
    source_only = toy_run("source_only", task=task, given={}, **SHORT, **settings)
    full, null, plain = (np.mean(r["last"]["accuracy"]) for r in (*records, source_only))
    return full - plain, full - null

  return found


@pytest.mark.adapts("swd")
def test_swd_gains(gains):
  assert min(gains("swd", FAR, {"weight": 3.0, "directions": 16, "depth": 0})) > 0.04


@pytest.mark.adapts("dsan")
def test_dsan_gains(gains):
  assert min(gains("dsan", SHIFTED, {"weight": 0.5})) > 0.07


@pytest.mark.adapts("assoc")
def test_assoc_gains(gains):
  assert min(gains("assoc", SHIFTED, {"weight": 1.0, "visit": 0.6, "delay": 0.04})) > 0.07


@pytest.mark.adapts("daln")
def test_daln_gains(gains):
  assert min(gains("daln", SHIFTED, {"weight": 1.0})) > 0.08


@pytest.mark.adapts("gvb")
def test_gvb_gains(gains):
  assert min(gains("gvb", SHIFTED, {"width": 32, "depth": 1})) > 0.07


@pytest.mark.adapts("toalign")
def test_toalign_gains(gains):
  assert min(gains("toalign", SHIFTED, {"width": 32, "depth": 1})) > 0.07


@pytest.mark.adapts("gsfda")
def test_gsfda_gains(gains):
  """Under attention of both domains, though the source model knows none."""
  assert min(gains("gsfda", SHIFTED, {"memory": 256})) > 0.07


@pytest.mark.adapts("spa")
def test_spa_gains(gains):
  """By its spectra alone, without the adversary and the votes that stand beside them."""
  given = {"pseudo": 0.0, "adversary": 0.0, "width": 32, "memory": 256}
  assert min(gains("spa", SHIFTED, given)) > 0.02


@pytest.mark.adapts("raincoat")
def test_raincoat_gains(gains):
  assert min(gains("raincoat", SHIFTED, {})) > 0.03


@pytest.mark.adapts("symnets")
def test_symnets_gains(gains):
  assert min(gains("symnets", SHIFTED, {})) > 0.07


@pytest.mark.adapts("cmd")
def test_cmd_gains(gains):
  assert min(gains("cmd", SHIFTED, {"weight": 0.1})) > 0.07


@pytest.mark.adapts("m3sda")
def test_m3sda_gains(gains):
  assert min(gains("m3sda", SEVERAL, {"weight": 0.1})) > 0.07


@pytest.mark.adapts("mean_teacher")
def test_mean_teacher_gains(gains):
  given = {"noise": 0.3, "threshold": 0.6, "weight": 10.0}
  assert min(gains("mean_teacher", FAR, given)) > 0.08


@pytest.mark.adapts("adamatch")
def test_adamatch_gains(gains):
  assert min(gains("adamatch", FAR, {})) > 0.1


@pytest.mark.adapts("cdac")
def test_cdac_gains(gains):
  """With one target label of each class, which its null control has too."""
  assert min(gains("cdac", FAR, {}, shots=1)) > 0.06


@pytest.mark.adapts("tent")
def test_tent_gains(gains):
  """Most of it by the target's batch statistics, which its null control has too."""
  above_source, above_null = gains("tent", FAR, {}, model="normed", lr=0.03)
  assert above_source > 0.1 and above_null > 0.01
