"""Trees to plain arrays and back; digests tell names, types, shapes and values apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.training import pytree_io

TREE = {
  "key": jax.random.split(jax.random.key(3), 2),
  "half": jnp.arange(3, dtype=jnp.bfloat16),
  "none": jnp.zeros((2, 0)),
  "step": jnp.asarray(7),
}


def test_there_and_back():
  saved = pytree_io.arrays(TREE)
  assert all(type(v) is np.ndarray and v.size for v in saved.values()) and len(saved) == 3
  blank = jax.tree.map(lambda x: x if x.size == 0 else x[::-1] if x.ndim else x + 1, TREE)
  back = pytree_io.filled(blank, saved)
  assert pytree_io.shapes(back) == pytree_io.shapes(TREE)
  assert (jax.random.key_data(back["key"]) == jax.random.key_data(TREE["key"])).all()
  assert back["half"].tolist() == [0, 1, 2] and int(back["step"]) == 7


@pytest.mark.parametrize(
  "other",
  [
    {"b": np.zeros(2, np.float32)},
    {"a": np.zeros(2, np.float64)},
    {"a": np.zeros((1, 2), np.float32)},
    {"a": np.array([0, 1], np.float32)},
    {"a": np.zeros(2, np.float32), "c": np.zeros(1)},
  ],
)
def test_a_digest_is_of_names_types_shapes_and_values(other):
  one = {"a": np.zeros(2, np.float32)}
  assert pytree_io.digest(one) == pytree_io.digest({"a": np.zeros(2, np.float32)})
  assert pytree_io.digest(one) != pytree_io.digest(other)
