"""What every tuning promises: the same start, few trainable leaves, and frozen ones that stay."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from declared import declared
from flax.traverse_util import flatten_dict

from adapt import tuning
from adapt.method import Method, Phase

BODY = {"conv/kernel", "conv/bias", "block/dense/kernel", "block/dense/bias"}
NORM = {"block/norm/scale", "block/norm/bias"}
HEAD = {"head/kernel", "head/bias"}
GROUPS = {"body": BODY, "norm": NORM, "head": HEAD}


def trainable(name):
  """The leaves that a tuning trains of this network, as the `TRAINABLE` of its own test says.

  It is a list of leaves and of the groups "body", "norm" and "head"; empty for a tuning that refuses
  this network and is tested by its own test alone.
  """
  leaves = declared("tuning", name, "TRAINABLE", ["nothing declared"])
  return set().union(*(GROUPS.get(leaf, {leaf}) for leaf in leaves))


NAMES = [name for name in tuning.names() if trainable(name)]
YS = jnp.array([0, 1, 1, 0, 1, 0])


@functools.partial(jax.jit, static_argnums=0)
def step(net, params, stats, x, key, rate=0.3):
  """One step of SGD on the cross-entropy."""

  def loss(p):
    (_, logits), new = net.apply(p, stats, x, True, key)
    return optax.softmax_cross_entropy_with_integer_labels(logits, YS).mean(), new

  grads, stats = jax.grad(loss, has_aux=True)(params)
  return jax.tree.map(lambda p, g: p - rate * g, params, grads), stats


def test_every_tuning_says_what_it_trains():
  for name in tuning.names():
    said = declared("tuning", name, "TRAINABLE")
    assert said is not None, f'add to tests/tuning/test_{name}.py: TRAINABLE = ["body", "head", …]'


def test_an_unknown_name_lists_the_known_ones():
  with pytest.raises(ValueError, match="bitfit, bss"):
    tuning.get("nothing")


@pytest.mark.parametrize("name", NAMES)
def test_the_start_is_the_inner_networks(name, tiny, x):
  net, key = tuning.get(name)().wrap(tiny, 1.0), jax.random.key(0)
  (features, logits), _ = net.apply(*net.init(key, x), x, False, None)
  (inner_features, inner_logits), _ = tiny.apply(*tiny.init(key, x), x, False, None)
  np.testing.assert_array_equal(logits, inner_logits)
  np.testing.assert_array_equal(features, inner_features)


@pytest.mark.parametrize("name", NAMES)
def test_exactly_the_intended_leaves_move(name, tiny, x):
  net, key = tuning.get(name)().wrap(tiny, 1.0), jax.random.key(0)
  params, stats = net.init(key, x)
  before = flatten_dict(params, sep="/")
  assert set(before) == trainable(name)
  # Two steps: in the first, LoRA's A gets no gradient through B = 0.
  after, new = step(net, *step(net, params, stats, x, key), x, key)
  for path, leaf in flatten_dict(after, sep="/").items():
    trained_apart = path.startswith("source_head")  # by a loss around the method's
    assert trained_apart or not np.array_equal(leaf, before[path]), path
  if "frozen" in stats:
    jax.tree.map(np.testing.assert_array_equal, new["frozen"], stats["frozen"])
  assert jax.tree.structure(new) == jax.tree.structure(stats)


@pytest.mark.parametrize("name", NAMES)
def test_no_leaf_of_the_network_is_lost_or_doubled(name, tiny, x):
  net = tuning.get(name)().wrap(tiny, 1.0)
  params, stats = net.init(jax.random.key(0), x)
  added = {leaf.split("/")[0] for leaf in trainable(name) - (BODY | NORM | HEAD)}
  held = set(flatten_dict({k: v for k, v in params.items() if k not in added}, sep="/"))
  frozen = set(flatten_dict(stats.get("frozen", {}), sep="/"))
  assert held | frozen == BODY | NORM | HEAD
  assert not held & frozen


@pytest.mark.parametrize("name", NAMES)
def test_vmapped_seeds_equal_single_ones(name, tiny, x):
  net = tuning.get(name)().wrap(tiny, 1.0)

  def run(key):
    params, stats = net.init(key, x)
    params, stats = step(net, params, stats, x, key)
    return net.apply(params, stats, x, train=False, key=None)[0][1]

  keys = jax.random.split(jax.random.key(3), 3)
  together, alone = jax.jit(lambda k: (jax.vmap(run)(k), run(k[1])))(keys)
  np.testing.assert_allclose(together[1], alone, rtol=1e-4, atol=1e-5)
  assert not np.allclose(together[0], together[1])


def test_training_nothing_is_an_error(tiny, x):
  with pytest.raises(ValueError, match="another tuning"):
    tuning.only(tiny, lambda path: False).init(jax.random.key(0), x)


@pytest.mark.parametrize(
  ("name", "method"),
  [("lp_ft", "dann"), ("bss", "dann"), ("bss", "vada"), ("delta", "mcd")],
)
def test_tunings_run_with_methods_that_read_both_domains(name, method, tiny, batch, states):
  fewer = {"inner": 1} if method == "mcd" else {}  # repeats of its last phase, each compiled
  [(before, _), (after, metrics)] = states(
    tuning.get(name)(), method, tiny, batch, 1, 2, width=4, **fewer
  )
  assert np.isfinite(metrics["loss"])
  assert jax.tree.structure(after) == jax.tree.structure(before)
  for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True):
    assert (old.shape, old.dtype) == (new.shape, new.dtype)


def test_a_method_never_sees_what_is_carried_beside_its_state():
  def seen(params, state, *rest):
    assert set(state) == {"stats"}
    return {"stats": state["stats"] + 1}

  plain = Method(
    init=lambda key, batch: ({"net": 1}, {"stats": 0}),
    loss=(
      Phase(lambda *a: (0.0, (seen(*a), {})), ("net",)),
      Phase(lambda *a: (0.0, (seen(*a), {})), ("critic",)),
    ),
    predict=seen,
    after_step=seen,
    refresh=seen,
  )
  carried = tuning.carrying(plain, "memory", lambda params, state: {"start": params["net"]})
  params, state = carried.init(None, None)
  memory = {"start": 1}
  assert state == {"stats": 0, "memory": memory}
  for phase in carried.loss:
    assert phase.loss(params, state, None, None, 0.0)[1][0] == {"stats": 1, "memory": memory}
  assert carried.after_step(params, state) == {"stats": 1, "memory": memory}
  assert carried.refresh(params, state, None, None, None) == {"stats": 1, "memory": memory}
  assert carried.predict(params, state, None) == {"stats": 1}
  assert tuning.carrying(plain._replace(refresh=None), "memory", max).refresh is None


def test_only_phases_that_train_the_network_get_another_loss():
  phases = Phase("a", ("net", "heads")), Phase("b", ("critic",)), Phase("c", ("net",), 3)
  changed = tuning.with_loss(Method(None, phases, None), str.upper).loss
  assert [p.loss for p in changed] == ["A", "b", "C"]
  assert changed[2].repeat == 3
