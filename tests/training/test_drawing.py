"""Batches are drawn by programs that methods share, and each cell draws its own."""

import jax
import jax.numpy as jnp
import numpy as np
import toy

from adapt.experiments.run import run
from adapt.training import drawing, program, resident, shared_step
from adapt.training.devices import Layout
from adapt.training.settings import Settings

SEEDS, STEPS = (0, 3), jnp.array([0, 5], jnp.int32)


def test_rows_are_each_cells_plan_from_its_own_step():
  asked = drawing.Drawing(resident.Sizes(20, 30, 6), 4, 7, None, Layout())
  rows = drawing.program(asked)((program.keys(SEEDS), STEPS), None)
  for cell, seed in enumerate(SEEDS):
    order = jax.random.fold_in(jax.random.key(seed), shared_step.ORDER)
    own = resident.plans(order, asked.sizes, 4, STEPS[cell], 7)
    jax.tree.map(lambda many, one, i=cell: np.testing.assert_array_equal(many[i], one), rows, own)


def test_source_rows_are_drawn_by_weight_from_the_step_on():
  asked = drawing.Drawing(resident.Sizes(20, 30), 4, 7, 3.0, Layout())
  ws = jnp.zeros(20).at[11].set(1.0)
  source, *others = drawing.program(asked)((program.keys(SEEDS), jnp.zeros_like(STEPS)), ws)
  never = drawing.program(asked._replace(by_weight=None))
  planned, *same = never((program.keys(SEEDS), jnp.zeros_like(STEPS)), None)
  np.testing.assert_array_equal(source[:, :3], planned[:, :3])
  assert (source[:, 3:] == 11).all() and (planned[:, 3:] != 11).any()
  jax.tree.map(np.testing.assert_array_equal, others, same)


def test_a_method_draws_by_the_program_of_another(tmp_path):
  run(toy.experiment("source_only", steps=4, evaluations=1), tmp_path, domains=toy.load)
  made = drawing.program.cache_info().misses
  run(toy.experiment("dann", steps=4, evaluations=1), tmp_path, domains=toy.load)
  assert drawing.program.cache_info().misses == made


def test_labelled_rows_and_settings_tell_programs_apart():
  settings = Settings(resample=True, defer=0.5, steps=10, batch_size=4)
  ws, keys = jnp.ones(20), program.keys(SEEDS)
  labelled = resident.Labelled(jnp.zeros((2, 6), jnp.int32), jnp.zeros((2, 6), jnp.int32))
  state = shared_step.TrainState(STEPS, keys, {}, {}, {}, jnp.ones(2, bool))
  arrays = resident.Arrays(jnp.ones((20, 2)), ws, ws, ws, jnp.ones((30, 2)))
  of = drawing.of(settings, Layout(), None)
  with_few = of(3)(program.Mapped(state, {}, labelled), arrays)
  without = of(3)(program.Mapped(state, {}, None), arrays)
  assert with_few[2].shape == (2, 3, 4) and without[2] is None
