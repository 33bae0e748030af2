"""A run from experiment to record: invariances, no leak of target labels, what composes."""

import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import jax
import numpy as np
import pytest
import toy

from adapt import data, methods, tuning, weights
from adapt.experiments.run import run
from adapt.training import evaluation, loop, program, task_data
from adapt.training.joint_tasks import Part

SHORT = {"steps": 40, "evaluations": 2}


def made(tmp_path, method, load=toy.load, **changes):
  return run(toy.experiment(method, **{**SHORT, **changes}), tmp_path, domains=load).records


def trained(method, load=toy.load, **changes):
  """The final state of a run, on the host."""
  experiment = toy.experiment(method, **{**SHORT, **changes})
  data = task_data.unchecked(experiment.setup, [load("moons")], load("turned"))
  [trained] = loop.train([Part(experiment.setup, experiment.points, data)], lambda *_: None)
  ts = trained.mapped.ts
  return jax.tree.map(np.asarray, (ts.params, ts.state))


def one_seed_of_three_equals_that_seed_alone():
  with (  # what is only measured moves no parameter, and compiling it with optimisation takes long
    mock.patch.object(evaluation, "_probed", return_value={}),
    mock.patch.object(evaluation, "ends", return_value=({}, [])),
  ):
    together, alone = trained("dann"), trained("dann", seeds=(1,))
  jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[1], b[0]), together, alone)


@pytest.mark.holds("seeds")
def test_one_seed_of_three_equals_that_seed_alone():
  """To the bit, as users' programs are compiled: the tests' own flags round a loop of one otherwise."""
  here = Path(__file__).parent
  code = f"import sys; sys.path[:0] = [{str(here)!r}, {str(here.parent)!r}]; import test_run; test_run.{{}}()"
  env = {
    k: v for k, v in os.environ.items() if k not in ("XLA_FLAGS", "JAX_DISABLE_MOST_OPTIMIZATIONS")
  }
  name = one_seed_of_three_equals_that_seed_alone.__name__
  subprocess.run([sys.executable, "-c", code.format(name)], check=True, env=env)


def test_a_sweep_equals_its_values_run_alone(tmp_path):
  swept = made(
    tmp_path / "a", "dann", seeds=(0, 1), sweep={"weight": (0.1, 0.7), "lr": (0.05, 0.1)}
  )
  assert [r["label"] for r in swept] == [
    f"dann-depth=1-lr={lr}-weight={w}-width=32" for w in (0.1, 0.7) for lr in (0.05, 0.1)
  ]
  given = {**toy.needs("dann").given, "weight": 0.7}
  [alone] = made(tmp_path / "b", "dann", seeds=(0, 1), given=given, lr=0.05)
  assert alone["last"] == swept[2]["last"]
  assert alone["curves"] == swept[2]["curves"]


@pytest.mark.parametrize("method", ["source_only", "dann", "coral"])
@pytest.mark.holds("labels")
def test_target_labels_cannot_leak(method):
  poison = toy.TURNED._replace(
    train=toy.TURNED.train._replace(y=np.full(320, 77, np.int32)),
    test=toy.TURNED.test._replace(y=1 - toy.TURNED.test.y),
  )
  poisoned = trained(method, load={"moons": toy.MOONS, "turned": poison}.__getitem__)
  jax.tree.map(np.testing.assert_array_equal, trained(method), poisoned)


@pytest.mark.holds("labels")
def test_unchosen_target_labels_cannot_leak_in_few_shot():
  y = toy.TURNED.train.y
  draws = [data.few_shot(y, 10, seed) for seed in range(3)]
  declared = np.isin(np.arange(len(y)), np.concatenate(draws))
  garbage = np.where(declared, y, 1 - y).astype(np.int32)
  poison = toy.TURNED._replace(train=toy.TURNED.train._replace(y=garbage))
  clean = trained("weighted")
  with pytest.MonkeyPatch.context() as patch:  # the draw itself looks at labels: keep it as it was
    patch.setattr(data, "few_shot", lambda labels, shots, seed: draws[seed])
    poisoned = trained("weighted", load={"moons": toy.MOONS, "turned": poison}.__getitem__)
  jax.tree.map(np.testing.assert_array_equal, clean, poisoned)


def test_refresh_is_called_at_its_own_steps(monkeypatch):
  plain = methods.get("source_only")

  def counting(net):
    method = plain(net)

    def init(key, batch):
      params, state = method.init(key, batch)
      return params, {**state, "calls": jax.numpy.zeros((), int)}

    def loss(params, state, batch, key, progress):
      value, (new, metrics) = method.loss(params, state, batch, key, progress)
      return value, ({**new, "calls": state["calls"]}, metrics)

    def refresh(params, state, xs, ys, xt):
      assert (len(xs), len(ys), len(xt)) == (320, 320, 320)
      return {**state, "calls": state["calls"] + 1}

    return method._replace(init=init, loss=loss, refresh=refresh, refreshes=3)

  monkeypatch.setattr(methods, "get", lambda name: counting)
  program.program.cache_clear()
  states = [trained("source_only", evaluations=n)[1] for n in (1, 4)]
  program.program.cache_clear()
  assert [state["calls"].tolist() for state in states] == [[3, 3, 3]] * 2


def test_weights_and_tunings_compose_with_any_method(tmp_path):
  weighting = weights.bind("discriminator", clip=5.0)
  [record] = made(tmp_path, "dann", weighting=weighting, tuning=tuning.bind("lora", rank=2))
  assert record["label"] == "dann+discriminator+lora-clip=5.0-depth=1-rank=2-width=32"
  assert record["config"]["weights"]["clip"] == 5.0
  assert record["config"]["start"] == "source"
  assert np.isfinite(record["last"]["accuracy"]).all()
