"""Streams of tiny batches that several tests run: one compiled program a method."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from two_norms import BATCH, FORWARD, inputs, model

from adapt.streams import methods, orders, scan

NAMES = methods.names()
POOL, XS = inputs(36, seed=4), inputs(12, seed=9)
# What lanes vary, and its two values.
VARIED = {"norm": ("prior", 1, 30), "t3a": ("kept", 1, 4), "lame": ("neighbours", 1, 4)}
# So that tiny batches hold examples that are used.
FIXED = {
  "cotta": {"views": 2, "sure": 0.51, "restore": 0.3, "decay": 0.9},
  "deyo": {"margin": 0.98, "drop": 0.0},
  "memo": {"views": 2},
  "note": {"room": 40, "every": 4, "momentum": 0.2},
  "rmt": {"warm_up": 2, "source_batch": 5, "width": 4, "decay": 0.9},
  "rotta": {"room": 6, "every": 4, "robust": 0.3, "decay": 0.8},
  "eata": {"fisher_batch": 6, "margin": 1.0, "similarity": 1.0},
  "sar": {"margin": 1.0, "collapsed": 0.0},
}
RATE = ("rate", 0.01, 0.3)


@functools.cache
def program(name):
  """One compiled stream: (hyper-parameters, pool, order, reset) → logits of each batch."""

  def run(hyper, pool, order, reset):
    online = methods.get(name)(FORWARD, **hyper, **FIXED.get(name, {}))
    start = online.init(*model(), XS)

    def step(state, batch):
      rows, again = batch
      state = jax.tree.map(lambda a, b: jnp.where(again, a, b), start, state)
      logits, state = online.step(state, pool[rows])
      return state, logits

    return jax.lax.scan(step, start, (order, reset))[1]

  return jax.jit(run)


@functools.cache
def follower(name):
  """As `program`, by `scan.follow` → predicted classes."""

  def run(hyper, pool, order, reset):
    online = methods.get(name)(FORWARD, **hyper, **FIXED.get(name, {}))
    return scan.follow(online, online.init(*model(), XS), pool, order, reset)

  return jax.jit(run)


def varied(name):
  return {} if name == "source" else dict([VARIED.get(name, RATE)[:2]])


def stream(kind="continual"):
  order = orders.make(kind, np.arange(12) % 3, 3, BATCH, seed=0)
  return jnp.asarray(order.rows), jnp.asarray(order.reset)
