"""Tent, EATA and CoTTA against the authors' code on the same tensors (scripts/stream_references.py)."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from two_norms import FORWARD

from adapt.augment import test_time_views
from adapt.streams import methods

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/streams.json").read_text("utf-8"))


def arrays(tree):
  if isinstance(tree, dict):
    return {name: arrays(v) for name, v in tree.items()}
  return jnp.asarray(tree, jnp.float32)


DATA = {name: arrays(GOLDEN[name]) for name in ("params", "stats", "source", "stream")}


def run(name, **fixed):
  """Compiled: hyper-parameters → the logits of all batches."""

  def logits(hyper):
    online = methods.get(name)(FORWARD, rate=GOLDEN["rates"][name], **fixed, **hyper)
    start = online.init(DATA["params"], DATA["stats"], DATA["source"])
    return jax.lax.scan(lambda s, x: online.step(s, x)[::-1], start, DATA["stream"])[1]

  return jax.jit(logits)


@pytest.mark.parametrize("name", ["tent", "eata"])
def test_five_steps_of_the_authors_code(name):
  fixed = GOLDEN["eata"] if name == "eata" else {}
  ours = run(name, **fixed)({})
  assert len(ours) == 5
  np.testing.assert_allclose(ours, GOLDEN["logits"][name], atol=1e-5)
  moved = np.abs(np.asarray(GOLDEN["logits"][name][-1]) - np.asarray(ours[0])).max()
  assert moved > 0.1


def test_five_steps_of_the_authors_cotta(monkeypatch):
  monkeypatch.setattr(test_time_views, "view", lambda key, x, *how: x.clip(-1, 1))
  program = run("cotta", views=3)
  for case, hyper in GOLDEN["cotta"].items():
    ours = program({name: jnp.float32(v) for name, v in hyper.items()})
    np.testing.assert_allclose(ours, GOLDEN["logits"][case], atol=1e-5, err_msg=case)
  free, restored = (np.asarray(GOLDEN["logits"][case][-1]) for case in GOLDEN["cotta"])
  assert np.abs(free - restored).max() > 1e-2
  unsure = program({name: jnp.float32(v) for name, v in hyper.items()} | {"restore": 0.0})
  assert np.abs(unsure[1] - np.asarray(GOLDEN["logits"]["cotta"][1])).max() > 1e-2
