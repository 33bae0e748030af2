"""winograd against NumPy's correlation and XLA's own convolution, values and gradients."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_layers import close, native, normal, with_gradients

from adapt.models import layers, winograd


@pytest.mark.parametrize("taps", [1, 3, 5, 7])
def test_matrices_are_those_of_a_correlation(taps):
  rng = np.random.default_rng(taps)
  x, g = rng.normal(size=winograd.TILE), rng.normal(size=taps)
  rows, kernel, after = winograd.matrices(taps)
  np.testing.assert_allclose(after @ ((kernel @ g) * (rows @ x)), np.correlate(x, g), rtol=1e-12)


# Rows that come out: of one tile, of two, of a part of one; an odd one is dropped.
@pytest.mark.parametrize("height", [8, 12, 10, 11])
@pytest.mark.parametrize("window", [(5, 5), (3, 3), (5, 2), (3, 1)], ids=str)
def test_tiles_and_their_gradients_are_xlas_convolution_pooled(window, height):
  x, kernel = normal(8, 2, height, 9, 3), normal(9, *window, 3, 4)
  pooled = lambda v, k: nn.max_pool(native(v, k, 1, 0), (2, 2), (2, 2))
  close(
    with_gradients(winograd.conv_max_pool_by_tiles)(x, kernel), with_gradients(pooled)(x, kernel)
  )


# Fewer channels in than out and more; rows of a part of a tile, of one, of two; uneven padding.
@pytest.mark.parametrize("sides", [((1, 1), (1, 1)), ((0, 0), (0, 0)), ((2, 0), (0, 1))], ids=str)
@pytest.mark.parametrize(
  ("shape", "window"),
  [((9, 7, 3), (3, 3, 3, 5)), ((8, 6, 5), (3, 3, 5, 3)), ((13, 5, 4), (5, 2, 4, 4))],
)
def test_tiles_alone_and_their_gradients_are_xlas_convolution(shape, window, sides):
  x, kernel = normal(8, 2, *shape), normal(9, *window)
  tiled = lambda v, k: winograd.conv_by_tiles(v, k, sides)
  xlas = lambda v, k: jax.lax.conv_general_dilated(
    v, k, (1, 1), sides, dimension_numbers=("NHWC", "HWIO", "NHWC")
  )
  close(with_gradients(tiled)(x, kernel), with_gradients(xlas)(x, kernel))


def test_rounding_is_a_few_times_that_of_blocks():
  """Relative to float64, on what LeNet's second layer sees; more points, or tiles along both axes, fail."""
  x, kernel = np.maximum(normal(0, 8, 12, 12, 20), 0), normal(1, 5, 5, 20, 50) / 22
  with jax.enable_x64(True):
    exact = native(jnp.asarray(x, jnp.float64), jnp.asarray(kernel, jnp.float64), 1, 0)
    exact = np.asarray(nn.max_pool(exact, (2, 2), (2, 2)))

  def error(form):
    apart = np.asarray(jax.jit(form)(x, kernel), np.float64) - exact
    return np.sqrt((apart**2).mean() / (exact**2).mean())

  assert error(winograd.conv_max_pool_by_tiles) < 1e-6
  assert error(winograd.conv_max_pool_by_tiles) < 6 * error(layers.conv_max_pool_by_blocks)


@pytest.mark.parametrize(
  ("channels", "dtype", "tiled"), [(1, "float32", 0), (20, "float32", 1), (20, "bfloat16", 0)]
)
def test_many_channels_in_float32_take_tiles(monkeypatch, channels, dtype, tiled):
  calls = []
  monkeypatch.setattr(winograd, "conv_max_pool_by_tiles", lambda x, k: calls.append(x) or x)
  layers.conv_max_pool(
    normal(0, 2, 8, 8, channels).astype(dtype), normal(1, 5, 5, channels, 4).astype(dtype)
  )
  assert len(calls) == tiled
