"""Packed rows: what they hold, that products and gradients are the dense ones, and who gets them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy

from adapt import models
from adapt.data import Domain, Split
from adapt.experiments.run import run
from adapt.models import layers, packed_rows
from adapt.training import loop
from adapt.training.setup import Feed

WORDS = 512


def counts(n, filled, columns=WORDS, seed=0):
  """Rows with that many columns filled, each."""
  rng = np.random.default_rng(seed)
  x = np.zeros((n, columns), np.float32)
  for row, k in zip(x, np.broadcast_to(filled, n), strict=True):
    row[rng.choice(columns, k, replace=False)] = rng.integers(1, 9, k)
  return x


def unpacked(rows, columns=WORDS):
  x = np.zeros((len(rows), columns), np.float32)
  for i, row in enumerate(rows):
    for entry in row[row > 0]:
      x[i, entry % 2**16] = entry // 2**16
  return x


def test_packed_rows_hold_what_the_dense_ones_do():
  one, other = counts(5, [0, 1, 30, 7, 64]), counts(3, 2, seed=1)
  one[1, 0] = 65535  # the largest count, in the first column, whose number is 0
  one[3, -1] = 4
  rows, less = packed_rows.pack([one, other], part=32)
  assert rows.dtype == less.dtype == np.uint32
  assert rows.shape == (5, 64) and less.shape == (3, 64)
  np.testing.assert_array_equal(unpacked(rows), one)
  np.testing.assert_array_equal(unpacked(less), other)


def test_sets_of_one_kind_get_one_length():
  lengths = {packed_rows.pack([counts(9, k)])[0].shape[1] for k in (1, 9, 25)}
  assert lengths == {WORDS // 8}


@pytest.mark.parametrize(
  ("wrong", "why"),
  [
    (counts(9, 9) / 2, "no whole numbers"),
    (-counts(9, 9), "below zero"),
    (counts(9, 9) * 2.0**16, "too large"),
    (np.where(counts(9, 9) > 0, np.nan, 0), "not finite"),
    (counts(9, 60), "a ninth is filled"),
    (np.concatenate([counts(90, 1), counts(1, 300)]), "a row longer than half the columns"),
    (counts(9, 1, columns=32), "few columns"),
    (counts(1, 1, columns=2**16 + 1), "more columns than have numbers"),
    (counts(9, 9).astype(np.int32), "token ids"),
    (counts(9, 9).reshape(9, 16, 32), "no vectors"),
  ],
  ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_is_not_packed(wrong, why):
  assert (
    packed_rows.pack([counts(9, 9, wrong.shape[-1]) if wrong.ndim == 2 else wrong, wrong]) is None
  )


LENGTHS = {
  "uneven": [0, 1, 31, 32, 33, 0, 64, 5],
  "empty": [0] * 8,
  "long": [200] * 8,  # more runs than one turn takes
  "last_empty": [40] * 7 + [0],
}


@pytest.mark.parametrize("name", LENGTHS)
def test_products_and_gradients_are_the_dense_ones(name):
  # Padded, so that shares of filled columns do not matter here and all lengths share a program.
  dense = counts(8, LENGTHS[name])
  x = packed_rows._packed(dense, 256)
  kernel = jax.random.normal(jax.random.key(0), (WORDS, 5))
  given = jax.random.normal(jax.random.key(1), (8, 5))

  @jax.jit
  def ours(x, kernel):
    out, back = jax.vjp(lambda k: packed_rows.product(x, k), kernel)
    return out, back(given)[0]

  out, gradient = ours(x, kernel)
  np.testing.assert_allclose(out, dense @ np.asarray(kernel), rtol=1e-5, atol=1e-4)
  np.testing.assert_allclose(gradient, dense.T @ np.asarray(given), rtol=1e-5, atol=1e-4)


def test_low_precision_sums_in_float32():
  dense = counts(8, 200)
  kernel = jax.random.normal(jax.random.key(0), (WORDS, 5)).astype(jnp.bfloat16)
  out = packed_rows.product(jnp.asarray(packed_rows._packed(dense, 256)), kernel)
  assert out.dtype == jnp.bfloat16
  exact = jnp.asarray(dense @ np.asarray(kernel, np.float32)).astype(jnp.bfloat16)
  np.testing.assert_allclose(
    np.asarray(out, np.float32), np.asarray(exact, np.float32), rtol=2**-7, atol=0.05
  )


def test_the_network_makes_the_same_of_both():
  net, dense = models.build("mlp", 3), counts(6, 20)
  params, stats = net.init(jax.random.key(0), jnp.asarray(dense))
  shown = [
    net.apply(params, stats, jnp.asarray(x), True, None)[0]
    for x in (dense, packed_rows.pack([dense])[0])
  ]
  for one, other in zip(*shown, strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
  assert shown[0][1].shape == (6, 3)


def test_other_layers_refuse_packed_rows():
  rows = jnp.asarray(packed_rows.pack([counts(6, 20)])[0])
  layer = layers.Dense(4)
  params = layer.init(jax.random.key(0), jnp.zeros((1, WORDS)))
  with pytest.raises(Exception, match="shape"):
    layer.apply(params, rows)


def domain(name, seed):
  """Reviews of 20 words; the class is which half of the vocabulary most of them are from."""
  rng = np.random.default_rng(seed)
  y = (np.arange(200) % 2).astype(np.int32)
  x = np.zeros((200, WORDS), np.float32)
  for i, row in enumerate(x):
    half = (rng.random(20) < (0.7 if y[i] else 0.3)) * (WORDS // 2)
    np.add.at(row, half + rng.integers(0, WORDS // 2, 20), 1)
  return Domain(name, Split(x[:120], y[:120]), Split(x[120:], y[120:]), ("a", "b"))


DOMAINS = {"moons": domain("moons", 0), "turned": domain("turned", 1)}


def trained(folder, method, kind, **changes):
  short = {"steps": 20, "evaluations": 2, "seeds": (0, 1)}
  asked = toy.experiment(method, feed=Feed(kind), **{**short, **changes})
  return run(asked, folder / kind, domains=DOMAINS.get).records[0]


@pytest.fixture
def seen(monkeypatch):
  """The types of training inputs that programs got."""
  types = []

  def watched(cells, layout, arrays, room):
    types.append(str(arrays.xs.dtype))
    return from_device(cells, layout, arrays, room)

  from_device = loop.feed.from_device
  monkeypatch.setattr(loop.feed, "from_device", watched)
  return types


def test_a_run_on_packed_rows_is_the_same(tmp_path, seen):
  packed, dense = (trained(tmp_path, "dann", kind) for kind in ("auto", "device"))
  assert seen == ["uint32", "float32"]
  np.testing.assert_allclose(packed["curves"]["loss"], dense["curves"]["loss"], rtol=1e-3)
  assert packed["config"] == dense["config"]
  np.testing.assert_allclose(packed["last"]["accuracy"], dense["last"]["accuracy"], atol=0.013)
  for name, scores in packed["validators"].items():  # mixval too, on inputs that it mixes
    np.testing.assert_allclose(scores, dense["validators"][name], rtol=1e-3, atol=1e-3)


def test_a_method_that_changes_inputs_gets_vectors(tmp_path, seen):
  trained(tmp_path, "vada", "auto")  # adds a perturbation to them
  assert seen == ["float32"]


def test_private_gradients_are_of_vectors(tmp_path, seen):
  from adapt.training.dp_sgd import Privacy

  trained(tmp_path, "source_only", "auto", dp=Privacy(noise=1.0, clip=1.0))
  assert seen == ["float32"]
