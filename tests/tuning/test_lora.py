"""lora's kernels by hand."""

import jax
import numpy as np
import pytest

from adapt.tuning.lora import lora, updated

TRAINABLE = [
  "head",
  "lora/conv/kernel/a",
  "lora/conv/kernel/b",
  "lora/block/dense/kernel/a",
  "lora/block/dense/kernel/b",
]

RANK, ALPHA = 2, 3.0


def test_b_starts_at_zero_and_a_does_not(tiny, x):
  params, _ = lora(rank=RANK).wrap(tiny, 0.0).init(jax.random.key(0), x)
  dense, conv = params["lora"]["block"]["dense"]["kernel"], params["lora"]["conv"]["kernel"]
  assert dense["a"].shape == (27, RANK)
  assert dense["b"].shape == (RANK, 5)
  assert conv["a"].shape == (2 * 2 * 1, RANK)
  assert conv["b"].shape == (RANK, 3)
  for factors in (dense, conv):
    assert not np.any(factors["b"])
    assert np.all(factors["a"] != 0)
  assert not np.array_equal(dense["a"][:4], conv["a"])


@pytest.mark.compares("kernels by hand")
def test_merged_kernels_by_hand(tiny, x):
  net, key = lora(rank=RANK, alpha=ALPHA).wrap(tiny, 0.0), jax.random.key(0)
  params, stats = net.init(key, x)
  keys = iter(jax.random.split(jax.random.key(1), 9))
  params = jax.tree.map(lambda p: jax.random.normal(next(keys), p.shape), params)
  whole, inner = tiny.init(key, x)
  whole["head"] = params["head"]
  for layer, factors in (
    (whole["conv"], params["lora"]["conv"]["kernel"]),
    (whole["block"]["dense"], params["lora"]["block"]["dense"]["kernel"]),
  ):
    update = np.zeros(layer["kernel"].shape)
    for place in np.ndindex(update.shape):  # the convolution's rows are counted h, w, in
      row = np.ravel_multi_index(place[:-1], update.shape[:-1])
      terms = [factors["a"][row, r] * factors["b"][r, place[-1]] for r in range(RANK)]
      update[place] = ALPHA / RANK * sum(terms)
    layer["kernel"] = layer["kernel"] + update
  body = updated(stats["frozen"], params["lora"], ALPHA / RANK)
  expected = {name: entry for name, entry in whole.items() if name != "head"}
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), body, expected)
  (_, logits), _ = net.apply(params, stats, x, False, None)
  (_, by_hand), _ = tiny.apply(whole, inner, x, False, None)
  np.testing.assert_allclose(logits, by_hand, rtol=1e-4, atol=1e-4)


def test_rank_must_be_positive():
  with pytest.raises(ValueError, match="at least 1"):
    lora(rank=0)
