"""What methods are checked on: every kind of output has domains, labels and a measure of its own."""

import jax
import numpy as np
import pytest

from adapt import methods
from adapt.experiments import contract, contract_ground, contract_runs, contract_steps
from adapt.experiments.contract_runs import Failed, subject
from adapt.training.checkpoint import Checkpoints


@pytest.mark.parametrize("kind", contract_ground.KINDS)
def test_other_labels_all_differ_and_are_of_the_kind(kind):
  ground = contract_ground.of(kind, methods.traits("dann"))
  domain = ground.load(ground.task.target)
  true, other = domain.test.y, ground.others(domain.test.y, len(domain.classes))
  assert other.shape == true.shape and other.dtype == true.dtype
  scored = np.isfinite(true) if kind == "values" else true >= 0
  assert (other != true)[scored].all() and (other == true)[~scored].all()
  assert domain.test.x.shape[1:] == ground.shape
  heads = ground.labels(4)
  assert heads.shape == (4, *true.shape[1:]) and len(np.unique(heads)) > 1


def test_predictions_are_judged_by_what_records_have():
  classes, values, pixels, labels = (
    contract_ground.of(kind, methods.traits("dann")) for kind in contract_ground.KINDS
  )
  assert classes.judged(np.eye(2)[[0, 1, 1]], [0, 1, 0]) == pytest.approx(2 / 3)
  assert values.judged(np.array([[1.0], [3.0]]), [[2.0], [1.0]]) == 1.5
  masks = np.array([[[0, -1], [2, 1]]])
  assert pixels.judged(np.eye(3)[[[[0, 1], [2, 2]]]], masks) == pytest.approx(2 / 3)
  told = [[1, -1], [0, 0], [1, 1], [0, -1]]
  assert labels.judged(np.array([[2.0, -1], [-1, 3], [1, 1], [-2, 5]]), told) == pytest.approx(
    1 / 6
  )
  assert labels.trivial({}) == 0.5 and labels.shown(0.965) == "AUROC 96.5 %"
  assert values.shown(0.5) == "R² 0.500" and values.gain(0.01) == "+0.010"
  assert pixels.trivial({}) == 1 / 3 and values.trivial({}) == 0
  assert classes.trivial({"confusion": [[[3, 0], [1, 0]]]}) == 0.75


def test_a_null_control_is_compared_where_no_batch_statistics_see_the_target(tmp_path, monkeypatch):
  """By them, not by its term, a method without it may be far from source_only."""
  monkeypatch.setattr(contract_runs, "_source_only", lambda _: 0.4)
  for kind in ("classes", "pixels"):
    asked = subject(methods.bind("dann"), None, None, tmp_path, kind)
    record = {"diverged": {}, "last": {asked.ground.measure: [0.7]}}
    monkeypatch.setattr(contract_runs, "_records", lambda _, record=record: [record, record])
    if kind == "classes":
      with pytest.raises(Failed, match="at weight 0 something else"):
        contract_runs._null(asked)
    else:
      assert "batch statistics are of both domains" in contract_runs._null(asked)


def test_a_kind_that_a_method_does_not_serve_is_refused():
  found = contract.checks(lambda: methods.bind("mcd"), output="values")
  first = next(found)
  assert first.outcome == "fail" and "it does not serve values" in first.reason
  assert next(found).outcome == "skip"


def test_a_method_is_checked_on_values(tmp_path, monkeypatch):
  own = subject(methods.bind("coral"), None, None, tmp_path, "values")
  settings = own.experiment.settings._replace(steps=60)
  own = own._replace(experiment=own.experiment._replace(settings=settings))
  assert own.experiment.output.name == "values" and own.net.output.kind == "values"
  assert "same parameters to the bit" in contract_runs._other_labels(own)
  assert "cut at step 10" in contract_runs._resumes(own)
  assert "R² 0." in contract_runs._learns(own)
  assert "the same predictions" in contract_runs._saved(own)
  monkeypatch.setattr(Checkpoints, "newest", lambda self: None)
  with pytest.raises(Failed, match="it began anew"):
    contract_runs._resumes(own._replace(folder=tmp_path / "other"))


def test_random_masks_reach_the_loss_of_pixels(tmp_path):
  own = subject(methods.bind("source_only"), None, None, tmp_path, "pixels")
  batch = contract_steps._batch(own)
  assert batch.xs.shape == (16, 16, 16, 3) and batch.ys.shape == (16, 16, 16)
  method = own.made()
  params, state = jax.eval_shape(method.init, jax.random.key(0), batch)
  loss, _ = jax.eval_shape(method.loss, params, state, batch, jax.random.key(1), 0.5)
  assert loss.shape == ()
