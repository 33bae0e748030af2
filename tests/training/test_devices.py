"""One device == eight devices == pmap on eight, for every method, on a network with batch-norm."""

import os
import subprocess
import sys

import jax
import layouts
import numpy as np
import pytest
import toy
from declared import declared

from adapt import methods
from adapt.experiments.run import run
from adapt.method import Net
from adapt.training import devices as parallel
from adapt.training.devices import Layout
from adapt.training.setup import Feed

EARLY, STEPS = 6, layouts.STEPS  # single numbers agree at first; rounding grows with the steps


def final_params(begun, layout):
  """Two seeds: ((params, state), loss) after 6 steps and after 20, and the metrics of the second step."""
  seen = []
  for step, (mapped, metrics) in enumerate(layouts.steps(begun, layout), 1):
    if step == layouts.GOLDEN:
      first = layouts.golden(parallel.fetch(layout, metrics))
    if step in (EARLY, STEPS):
      ts = parallel.fetch(layout, mapped).ts
      loss = parallel.fetch(layout, metrics)["loss"]
      # Copies: a layout donates what these may be views of.
      seen.append((jax.tree.map(np.array, (ts.params, ts.state)), np.array(loss)))
  check_steps(begun.mapped.ts, seen)
  # Where training has exploded, rounding alone tells layouts apart.
  assert max(np.abs(leaf).max() for leaf in jax.tree.leaves(seen[-1][0][0])) < 10
  return *seen, first


def check_steps(begun, seen):
  """Finite losses that tell seeds apart; all has the shape it had, and every entry of params moved."""
  for (params, state), loss in seen:
    assert np.isfinite(loss).all() and loss[0] != loss[1], "two seeds are one"
    for part, was in ((params, begun.params), (state, begun.state)):
      assert jax.tree.structure(part) == jax.tree.structure(was)
      for old, new in zip(jax.tree.leaves(was), jax.tree.leaves(part), strict=True):
        assert (old.shape, old.dtype) == (new.shape, new.dtype)
    moved = jax.tree.map(lambda a, b: bool(np.any(a != b)), params, begun.params)
    assert all(any(jax.tree.leaves(part)) for part in moved.values()), (
      "an entry of params never moves"
    )


def flat(tree):
  return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


def assert_close(ours, theirs, layout, loss=1e-4, least=2e-5):
  """The loss and every single number of (params and state, loss)."""
  np.testing.assert_allclose(ours[1], theirs[1], rtol=loss, err_msg=str(layout))
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=least, err_msg=str(layout)),
    ours[0],
    theirs[0],
  )


# XLA shards any step by itself; what a method could get wrong is a mean over devices, which pmap shows.
# So each mechanism is sharded once: critic, phases, memory, transport, linear algebra, statistics of each
# domain, averaged weights, labels made between steps, several sources, labelled rows.
SHARDED = {"dann", "mcd", "nrc", "deepjdot", "dare_gram", "dsbn", "mean_teacher", "shot", "mdan"}
SHARDED |= {"fine_tune"}
if os.environ.get("ADAPT_LAYOUTS") == "every":
  SHARDED = set(methods.names())


@pytest.mark.parametrize("name", methods.names())
@pytest.mark.holds("layouts")
def test_layouts_agree(name):
  """And one device has the metrics that the method's test file declares; see `test_golden.py`."""
  begun, most = layouts.start(name), toy.needs(name).amplified
  early, late, first = final_params(begun, Layout("sharding", 1))
  assert first == pytest.approx(declared("methods", name, "GOLDEN", first), rel=1e-4)
  for layout in [Layout("sharding", 8)] * (name in SHARDED) + [Layout("pmap", 8)]:
    other_early, other_late, _ = final_params(begun, layout)
    assert_close(other_early, early, layout)
    apart = np.linalg.norm(flat(other_late[0]) - flat(late[0])) / np.linalg.norm(flat(late[0]))
    assert apart < most, layout
    assert_close(other_late, late, layout, loss=10 * most, least=10 * most)


@pytest.mark.parametrize("name", ["bss", "delta", "lp_ft", "stochnorm"])
@pytest.mark.holds("layouts")
def test_layouts_agree_under_tunings(name):
  begun, layout = layouts.start("fine_tune", tuned=name), Layout("pmap", 8)
  one, other = (final_params(begun, where)[:2] for where in (Layout("sharding", 1), layout))
  for ours, theirs in zip(other, one, strict=True):
    assert_close(ours, theirs, layout)


def test_pmap_without_the_mean_of_gradients_would_differ(monkeypatch):
  begun = layouts.start("source_only")
  one = final_params(begun, Layout("sharding", 1))[1][0]
  monkeypatch.setattr(parallel, "average", lambda layout, grads: grads)
  from adapt.training import program

  program.program.cache_clear()
  other = final_params(begun, Layout("pmap", 8))[1][0]
  program.program.cache_clear()
  kernels = one[0]["net"]["head"]["kernel"], other[0]["net"]["head"]["kernel"]
  assert np.abs(kernels[0] - kernels[1]).max() > 1e-3


APART = [
  ("dann", 2, {"sweep": {"weight": (0.1, 1.0, 2.0)}}),  # nine cells, five on each device
  ("fine_tune", 8, {}),  # more devices than seeds; rows that are labelled for each seed
  ("shot", 3, {}),  # starts from a source model, and looks at all inputs between steps
  ("dann", 2, {"feed": Feed("stream")}),
]


@pytest.mark.parametrize(("name", "devices", "changes"), APART)
@pytest.mark.holds("layouts")
def test_seeds_on_devices_of_their_own_are_those_of_one_device(tmp_path, name, devices, changes):
  short = {"steps": 8, "evaluations": 2, **changes}
  made = []
  for layout in (Layout(), Layout("seeds", devices)):
    asked = toy.experiment(name, layout=layout, **short)
    made.append(run(asked, tmp_path / layout.kind, domains=toy.load).records)
  for one, apart in zip(*made, strict=True):
    assert apart["config"].pop("devices") == devices and one["config"].pop("devices") == 1
    assert apart["config"] == one["config"]
    for curve in ("loss", "target_accuracy"):  # but for rounding
      np.testing.assert_allclose(
        apart["curves"][curve], one["curves"][curve], rtol=1e-4, atol=0.004
      )


@pytest.mark.holds("layouts", "resumed")
def test_seeds_apart_stop_and_go_on_anywhere(tmp_path):
  asked = toy.experiment("dann", steps=12, evaluations=3, layout=Layout("seeds", 2))
  [straight] = run(asked, tmp_path / "straight", domains=toy.load).records
  [cut] = toy.interrupted(asked, tmp_path / "cut", 8)
  toy.assert_same_numbers(cut, straight)
  with pytest.raises(toy.Crash):
    run(asked, tmp_path / "other", domains=toy.load, report=toy.crash_at(8), minutes=0)
  [other] = run(asked._replace(layout=Layout()), tmp_path / "other", domains=toy.load).records
  np.testing.assert_allclose(other["curves"]["loss"], straight["curves"]["loss"], rtol=1e-4)


def test_a_program_takes_no_more_devices_than_it_has_cells():
  assert parallel.of_cells(Layout("seeds", 8), 3) == Layout("seeds", 3, 3)
  assert parallel.of_cells(Layout("seeds", 8), 1) == Layout()
  assert parallel.of_cells(Layout("pmap", 8), 3) == Layout("pmap", 8)


def test_auto_gives_seeds_devices_and_a_single_one_a_core_s_worth(monkeypatch):
  assert parallel.layout("auto", 0, 64, seeds=3) == Layout("seeds", 8)
  assert parallel.layout("auto", 2, 63, seeds=3) == Layout("seeds", 2)  # no batch is shared
  assert parallel.layout("auto", 0, 64) == Layout("sharding", 1)  # its operations use all cores
  assert parallel.layout("auto", 4, 64) == Layout("sharding", 4)
  assert parallel.layout("auto", 0, 64, seeds=9) == Layout("sharding", 1)  # seven would idle
  assert parallel.layout("auto", 0, 64, seeds=13) == Layout("seeds", 8)
  monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
  assert parallel.layout("auto", 0, 64, seeds=9) == Layout("seeds", 8)  # of eight
  assert parallel.layout("auto", 0, 64) == Layout("sharding", 8)


CORES = (
  "import jax; from adapt.training import devices; devices.cores_as_devices(); "
  "print(jax.device_count())"
)


def test_cores_are_devices_unless_jax_was_told_otherwise():
  def devices(**told):
    alone = {k: v for k, v in os.environ.items() if k not in ("XLA_FLAGS", "JAX_NUM_CPU_DEVICES")}
    argv = [sys.executable, "-c", CORES]
    return int(subprocess.run(argv, env={**alone, **told}, capture_output=True, check=True).stdout)

  assert devices() == len(os.sched_getaffinity(0))
  assert devices(JAX_NUM_CPU_DEVICES="3") == 3
  assert devices(XLA_FLAGS="--xla_force_host_platform_device_count=5") == 5


@pytest.mark.parametrize(
  ("kind", "devices", "batch", "message"),
  [
    ("sharding", 8, 20, "--batch-size 16 or 24"),
    ("pmap", 8, 4, "--batch-size 8"),
    ("pmap", 99, 64, "lower --devices"),
    ("ring", 1, 64, "choose auto, seeds, sharding or pmap"),
  ],
)
def test_layouts_that_cannot_be_are_refused(kind, devices, batch, message):
  with pytest.raises(ValueError, match=message):
    parallel.layout(kind, devices, batch)


def test_all_devices_are_the_default():
  assert parallel.layout("sharding", 0, 64) == Layout("sharding", 8)


def test_only_pmap_wraps_the_network():
  net = Net(lambda: None, lambda: None)
  assert parallel.shared_net(Layout("sharding", 8), net) is net
  assert parallel.shared_net(Layout("pmap", 8), net) is not net
