"""Mapping over cells: the same whether one after the other or side by side."""

from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.evaluation import cells


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_each_cell_has_its_own_arguments(backend):
  w, x = jnp.arange(3.0), jnp.arange(12.0).reshape(3, 4)
  with mock.patch.object(jax, "default_backend", return_value=backend):
    mapped = cells.over_cells(lambda w, x: {"sum": (w * x).sum()})(w, x)
  np.testing.assert_allclose(mapped["sum"], [0, 22, 76])


def test_a_cpu_takes_them_in_turn():
  with mock.patch.object(jax.lax, "map", wraps=jax.lax.map) as turns:
    cells.over_cells(lambda x: x + 1)(jnp.arange(3.0))
  assert turns.called
