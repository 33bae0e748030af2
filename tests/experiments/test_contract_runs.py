"""What training shows of a method: labels read behind its back, layouts, null controls, saved models."""

import sys

import jax
import numpy as np
import pytest

from adapt import methods
from adapt.catalogue import bound
from adapt.data import toy
from adapt.experiments import contract_runs, contract_steps
from adapt.experiments.contract_runs import Failed, Skipped, subject
from adapt.losses import ops
from adapt.method import Method
from adapt.models import nets


def made(term, predict=None):
  """A method whose loss adds a term of (target logits, batch)."""

  def own(net, *, weight: float = 1.0):
    def init(key, batch):
      params, stats, _ = nets.start(net, key, batch)
      return {"net": params}, {"stats": stats}

    def loss(params, state, batch, key, progress):
      both = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
      (_, ls), (_, lt), stats = both
      source = ops.weighted_mean(ops.cross_entropy(ls, batch.ys), batch.ws)
      return source + weight * term(lt, batch), ({"stats": stats}, {})

    return Method(init, loss, predict(net) if predict else nets.predictor(net))

  return own


def asked(tmp_path, factory):
  return subject(bound(factory.__name__, factory, {}), 0.1, "mlp", tmp_path)


def test_labels_that_reach_a_method_behind_its_back_are_noticed(tmp_path):
  def peeking(lt, batch):
    frame = sys._getframe()
    while frame and "plan" not in frame.f_locals and "todo" not in frame.f_locals:
      frame = frame.f_back
    labels = frame.f_locals["todo"].data.target.train.y
    return ops.cross_entropy(lt, jax.numpy.asarray(labels)[batch.it]).mean()

  with pytest.raises(Failed, match="something reads them"):
    contract_runs._other_labels(asked(tmp_path, made(peeking)))


def test_methods_that_declare_labels_are_not_asked(tmp_path):
  few = subject(methods.bind("fine_tune"), 0.1, "mlp", tmp_path)
  for check in (contract_runs._other_labels, contract_steps._declares_labels):
    with pytest.raises(Skipped, match="labelled"):
      check(few)


def test_a_term_that_weight_does_not_switch_off_is_no_null_control(tmp_path):
  other = made(lambda lt, batch: lt.mean() * 0)
  honest = asked(tmp_path / "a", other)
  assert "+0.0 points" in contract_runs._null(honest)

  def collapsed(net, *, weight: float = 1.0):
    inner = other(net, weight=weight)

    def loss(params, state, batch, key, progress):
      value, aux = inner.loss(params, state, batch, key, progress)
      return value * 1e-6 * (1 + weight), aux

    return inner._replace(loss=loss)

  with pytest.raises(Failed, match="at weight 0"):
    contract_runs._null(asked(tmp_path / "b", collapsed))


def test_predictions_of_something_that_is_not_saved_are_noticed(tmp_path):
  kept = {"calls": 0}

  def forgetful(net):
    right = nets.predictor(net)

    def predict(params, state, x):
      kept["calls"] += 1
      features, logits = right(params, state, x)
      return features, logits if kept["calls"] < kept["until"] else -logits

    return predict

  own = asked(tmp_path, made(lambda lt, batch: 0.0 * lt.mean(), forgetful))
  kept["until"] = np.inf
  assert "same predictions" in contract_runs._saved(own)
  kept["until"] = 0
  jax.clear_caches()
  contract_runs.saved.program.program.cache_clear()
  with pytest.raises(Failed, match="predict may"):
    contract_runs._saved(own)


def test_layouts_are_compared_where_there_are_several_devices(tmp_path, monkeypatch):
  plain = subject(methods.bind("dann", width=32, depth=1), 0.1, "mlp", tmp_path)
  assert "8 devices" in contract_runs._devices(plain)
  monkeypatch.setattr(jax, "device_count", lambda: 1)
  with pytest.raises(Skipped, match="JAX_NUM_CPU_DEVICES"):
    contract_runs._devices(plain)


def test_each_task_is_one_that_the_method_serves(tmp_path):
  tasks = {
    name: subject(methods.bind(name), 0.1, "mlp", tmp_path).experiment.task
    for name in ("mdan", "osbp")
  }
  assert len(tasks["mdan"].source) == 2 and tasks["osbp"].unknown
  assert {len(toy.named(n).classes) for n in tasks["osbp"].source} == {8}
