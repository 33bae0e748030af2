"""Every optimizer against optax's own, and what is made of transformations of one's own."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import toy

import adapt
from adapt.experiments.resolve import resolve
from adapt.experiments.run import run
from adapt.training import optimizers, shared_step
from adapt.training.settings import Settings

LR = 0.01
PARAMS = {"w": jnp.array([[1.0, -2.0], [0.5, 3.0]]), "b": jnp.array([0.1, -0.2])}
GRADS = [
  jax.tree.map(lambda p, i=i: jnp.sin(p + i) + 0.1, PARAMS) for i in range(4)
]  # of four steps
SETTINGS = Settings(schedule="constant", weight_decay=0.05, lr=LR)


def ours(settings, own=None, pull=None):
  """Parameters after each step by the rule of the shared step."""
  opt = shared_step.optimizer(settings, LR, pull, own)
  way, w, found = opt.direction("net"), PARAMS, []
  memory = way.init(w)
  for g in GRADS:
    updates, memory = way.update(g, memory, w)
    w = jax.tree.map(lambda p, u: p - opt.rate(jnp.zeros(())) * u, w, updates)
    found.append(w)
  return found


def optaxs(reference):
  w, found = PARAMS, []
  memory = reference.init(w)
  for g in GRADS:
    updates, memory = reference.update(g, memory, w)
    w = optax.apply_updates(w, updates)
    found.append(w)
  return found


def assert_alike(one, other, rtol=1e-5):
  for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-6)


LINEAR = [n for n in optimizers.names() if n not in ("sgd", "adam", "fromage", "rprop")]


@pytest.mark.parametrize("name", LINEAR)
def test_an_alias_is_optaxs_at_our_rate(name):
  alias = getattr(optax, name)
  try:
    reference = alias(LR, weight_decay=0.05)  # decoupled, where it decays itself
  except TypeError:
    reference = optax.chain(optax.add_decayed_weights(0.05), alias(LR))
  assert_alike(ours(SETTINGS._replace(optimizer=name)), optaxs(reference))


@pytest.mark.parametrize("name", ["adamw", "lion", "rmsprop", "fromage", "rprop"])
def test_it_moves_parameters_in_training(name, tmp_path):
  asked = toy.experiment("source_only", optimizer=name, lr=0.003, steps=20, seeds=(0,))
  [made] = run(asked, tmp_path, domains=toy.load).records
  assert made["config"]["settings"]["optimizer"] == name and not made["diverged"]
  losses = made["curves"]["loss"][0]
  assert losses[-1] < losses[0]


def test_the_ones_of_old_are_what_they_were():
  decay = optax.add_decayed_weights(0.05)
  nesterov = optax.chain(decay, optax.sgd(LR, momentum=0.9, nesterov=True))
  assert_alike(ours(SETTINGS), optaxs(nesterov))
  assert_alike(
    ours(SETTINGS._replace(optimizer="adam")), optaxs(optax.chain(decay, optax.adam(LR)))
  )
  opt = shared_step.optimizer(SETTINGS, LR).direction("net")
  assert len(opt.init(PARAMS)) == 3  # the structure that checkpoints and saved states have


def test_a_pull_takes_the_place_of_decoupled_decay_too():
  pull = lambda: optax.stateless(lambda g, w: jax.tree.map(lambda g: g + 1.0, g))
  found = ours(SETTINGS._replace(optimizer="adamw"), pull=pull)
  expected = optaxs(optax.chain(pull(), optax.adamw(LR, weight_decay=0.0)))
  assert_alike(found, expected)


def test_one_s_own_transformation_is_used_as_it_is():
  own = optax.chain(optax.clip(0.3), optax.adamw(0.02, weight_decay=0.1))
  settings = SETTINGS._replace(schedule="cosine")
  assert_alike(ours(settings, optimizers.bind(own)), optaxs(own), rtol=1e-6)


def test_it_is_named_by_what_it_does_in_any_process():
  schedule = optax.cosine_decay_schedule
  made = lambda: optax.chain(optax.clip(0.3), optax.sgd(schedule(0.1, 100), momentum=0.9))
  one, same = optimizers.bind(made()), optimizers.bind(made())
  assert one.name == same.name and one.name.startswith("optax-")
  others = [optax.adamw(1e-3), optax.adamw(2e-3), optax.lion(1e-3), optax.sgd(schedule(0.1, 99))]
  assert len({one.name, *(optimizers.bind(o).name for o in others)}) == 5
  again = made()
  assert optimizers.bind(again).key == optimizers.bind(again).key != one.key


def test_an_experiment_carries_it(tmp_path):
  own = optax.adam(0.01)
  asked = resolve(
    toy.SUITE, toy.TASK, "source_only", toy.SETTINGS._replace(steps=20), optimizer=own
  )
  assert asked.settings.optimizer == asked.optimizer.name
  [made] = run(asked, tmp_path, domains=toy.load).records
  assert made["config"]["settings"]["optimizer"] == asked.optimizer.name
  assert "optimizer" not in asked.config(asked.points[0], {})
  other = resolve(
    toy.SUITE, toy.TASK, "source_only", toy.SETTINGS._replace(steps=20), optimizer=optax.adam(0.02)
  )
  [beside] = run(other, tmp_path, domains=toy.load).records
  assert beside["label"] != made["label"] and beside["parameters"] != made["parameters"]
  with pytest.raises(ValueError, match="has a learning rate of its own: leave lr out of --sweep"):
    resolve(toy.SUITE, toy.TASK, "source_only", optimizer=own, sweep={"lr": (0.1, 0.2)})


def test_a_factory_that_makes_none_is_named():
  def zero():
    return 0

  with pytest.raises(ValueError, match=r"optimizer 'zero' makes no direction .*int is no optax"):
    shared_step.optimizer(SETTINGS, LR, own=optimizers.bind(zero)).direction("net")


def test_the_python_face_takes_a_transformation_and_saves_its_model():
  source, target = ((d.train.x, d.train.y) for d in (toy.MOONS, toy.TURNED))
  own = optax.adamw(1e-2)
  fitted = adapt.fit("source_only", source=source, target=target[0], optimizer=own, steps=20)
  settings = fitted.record["config"]["settings"]
  assert settings["optimizer"] == optimizers.bind(own).name
  assert len(fitted.predict(target[0])) == len(target[0])
