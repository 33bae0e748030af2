"""Converts pytrees to plain arrays and back, and hashes them.

Random keys become numbers on the way.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np


def arrays(tree: Any) -> dict[str, np.ndarray]:
  """Returns non-empty leaves by position, as host arrays."""
  leaves = jax.device_get(jax.tree.map(_raw, jax.tree.leaves(tree)))
  return {str(i): np.asarray(leaf) for i, leaf in enumerate(leaves) if leaf.size}


def shapes(tree: Any) -> list[str]:
  """Path, type and shape of every leaf."""
  paths = jax.tree_util.tree_flatten_with_path(tree)[0]
  return [f"{jax.tree_util.keystr(path)} {leaf.dtype}{list(leaf.shape)}" for path, leaf in paths]


def filled(tree: Any, saved: Mapping[str, np.ndarray]) -> Any:
  """Fills a tree with values saved by `arrays` from equal shapes."""
  leaves, structure = jax.tree.flatten(tree)
  there = [_like(leaf, saved.get(str(i), leaf)) for i, leaf in enumerate(leaves)]
  return jax.tree.unflatten(structure, there)


def digest(tree: Mapping[str, Any]) -> str:
  """SHA-256 of names, types, shapes and bytes."""
  total = hashlib.sha256()
  named = jax.tree_util.tree_flatten_with_path(dict(tree))[0]
  flat = [(jax.tree_util.keystr(path), np.asarray(value)) for path, value in named]
  for path, value in sorted(flat, key=lambda item: item[0]):
    total.update(f"{path} {value.dtype} {value.shape};".encode())
    total.update(np.ascontiguousarray(value).tobytes())
  return total.hexdigest()


def _raw(leaf: Any) -> Any:
  """Converts random keys to their underlying numbers."""
  key = isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
  return jax.random.key_data(leaf) if key else leaf


def _like(leaf: Any, value: Any) -> Any:
  """Converts a saved value to match the leaf it replaces."""
  if _raw(leaf) is leaf or value is leaf:
    return value
  return jax.random.wrap_key_data(value, impl=jax.random.key_impl(leaf))
