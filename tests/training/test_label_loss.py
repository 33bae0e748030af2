"""The chosen loss of labels reaches every method that learns from them, by the source's class counts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy

import adapt
from adapt import methods, models, outputs
from adapt.experiments.run import run
from adapt.method import Batch
from adapt.training import label_loss

OWN = {"osbp", "irm", "fishr"}  # cross-entropy by their derivation
WITHOUT = {"adda", "iwan"}  # they read source inputs, and labels in the source model alone


@pytest.mark.parametrize(
  "name", [n for n in methods.names() if "classes" in methods.traits(n).outputs]
)
def test_a_method_that_learns_from_source_labels_takes_the_outputs_loss(name):
  own, asked = toy.needs(name), []
  net = models.build(own.model, 2)._replace(output=label_loss.heard(outputs.CLASSES(), asked))
  method = methods.get(name)(net, **own.given)
  x, y = jnp.ones((4, 2)), jnp.arange(4) % 2
  batch = Batch(x, y, jnp.ones(4), jnp.eye(2)[y], x, x, y, jnp.arange(4))

  def whole(key):
    params, state = method.init(key, batch)
    phases = (method.loss,) if callable(method.loss) else [p.loss for p in method.loss]
    return [loss(params, state, batch, key, 0.5)[0] for loss in phases]

  jax.eval_shape(whole, jax.random.key(0))
  learns = any(kind != "target" for kind in method.reads)
  assert bool(asked) == (learns and name not in OWN | WITHOUT)


def test_what_does_not_reach_a_method_is_refused():
  own = methods.traits("osbp")
  with pytest.raises(ValueError, match="osbp has a loss of labels of its own"):
    label_loss.refuse_unheard("osbp", own, [])
  label_loss.refuse_unheard("osbp", own, ["classes"])
  label_loss.refuse_unheard("tent", methods.traits("tent"), [])  # its source model has it


def test_the_loss_is_made_of_the_sources_class_counts():
  adjusted = outputs.bind("classes", loss="logit_adjusted")()
  loss = label_loss.counted(adjusted, (30, 10)).loss
  found = loss(jnp.zeros((2, 2)), jnp.array([0, 1]))
  np.testing.assert_allclose(found, -np.log([0.75, 0.25]), rtol=1e-6)
  plain = outputs.CLASSES()
  assert label_loss.counted(plain, (30, 10)) is plain


def rare(n, shift, seed):
  """Two overlapping classes of one number, of which one example in ten is the second's."""
  rng = np.random.default_rng(seed)
  y = (np.arange(n) % 10 == 0).astype(np.int64)
  return (rng.normal(size=(n, 1)) + 1.5 * y[:, None] + shift).astype(np.float32), y


@pytest.fixture(scope="module")
def runs():
  """Runs on rare examples, by what lets them count."""
  fixed = {"steps": 150, "evaluations": 1, "batch_size": 32, "lr": 0.1, "model": "mlp"}
  source, target, test = rare(400, 0, 0), rare(400, 0.1, 1), rare(400, 0.1, 2)
  balanced = {"weights": "class_balanced"}
  asked = {
    "plain": {},
    "adjusted": {"loss": "logit_adjusted"},
    "ldam": {"output": ("classes", {"loss": "ldam", "margin": 2.0})},
    "sampled": {**balanced, "resample": True},
    "deferred": {**balanced, "defer": 0.3},
    "never": {**balanced, "defer": 1.0},
  }
  given = {"source": source, "target": target[0], "test": test, **fixed}
  return {name: adapt.fit("source_only", **given, **own) for name, own in asked.items()}


def test_adjustment_sampling_and_deferral_let_the_rare_class_count(runs):
  score = {name: made.measures["balanced_accuracy"][0] for name, made in runs.items()}
  least = min(score[n] for n in ("adjusted", "sampled", "deferred"))
  assert least > score["plain"] + 0.05 and score["never"] == score["plain"], score


def test_records_say_the_loss_and_the_deferral(runs):
  record = runs["ldam"].record
  assert record["config"]["output"]["loss"] == "ldam" and "loss=ldam" in record["label"]
  assert record["config"]["output"]["margin"] == 2.0 and "output" in record["config"]["code"]
  settings = runs["deferred"].record["config"]["settings"]
  assert settings["defer"] == 0.3 and not settings["resample"]
  assert "output" not in runs["plain"].record["config"]


def test_what_has_no_meaning_is_refused(tmp_path):
  for given, said in (
    ({"defer": 0.3}, "--defer is about weights: give --weights"),
    ({"resample": True}, "--resample is about weights"),
  ):
    with pytest.raises(ValueError, match=said):
      toy.experiment("source_only", **given)
  balanced = outputs.bind("classes", loss="balanced_softmax")
  with pytest.raises(ValueError, match="fine_tune learns from target labels too: take cross_ent"):
    toy.experiment("fine_tune", output=balanced)
  asked = toy.experiment("osbp", output=balanced, steps=2, evaluations=1)
  with pytest.raises(ValueError, match="osbp has a loss of labels of its own"):
    run(asked, tmp_path, domains=toy.load)
