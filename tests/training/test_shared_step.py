"""The shared step against the update rules written out in NumPy and against optax."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from adapt.losses import ops
from adapt.method import Method, Phase
from adapt.training import shared_step
from adapt.training.settings import Settings

STEPS, LR, MOMENTUM, DECAY = 8, 0.1, 0.9, 0.05
SETTINGS = Settings(optimizer="sgd", momentum=MOMENTUM, weight_decay=DECAY, schedule="inverse")
KEY = jax.random.key(0)
RNG = np.random.default_rng(0)
XS = RNG.normal(size=(STEPS, 4, 3)).astype(np.float32)  # [step, b, d]
YS = RNG.normal(size=(STEPS, 4)).astype(np.float32)
W = np.array([1.0, -2.0, 0.5], np.float32)


def rate(step):
  """The inverse schedule, by hand."""
  return LR * (1 + 10 * step / STEPS) ** -0.75


def regression(after_step=lambda params, state: state):
  """Least squares; its metrics show what the step hands to a loss."""

  def init(key, batch):
    del key, batch
    return {"net": {"w": jnp.asarray(W)}}, {"teacher": jnp.asarray(W)}

  def loss(params, state, batch, key, progress):
    xs, ys = batch
    value = 0.5 * jnp.mean((xs @ params["net"]["w"] - ys) ** 2)
    return value, (state, {"progress": progress, "draw": jax.random.uniform(key)})

  return Method(init, loss, predict=lambda *_: None, after_step=after_step)


def by_hand(w, step):
  """The gradient of the regression."""
  return XS[step].T @ (XS[step] @ w - YS[step]) / 4


@functools.cache
def stepping(settings=SETTINGS, method=regression()):  # noqa: B008
  """A compiled step and the state before it."""
  opt = shared_step.optimizer(settings, LR)
  start = shared_step.init(method, opt, KEY, (XS[0], YS[0]))
  return jax.jit(lambda ts, batch: shared_step.step(method, opt, STEPS, ts, batch)), start


def run(settings=SETTINGS, steps=3, **kwargs):
  """States and metrics of a Python loop over the step."""
  step, ts = stepping(settings, **kwargs)
  states, metrics = [ts], []
  for i in range(steps):
    ts, m = step(ts, (XS[i], YS[i]))
    states.append(ts)
    metrics.append(m)
  return states, metrics


def test_sgd_is_nesterov_momentum_with_l2_and_a_falling_rate():
  w, buf = W.astype(np.float64), np.zeros(3)
  for i, ts in enumerate(run()[0][1:]):
    d = by_hand(w, i) + DECAY * w
    buf = MOMENTUM * buf + d
    w = w - rate(i) * (d + MOMENTUM * buf)
    np.testing.assert_allclose(ts.params["net"]["w"], w, rtol=1e-5)


def test_adam_is_optaxs_with_l2_in_the_gradient():
  settings = SETTINGS._replace(optimizer="adam", schedule="constant")
  reference = optax.chain(optax.add_decayed_weights(DECAY), optax.adam(LR))
  w = jnp.asarray(W)
  memory = reference.init(w)
  for i, ts in enumerate(run(settings)[0][1:]):
    updates, memory = reference.update(jnp.asarray(by_hand(np.asarray(w), i)), memory, w)
    w = optax.apply_updates(w, updates)
    np.testing.assert_allclose(ts.params["net"]["w"], w, rtol=1e-4)


def test_metrics_are_the_loss_before_the_update_and_the_methods_own():
  _, metrics = run()
  assert set(metrics[0]) == {"loss", "progress", "draw"}
  np.testing.assert_allclose(metrics[0]["loss"], 0.5 * np.mean((XS[0] @ W - YS[0]) ** 2), rtol=1e-5)


def test_progress_starts_at_zero_and_counts_steps():
  states, metrics = run()
  np.testing.assert_allclose([m["progress"] for m in metrics], np.arange(3) / STEPS)
  assert [int(ts.step) for ts in states] == [0, 1, 2, 3]


def test_each_step_draws_its_own_random_numbers_from_the_constant_key():
  states, metrics = run()
  draws = [float(m["draw"]) for m in metrics]
  expected = [jax.random.uniform(jax.random.fold_in(KEY, i)) for i in range(3)]
  np.testing.assert_array_equal(draws, expected)
  assert all(ts.key == KEY for ts in states)


def test_initial_weights_draw_from_a_stream_that_no_step_uses():
  seen = []
  spy = regression()._replace(init=lambda key, batch: (seen.append(key), ({}, {}))[1])
  shared_step.init(spy, shared_step.optimizer(SETTINGS, LR), KEY, None)
  streams = [jax.random.fold_in(KEY, i) for i in (*range(STEPS), shared_step.ORDER)]
  assert not any(jnp.all(seen[0] == s) for s in streams)


def test_schedules_by_hand():
  p = jnp.array([0.0, 0.25, 0.5, 1.0])
  rates = {
    "inverse": LR * np.array([1.0, 3.5**-0.75, 6**-0.75, 11**-0.75]),
    "cosine": LR * np.array([1.0, (1 + np.sqrt(0.5)) / 2, 0.5, 0.0]),
    "constant": LR,
  }
  for schedule, expected in rates.items():
    opt = shared_step.optimizer(SETTINGS._replace(schedule=schedule), LR)
    np.testing.assert_allclose(opt.rate(p), expected, rtol=1e-5, atol=1e-8, err_msg=schedule)


def test_the_rate_may_be_traced():
  rates = jax.jit(jax.vmap(lambda lr: shared_step.optimizer(SETTINGS, lr).rate(jnp.array(0.1))))
  np.testing.assert_allclose(rates(jnp.array([1.0, 3.0])), np.array([1.0, 3.0]) * 2**-0.75, 1e-5)


def test_unknown_names_are_answered_with_the_choices():
  message = r"unknown optimizer 'sdg' \(did you mean sgd.*\): choose from sgd, adam, "
  with pytest.raises(ValueError, match=message):
    shared_step.optimizer(SETTINGS._replace(optimizer="sdg"), LR)
  choices = "choose from inverse, cosine, constant"
  with pytest.raises(ValueError, match=f"unknown schedule 'step': {choices}"):
    shared_step.optimizer(SETTINGS._replace(schedule="step"), LR)


def test_average_is_applied_to_the_gradients_before_the_optimiser():
  method, opt = regression(), shared_step.optimizer(SETTINGS, LR)
  ts = shared_step.init(method, opt, KEY, None)
  halved = lambda grads: jax.tree.map(lambda g: 0.5 * g, grads)
  ts, _ = shared_step.step(method, opt, STEPS, ts, (XS[0], YS[0]), halved)
  d = 0.5 * by_hand(W, 0) + DECAY * W
  np.testing.assert_allclose(ts.params["net"]["w"], W - LR * (1 + MOMENTUM) * d, rtol=1e-5)


def test_after_step_runs_once_per_step_on_the_new_weights():
  teach = lambda params, state: {"teacher": ops.ema(state["teacher"], params["net"]["w"], 0.75)}
  states, _ = run(method=regression(teach))
  teacher = W
  for ts in states[1:]:
    teacher = 0.75 * teacher + 0.25 * np.asarray(ts.params["net"]["w"])
    np.testing.assert_allclose(ts.state["teacher"], teacher, rtol=1e-6)


repeated = jax.jit(
  lambda ts, first, n: shared_step.repeat(stepping()[0], ts, (XS, YS), first, n, STEPS)
)


def test_repeated_steps_are_the_loop():
  states, metrics = run(steps=STEPS)
  ts, each = repeated(stepping()[1], 0, STEPS)
  close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)
  jax.tree.map(close, ts._replace(key=0), states[-1]._replace(key=0))
  assert set(each) == {"loss", "progress", "draw"}
  for name, values in each.items():
    np.testing.assert_allclose(values, [m[name] for m in metrics], rtol=1e-5)


@pytest.mark.parametrize("half", [1, 3])
def test_steps_in_two_are_those_in_one_bit_for_bit(half):
  whole, every = repeated(stepping()[1], 0, STEPS)
  parts, some = repeated(stepping()[1], 0, half)
  parts, others = repeated(parts, half, STEPS - half)
  jax.tree.map(np.testing.assert_array_equal, whole.params, parts.params)
  jax.tree.map(np.testing.assert_array_equal, whole.opt, parts.opt)
  cut = np.concatenate([some["loss"][:half], others["loss"][: STEPS - half]])
  np.testing.assert_array_equal(cut, every["loss"])
  assert not others["loss"][STEPS - half :].any()


@jax.custom_vjp
def weighed(w, factor):
  """w, whose gradient is multiplied by the factor."""
  del factor
  return w


weighed.defvjp(lambda w, factor: (w, factor), lambda factor, g: (g * factor, None))


def brittle(kind):
  """The regression, whose loss or whose gradient is no number where a batch starts with 1e9."""

  def loss(params, state, batch, key, progress):
    factor = jnp.where(batch[0][0, 0] == 1e9, jnp.nan, 1.0)
    w = weighed(params["net"]["w"], factor)
    value, (_, metrics) = regression().loss({"net": {"w": w}}, state, batch, key, progress)
    return value * (factor if kind == "loss" else 1), ({"teacher": state["teacher"] + 1}, metrics)

  return regression()._replace(loss=loss)


@pytest.mark.parametrize("kind", ["loss", "gradient"])
@pytest.mark.holds("diverged")
def test_what_is_not_finite_freezes_the_state_before_it_for_good(kind):
  step, ts = stepping(method=brittle(kind))
  xs = XS.copy()
  xs[2, 0, 0] = 1e9
  states = [ts]
  for x, y in zip(xs[:5], YS, strict=False):
    ts, metrics = step(ts, (x, y))
    states.append(ts)
    assert bool(jnp.isfinite(metrics["loss"])) == bool(ts.alive)
  assert [bool(ts.alive) for ts in states] == [True, True, True, False, False, False]
  kept = (states[2].params, states[2].state, states[2].opt)
  assert np.isfinite(states[2].params["net"]["w"]).all()
  for ts in states[3:]:
    jax.tree.map(np.testing.assert_array_equal, (ts.params, ts.state, ts.opt), kept)
  assert int(states[-1].step) == 5


def test_a_passing_infinity_is_noticed():
  method = regression()._replace(
    loss=lambda params, state, row, key, progress: (params["net"]["w"].sum() + row, (state, {}))
  )
  opt = shared_step.optimizer(SETTINGS, LR)
  one = lambda ts, row: shared_step.step(method, opt, STEPS, ts, row)
  rows = jnp.array([0.0, 0.0, jnp.inf, 0.0, jnp.inf])
  ts, metrics = jax.lax.scan(one, shared_step.init(method, opt, KEY, None), rows)
  assert np.isfinite(metrics["loss"]).tolist() == [True, True, False, False, False]
  assert np.isfinite(ts.params["net"]["w"]).all()


# Phases: "a" descends a·b, then "b" twice descends (a·b)²/2; "c" is in both losses, moved by none.

A, B, C = 1.5, -0.5, 3.0


def alternating():
  def noted(state, key):
    draws = state["draws"].at[state["calls"]].set(jax.random.uniform(key))
    return {**state, "calls": state["calls"] + 1, "draws": draws}

  def first(params, state, batch, key, progress):
    value = params["a"] * params["b"] + params["c"]
    return value, (noted(state, key), {"b_in_first": params["b"]})

  def second(params, state, batch, key, progress):
    value = 0.5 * (params["a"] * params["b"]) ** 2 + params["c"]
    return value, (noted(state, key), {"a_in_second": params["a"], "b_in_second": params["b"]})

  def init(key, batch):
    params = {"a": jnp.array(A), "b": jnp.array(B), "c": jnp.array(C)}
    return params, {"calls": 0, "draws": jnp.zeros(3), "steps": 0}

  after = lambda params, state: {**state, "steps": state["steps"] + 1}
  phases = Phase(first, ("a",)), Phase(second, ("b",), repeat=2)
  return Method(init, phases, predict=lambda *_: None, after_step=after)


@functools.cache
def alternated():
  method, opt = alternating(), shared_step.optimizer(SETTINGS, LR)
  before = shared_step.init(method, opt, KEY, None)
  return before, *jax.jit(lambda ts: shared_step.step(method, opt, STEPS, ts, None))(before)


def moved(w, buf, g):
  """One step of Nesterov momentum at the initial rate."""
  d = g + DECAY * w
  buf = MOMENTUM * buf + d
  return w - LR * (d + MOMENTUM * buf), buf


def test_phases_are_minimised_in_order_each_on_the_weights_before_it():
  _, after, metrics = alternated()
  a, _ = moved(A, 0.0, B)
  b1, buf = moved(B, 0.0, a**2 * B)
  b2, _ = moved(b1, buf, a**2 * b1)
  np.testing.assert_allclose(after.params["a"], a, rtol=1e-5)
  np.testing.assert_allclose(after.params["b"], b2, rtol=1e-5)
  assert metrics["b_in_first"] == np.float32(B)  # the first phase has not moved b
  assert metrics["a_in_second"] == after.params["a"]  # nor the second a
  np.testing.assert_allclose(metrics["b_in_second"], b1, rtol=1e-5)


def test_the_loss_is_the_sum_of_the_phases_last_values():
  _, _, metrics = alternated()
  a, b = np.asarray(metrics["a_in_second"]), np.asarray(metrics["b_in_second"])
  np.testing.assert_allclose(metrics["loss"], (A * B + C) + (0.5 * (a * b) ** 2 + C), rtol=1e-5)


def test_what_no_phase_trains_is_untouched_and_so_is_its_optimiser():
  before, after, _ = alternated()
  assert after.params["c"] == before.params["c"]
  jax.tree.map(np.testing.assert_array_equal, before.opt["c"], after.opt["c"])
  for entry in ("a", "b"):
    pairs = zip(*map(jax.tree.leaves, (before.opt[entry], after.opt[entry])), strict=True)
    assert all(old != new for old, new in pairs)


def test_every_repeat_carries_the_state_and_draws_anew_and_after_step_runs_once():
  _, after, _ = alternated()
  assert after.state["calls"] == 3
  assert after.state["steps"] == 1
  assert len(np.unique(after.state["draws"])) == 3


def test_repeats_of_a_lone_phase_draw_their_own_random_numbers_too():
  method, opt = alternating(), shared_step.optimizer(SETTINGS, LR)
  lone = method._replace(loss=(method.loss[0]._replace(repeat=3),))
  ts, _ = shared_step.step(lone, opt, STEPS, shared_step.init(lone, opt, KEY, None), None)
  assert len(np.unique(ts.state["draws"])) == 3


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_pull_replaces_weight_decay_for_the_network_only(optimizer):
  to_one = lambda: optax.stateless(lambda g, w: g + w - 1.0)
  settings = SETTINGS._replace(optimizer=optimizer)
  plain, pulled = shared_step.optimizer(settings, LR), shared_step.optimizer(settings, LR, to_one)
  w = jnp.array([2.0, -3.0])

  def directed(opt, entry, g):
    way = opt.direction(entry)
    return way.update(g, way.init(w), w)[0]

  zero = jnp.zeros(2)
  undecayed = shared_step.optimizer(settings._replace(weight_decay=0.0), LR)
  expected = directed(undecayed, "net", w - 1.0)
  np.testing.assert_allclose(directed(pulled, "net", zero), expected, rtol=1e-6)
  decayed = directed(plain, "critic", zero)
  np.testing.assert_array_equal(directed(pulled, "critic", zero), decayed)
  assert np.all(decayed != 0)
