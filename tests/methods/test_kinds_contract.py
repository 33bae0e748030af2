"""Other outputs keep what `test_contract` holds of classes: eight devices are one, and a run goes on.

One method stands for each mechanism that could break it, on networks with batch-norm: a discrepancy that is
no mean over examples, phases with a critic, statistics of each domain, a teacher and images mixed by the
step's key, and labelled target rows that a seed draws.
"""

import jax
import numpy as np
import pytest
import segments
import toy

from adapt import models
from adapt.data import Domain, Split
from adapt.experiments.resolve import resolve
from adapt.experiments.run import run
from adapt.experiments.suite import Suite, Task
from adapt.training import arrays as inputs
from adapt.training import devices as parallel
from adapt.training import loop, task_data
from adapt.training.devices import Layout
from adapt.training.joint_tasks import Part
from adapt.training.settings import Settings

STEPS, CUT, SAVED = 6, 4, 2  # the checkpoint that a run goes on from is of the evaluation before
SMALL = Settings(
  steps=STEPS,
  batch_size=8,
  lr=0.05,
  weight_decay=0.0,
  schedule="constant",
  evaluations=3,
  shots=8,
)
NETS = {"values": "normed", "pixels": "normed_pixels", "labels": "normed"}  # of tests/networks
GIVEN = {"dann": {"width": 8}, "advent": {"width": 8}}
LAYOUTS = [
  ("values", "rsd"),  # subspaces of the whole batch
  ("values", "dann"),  # a critic
  ("pixels", "dsbn"),  # statistics of each domain
  ("pixels", "advent"),  # phases, a critic of maps
  ("pixels", "dacs"),  # a teacher, and images mixed by the step's key
]
# Labelled rows that a seed draws, and of the others those that keep more than a network.
RESUMED = [
  ("values", "fine_tune"),
  ("labels", "dann"),
  *(case for case in LAYOUTS if case[1] not in ("rsd", "dsbn")),
]


def values(name, shift):
  """A domain whose label is a number far from 0."""
  rng = np.random.default_rng(len(name))
  x = rng.normal(size=(48, 4)).astype(np.float32)
  y = (300 + 20 * (x[:, :1] - x[:, 1:2])).astype(np.float32)
  parts = [Split(x[rows] + np.float32(shift), y[rows]) for rows in (slice(32), slice(32, 48))]
  return Domain(name, *parts, (), "vector")


def pixels(name, shift):
  """A domain of small discs."""
  x, y = segments.made(shift, 48, len(name))
  masks = np.where(y == 255, -1, y.astype(np.int32)).astype(np.int32)
  parts = [Split(x[rows], masks[rows]) for rows in (slice(32), slice(32, 48))]
  return Domain(name, *parts, ("ground", "disc", "core"), "image")


def labels(name, shift):
  """A domain of three labels, some of them unknown."""
  domain = values(name, shift)
  x = np.concatenate([domain.train.x, domain.test.x])
  y = np.where(np.abs(x[:, :3] - shift) < 0.1, -1, x[:, :3] > shift).astype(np.int32)
  parts = [Split(x[rows], y[rows]) for rows in (slice(32), slice(32, 48))]
  return Domain(name, *parts, ("a", "b", "c"), "vector")


DOMAINS = {
  d.name: d for d in (f(f"{f.__name__}_{s}", s) for f in (values, pixels, labels) for s in (0, 0.3))
}


def experiment(kind, method, **changes):
  task = Task(kind, (f"{kind}_0",), f"{kind}_0.3")
  suite = Suite("kinds", (task,), SMALL, "small domains")
  given, net = GIVEN.get(method, {}), models.bind(NETS[kind])
  return resolve(suite, task, method, SMALL, (0, 1), given=given, model=net, output=kind, **changes)


def after(asked, layout):
  """(loss, params and state) of a layout after STEPS steps, from one start."""
  source, target = (DOMAINS[name] for name in (*asked.task.source, asked.task.target))
  setup, todo = asked.setup, asked.points
  data = task_data.unchecked(setup, [source], target)
  parts = [Part(setup, todo, data)]
  begun, arrays, _ = loop.placed(parts, loop.program_of(parts))
  load = inputs.loader_of(setup, data, begun.labelled)
  cells = loop.program_of([Part(setup._replace(layout=layout), todo, data)])
  mapped = parallel.put_stacked(layout, begun)
  which = parallel.put_stacked(layout, jax.numpy.arange(2))
  labels = arrays._replace(xs=None, xt=None)
  for step in range(STEPS):
    shared = parallel.put_shared(layout, (labels, load.at(step)))
    mapped, metrics = jax.block_until_ready(cells.fed((mapped, which), shared))
  ts = parallel.fetch(layout, mapped).ts
  kept = jax.tree.map(np.array, (ts.params, ts.state))
  return np.array(parallel.fetch(layout, metrics)["loss"]), kept


@pytest.mark.parametrize(("kind", "method"), LAYOUTS)
@pytest.mark.holds("layouts")
def test_eight_devices_are_one(kind, method):
  asked = experiment(kind, method)
  one = after(asked, Layout("sharding", 1))
  assert np.isfinite(one[0]).all() and one[0][0] != one[0][1]
  for layout in (Layout("sharding", 8), Layout("pmap", 8)):
    loss, kept = after(asked, layout)
    np.testing.assert_allclose(loss, one[0], rtol=1e-4, err_msg=str(layout))
    jax.tree.map(
      lambda a, b, layout=layout: np.testing.assert_allclose(
        a, b, rtol=1e-3, atol=1e-4, err_msg=str(layout)
      ),
      kept,
      one[1],
    )


@pytest.mark.parametrize(("kind", "method"), RESUMED)
@pytest.mark.holds("resumed")
def test_a_run_that_was_cut_goes_on_to_the_bit(kind, method, tmp_path):
  asked = experiment(kind, method)
  options = {"domains": DOMAINS.__getitem__, "minutes": 0}
  [straight] = run(asked, tmp_path / "straight", **options).records
  with pytest.raises(toy.Crash):
    run(asked, tmp_path / "cut", report=toy.crash_at(CUT), **options)
  seen = []
  report = lambda done, *_: seen.append(done)
  [cut] = run(asked, tmp_path / "cut", report=report, **options).records
  assert min(seen) > SAVED, "it began anew"
  toy.assert_same_numbers(cut, straight)
