"""What every method must do, whatever it is: discovered methods are tested without being named here."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy

from adapt import methods, models, train
from adapt.method import Batch
from adapt.request import traits

# Points of accuracy by which a method beats source_only on turned moons. Without an entry here, a
# method must not fall behind it by more than two points.
MARGINS = {
  "dann": 0.15,
  "coral": 0.02,
  "fine_tune": 0.1,
  "weighted": 0.15,
  "target_only": 0.15,
  "dan": 0.1,
  "jan": 0.15,
  "homm": 0.02,
  "entropy": 0.05,
  "information_maximisation": 0.05,
  "bnm": 0.02,
  "mcc": 0.05,
  "atdoc": 0.03,
  "pseudo_label": 0.03,
  "fixmatch": 0.02,
  "adamatch": 0.01,
  "adabn": 0.02,
  "dsbn": 0.04,
  "deepjdot": 0.08,
  "source_and_target": 0.15,
  "mme": 0.15,
  "shot_im": 0.04,
  "shot": 0.02,
  "aad": 0.04,
  "otda": 0.1,
  "cdan": 0.15,
  "bsp": 0.12,
  "mdd": 0.15,
  "mcd": 0.03,
  "wdgrl": 0.15,
  "adda": 0.2,
  "vada": 0.2,
  "dirt_t": 0.2,
}

# Losses that say nothing of learning: they rise as the critic is fooled, and nothing else is in them.
GAMES = ("adda",)


@functools.cache
def parts(name):
  """(method, optimiser, batch, state, compiled step) of a method on its toy network."""
  method = methods.get(name)(
    models.build(toy.NETWORKS.get(name, "mlp"), 2), **toy.GIVEN.get(name, {})
  )
  keys = iter(jax.random.split(jax.random.key(1), 3))
  xs, xt, xl = (jax.random.normal(next(keys), (16, 2)) for _ in range(3))
  ys = jnp.arange(16) % 2
  batch = Batch(xs, ys, jnp.ones(16), jnp.zeros(16, int), xt, xl, ys)
  opt = train.optimizer(toy.SETTINGS, 0.1)
  state = jax.jit(lambda key: train.init(method, opt, key, batch))(jax.random.key(0))
  traces = []

  @jax.jit
  def step(ts, batch):
    traces.append(1)
    return train.step(method, opt, 10, ts, batch)

  return method, opt, batch, state, step, traces


@pytest.mark.parametrize("name", methods.names())
def test_finite_scalar_loss_and_kept_structure(name):
  _, _, batch, state, step, _ = parts(name)
  after, metrics = step(state, batch)
  assert metrics["loss"].shape == () and jnp.isfinite(metrics["loss"])
  assert jax.tree.structure(after) == jax.tree.structure(state)
  for old, new in zip(jax.tree.leaves(state), jax.tree.leaves(after), strict=True):
    assert (old.shape, old.dtype) == (new.shape, new.dtype)
  moved = jax.tree.map(lambda a, b: bool(jnp.any(a != b)), after.params, state.params)
  assert all(any(jax.tree.leaves(part)) for part in moved.values()), (
    "an entry of params never moves"
  )


@pytest.mark.parametrize("name", methods.names())
def test_same_key_same_loss_and_no_second_trace(name):
  _, _, batch, state, step, traces = parts(name)
  first, again = step(state, batch), step(state, batch)
  assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.all(a == b)), first, again))
  step(first[0], batch)
  assert len(traces) == 1


@pytest.mark.parametrize("name", methods.names())
def test_survives_vmap_over_seeds(name):
  method, opt, batch, _, _, _ = parts(name)
  keys = jnp.stack([jax.random.key(i) for i in range(2)])

  @jax.jit
  @jax.vmap
  def first_step(key):
    return train.step(method, opt, 10, train.init(method, opt, key, batch), batch)

  _, metrics = first_step(keys)
  assert metrics["loss"].shape == (2,) and metrics["loss"][0] != metrics["loss"][1]


@pytest.mark.parametrize("name", methods.names())
def test_learns_and_beats_source_only(name, toy_run):
  record = toy_run(name)
  losses = np.array(record["curves"]["loss"])
  assert name in GAMES or (losses[:, -1] < losses[:, 0]).all()
  if name != "source_only":
    own = {"model": toy.NETWORKS, "lr": toy.RATES}
    same = {setting: values[name] for setting, values in own.items() if name in values}
    below = toy_run("source_only", **same)["last"]["accuracy"]
    gain = np.mean(record["last"]["accuracy"]) - np.mean(below)
    assert gain > MARGINS.get(name, -0.02)


@pytest.mark.parametrize("name", methods.names())
def test_names_its_paper_and_its_reads(name):
  factory = methods.get(name)
  first = (inspect.getmodule(factory).__doc__ or "").split("\n")[0]
  assert any(mark in first for mark in ("arXiv:", "(19", "(20", ", 19", ", 20")), first
  known = {"source", "target", "labelled", "all_labelled"}
  assert set(traits(name, toy.GIVEN.get(name, {})).reads) <= known
