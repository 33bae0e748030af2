"""Validators by name, the scores of a run, and what they may see."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy

from adapt import outputs as outputs_of
from adapt import validators
from adapt.evaluation import metrics
from adapt.experiments.run import run
from adapt.training import probe
from adapt.validators import entropy

HERE = Path(__file__).parent


def test_every_file_is_an_entry_with_a_test_of_its_own():
  files = {f.stem for f in Path(validators.__file__).parent.glob("[a-z]*.py")}
  assert set(validators.names()) == files
  assert files == {f.stem.removeprefix("test_") for f in HERE.glob("test_[a-z]*.py")} - {
    "validators"
  }
  assert validators.DEFAULT in files and validators.REVERSE not in files


def seen_of(rng):
  """Features and logits of 20 examples a domain, 3 classes."""
  fs, ft, ls, lt, lm = (rng.normal(size=(20, n)).astype(np.float32) for n in (5, 5, 3, 3, 3))
  return jax.jit(validators.see)(fs, ls, np.arange(20) % 3, ft, lt, lm)


@pytest.mark.parametrize("name", validators.names("classes"))
def test_each_scores_every_evaluation_by_a_finite_number(name):
  own = validators.made(validators.get(name))
  rng = np.random.default_rng(0)
  evaluations = []
  for _ in range(3):
    seen = seen_of(rng)
    source = metrics.count(seen.ls, seen.ys, jnp.ones(20))
    target = metrics.count(seen.lt, -jnp.ones(20, int), jnp.ones(20))
    device = None if own.device is None else jax.device_get(jax.jit(own.device)(seen))
    evaluations.append(validators.Evaluation(source, target, device))
  found = own.score(evaluations)
  assert len(found) == 3 and np.isfinite(found).all()
  assert all(isinstance(value, float) for value in found)


def test_one_is_bound_with_its_arguments():
  bound = validators.bind("snd", temperature=0.5)
  assert bound.arguments == {"temperature": 0.5} and bound().device is not None
  with pytest.raises(ValueError, match="snd has no 'heat': it takes temperature"):
    validators.bind("snd", heat=1.0)


def test_best_is_the_first_of_the_highest_and_skips_what_is_no_number():
  assert validators.best([0.1, 0.7, 0.7, 0.2]) == 1
  assert validators.best([None, -3.0, float("nan"), -2.0]) == 3
  assert validators.best([None, float("nan")]) is None


def test_token_ids_are_refused_for_mixval_alone():
  tokens, floats = np.zeros((2, 8), np.int32), np.zeros((2, 8), np.float32)
  with pytest.raises(ValueError, match=r"mixval mixes inputs.*choose another --validator"):
    validators.check("mixval", tokens)
  validators.check("snd", tokens)
  validators.check("mixval", floats)


def test_it_is_refused_before_training(tmp_path, monkeypatch):
  monkeypatch.setattr(validators, "mixable", lambda dtype: False)
  with pytest.raises(ValueError, match="choose another --validator"):
    record_of(tmp_path, toy.load, validator="mixval")
  assert not list(tmp_path.rglob("*.json"))


def test_scores_are_every_validator_s_at_every_evaluation():
  logits = jnp.asarray(np.random.default_rng(0).normal(size=(2, 20, 3)), jnp.float32)
  counts = [metrics.count(lt, jnp.zeros(20, int), jnp.ones(20)) for lt in logits]
  seen = [
    {"ema_agreement": np.arange(20) % 3, "class_ami": np.eye(3) * 6, "snd": np.float32(e)}
    for e in range(2)
  ]
  found = validators.scores(counts, counts, seen)
  assert set(found) == {
    *("source_accuracy", "entropy", "information_maximisation", "bnm"),
    *("snd", "class_ami", "ema_agreement"),
  }
  assert found["snd"] == [0.0, 1.0] and found["ema_agreement"] == [0.0, 1.0]
  assert found["class_ami"] == pytest.approx([1.0, 1.0])
  assert found["entropy"][1] == entropy.score(counts[1], counts[1])


def record_of(tmp_path, load, **changes):
  asked = toy.experiment("source_only", steps=6, evaluations=2, **changes)
  return run(asked, tmp_path, domains=load).records[0]


def test_a_record_has_every_score_and_poisoned_target_labels_change_none(tmp_path):
  train, test = (s._replace(y=1 - s.y) for s in (toy.TURNED.train, toy.TURNED.test))
  poison = toy.TURNED._replace(train=train, test=test)
  clean = record_of(tmp_path / "a", toy.load, validator="snd")
  poisoned = record_of(
    tmp_path / "b", {"moons": toy.MOONS, "turned": poison}.__getitem__, validator="snd"
  )
  assert clean["validators"] == poisoned["validators"]
  assert clean["last"] != poisoned["last"]
  assert set(clean["validators"]) == set(validators.names("classes"))
  for name, scores in clean["validators"].items():
    assert np.isfinite(scores).all() and np.shape(scores) == (3, 2), name
  assert clean["seconds"]["select"] > 0


def test_the_chosen_validator_selects(tmp_path, monkeypatch):
  def planted(source, target, seen, output):
    del source, target, seen, output
    return {name: [2.0, 1.0] if name == "snd" else [1.0, 2.0] for name in validators.names()}

  monkeypatch.setattr(validators, "scores", planted)
  for validator, step in ("snd", 3), ("dev", 6):
    made = record_of(tmp_path / validator, toy.load, validator=validator)["selected"]
    assert made["validator"] == validator and made["step"] == [step] * 3


def test_what_is_probed_is_held_out_source_and_training_target(tmp_path, monkeypatch):
  accuracy = []

  def watched(outputs, mapped, source, ys, target, xt, sizes, trained):
    assert sizes == (400, 320) and trained == outputs_of.CLASSES.key
    right = source[0][1].argmax(axis=-1)[:, :400] == ys[0][:400]
    accuracy.append(right.mean(axis=1).tolist())
    again = outputs(mapped, jnp.broadcast_to(xt[0], (3, *xt[0].shape)))
    np.testing.assert_allclose(again[1], target[0][1], atol=1e-5)
    shown, there = (np.asarray(x)[np.lexsort(x.T)] for x in (xt[0][:320], toy.TURNED.train.x))
    np.testing.assert_array_equal(shown, there)
    return probed(outputs, mapped, source, ys, target, xt, sizes, trained)

  probed = probe.probed
  monkeypatch.setattr(probe, "probed", watched)
  made = record_of(tmp_path, toy.load)["validators"]["source_accuracy"]
  np.testing.assert_allclose(np.transpose(accuracy[:2]), made, rtol=1e-5)
