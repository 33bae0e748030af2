"""A run from request to record: invariances, warm starts, no leak of target labels, nothing half-written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
import toy

from adapt import data, methods, tuning
from adapt.experiments.experiment import points
from adapt.experiments.run import run
from adapt.training import loop, program
from adapt.training.joint_tasks import Part
from adapt.training.task_data import TaskData

SHORT = {"steps": 40, "evaluations": 2}


def made(tmp_path, method, load=toy.load, **changes):
  return run(toy.experiment(method, **{**SHORT, **changes}), tmp_path, domains=load).records


def trained(method, load=toy.load, **changes):
  """The final state of a run, on the host."""
  request = toy.experiment(method, **{**SHORT, **changes})
  asked = points(request)
  material = TaskData((load("moons"),), load("turned"), request.settings, {})
  kind = methods.traits(method, asked[0].hyperparameters)
  [trained] = loop.train([Part(request, asked, material)], kind, lambda *_: None)
  ts = trained.mapped.ts
  return jax.tree.map(np.asarray, (ts.params, ts.state))


def one_seed_of_three_equals_that_seed_alone():
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


def test_fine_tuning_starts_where_the_source_model_of_the_seed_ended(tmp_path, monkeypatch):
  monkeypatch.setattr(
    "adapt.experiments.run._models", {}
  )  # another test may have trained the same one
  made(tmp_path, "fine_tune", tuning=tuning.bind("linear_probe"))
  files = tmp_path / "toy/moons_turned"
  # The source model was made on the way, with a record of its own, and a probe keeps its features.
  start, probe = (np.load(files / f"{n}.npz") for n in ("source_only", "fine_tune+linear_probe"))
  np.testing.assert_array_equal(start["features"], probe["features"])
  assert (start["predicted"] != probe["predicted"]).any()
  record = json.loads((files / "fine_tune+linear_probe.json").read_text())
  assert record["config"]["start"] == "source"


def test_a_sweep_of_the_learning_rate_is_no_source_model(tmp_path, monkeypatch):
  monkeypatch.setattr("adapt.experiments.run._models", remembered := {})
  made(tmp_path, "source_only", sweep={"lr": (0.3,)})
  assert not remembered
  made(tmp_path, "source_only")
  assert len(remembered) == 1


def test_refresh_is_called_between_chunks(monkeypatch):
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

    return method._replace(init=init, loss=loss, refresh=refresh)

  monkeypatch.setattr(methods, "get", lambda name: counting)
  program.program.cache_clear()
  _, state = trained("source_only", evaluations=4)
  program.program.cache_clear()
  assert state["calls"].tolist() == [4, 4, 4]


def test_weights_and_tunings_compose_with_any_method(tmp_path):
  weighting = BIND("discriminator", clip=5.0)
  [record] = made(tmp_path, "dann", weights=weighting, tuning=tuning.bind("lora", rank=2))
  assert record["label"] == "dann+discriminator+lora-clip=5.0-depth=1-rank=2-width=32"
  assert record["config"]["weights"]["clip"] == 5.0
  assert record["config"]["start"] == "source"
  assert np.isfinite(record["last"]["accuracy"]).all()


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
  assert record["selected"]["accuracy"][1] is None
  assert "NaN" not in (files / "source_only.json").read_text()


def test_a_target_without_labels_gives_no_accuracy(tmp_path):
  blind = toy.TURNED._replace(
    train=toy.TURNED.train._replace(y=None), test=toy.TURNED.test._replace(y=None), classes=()
  )
  [record] = made(tmp_path, "dann", load={"moons": toy.MOONS, "turned": blind}.__getitem__)
  assert record["last"] is None and record["oracle"] is None and record["confusion"] is None
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
  assert record["config"]["classes"]["target_private"] == 4
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
