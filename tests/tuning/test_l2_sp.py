"""l2_sp's gradient against that of the loss plus its penalty."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from adapt.tuning.l2_sp import l2_sp

TRAINABLE = ["body", "norm", "head"]

ALPHA, BETA, RATE = 0.3, 0.7, 0.1


def squares(tree):
  return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(tree))


def penalty(params, start):
  names = [name for name in params if name != "head"]
  distance = jax.tree.map(jnp.subtract, {n: params[n] for n in names}, {n: start[n] for n in names})
  return ALPHA / 2 * squares(distance) + BETA / 2 * squares(params["head"])


def losses(net, stats, x):
  return lambda params: jnp.mean(net.apply(params, stats, x, False, None)[0][1] ** 2)


@pytest.mark.compares("training on the loss with its penalty written out")
def test_training_equals_training_on_the_penalised_loss(tiny, x):
  tuning = l2_sp(alpha=ALPHA, beta=BETA)
  net = tuning.wrap(tiny, 0.0)
  start, stats = net.init(jax.random.key(0), x)
  loss = losses(net, stats, x)
  pulled = optax.chain(tuning.pull(0.0, 0.5), optax.sgd(RATE, momentum=0.9))
  plain = optax.sgd(RATE, momentum=0.9)

  @jax.jit
  def both(a, b, state_a, state_b):
    updates, state_a = pulled.update(jax.grad(loss)(a), state_a, a)
    a = optax.apply_updates(a, updates)
    updates, state_b = plain.update(jax.grad(lambda p: loss(p) + penalty(p, start))(b), state_b, b)
    return a, optax.apply_updates(b, updates), state_a, state_b

  carry = start, start, pulled.init(start), plain.init(start)
  for _ in range(5):
    carry = both(*carry)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), *carry[:2])


def test_at_the_start_only_the_head_is_pulled(tiny, x):
  params, _ = tiny.init(jax.random.key(0), x)
  pull = l2_sp(alpha=ALPHA, beta=BETA).pull(0.0, 0.5)
  zeros = jax.tree.map(jnp.zeros_like, params)
  updates, _ = pull.update(zeros, pull.init(params), params)
  np.testing.assert_allclose(updates["head"]["kernel"], BETA * params["head"]["kernel"], rtol=1e-6)
  assert not any(np.any(u) for u in jax.tree.leaves({**updates, "head": 0.0}))


def test_each_vmapped_seed_remembers_its_own_start(tiny, x):
  pull = l2_sp(alpha=ALPHA, beta=BETA).pull(0.0, 0.5)

  def run(key):
    start, _ = tiny.init(key, x)
    params = jax.tree.map(lambda w: w + 1.0, start)
    grads = jax.tree.map(jnp.zeros_like, params)
    return pull.update(grads, pull.init(start), params)[0]["conv"]["kernel"]

  updates = jax.jit(jax.vmap(run))(jax.random.split(jax.random.key(0), 3))
  np.testing.assert_allclose(updates, ALPHA, rtol=1e-5)


def test_the_start_survives_donation(tiny, x):
  params, _ = jax.jit(tiny.init)(jax.random.key(0), x)
  state = l2_sp().pull(0.0, 0.5).init(params)
  add_one = lambda p, s: jax.tree.map(lambda leaf: leaf + 1, (p, s))
  jax.jit(add_one, donate_argnums=(0, 1))(params, state)  # shared buffers cannot be donated twice


def test_parameters_are_required(tiny, x):
  params, _ = tiny.init(jax.random.key(0), x)
  pull = l2_sp().pull(0.0, 0.5)
  with pytest.raises(ValueError, match="params"):
    pull.update(params, pull.init(params))
