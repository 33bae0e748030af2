"""Checks that a network fits a task's inputs and output, before compilation."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adapt import models
from adapt.data.domain import Domain
from adapt.method import Net
from adapt.training import shared_step
from adapt.training.setup import Setup


def check(setup: Setup, domain: Domain, output: str) -> bool:
  """Checks that the network fits the inputs and the labels.

  Args:
    setup: names the network and the optimiser.
    domain: one of the task's.
    output: the kind of its labels.

  Returns:
    Whether the network keeps batch statistics.

  Raises:
    ValueError: one line with the remedy.
  """
  settings = setup.settings
  shared_step.optimizer(settings, settings.lr, own=setup.optimizer).direction("net")
  shape = domain.train.x.shape[1:]
  if settings.augment != "none":
    shape = (settings.image_size, settings.image_size, shape[-1])
  # Nothing else matters here, and tracing a large network takes seconds.
  options = max(len(domain.classes), 2), settings.precision, None, settings.freeze
  pixels, mixes = _trace(
    setup.model.name, setup.model.factory, options, shape, domain.train.x.dtype
  )
  if pixels != (output == "pixels"):
    makes, take = (
      ("pixels", "another") if pixels else ("one prediction an example", "unet or unet_bn")
    )
    raise ValueError(
      f"model {setup.model.name} makes {makes}, and the output is {output}: --model {take}"
    )
  return mixes


@functools.cache
def _trace(
  name: str,
  factory: Callable[..., Net],
  options: tuple[Any, ...],
  shape: tuple[int, ...],
  dtype: np.dtype,
) -> tuple[bool, bool]:
  """Whether logits are of pixels, and whether it keeps batch statistics."""
  net = factory(*options)
  x = jnp.zeros((1, *shape), dtype)

  def run(x: jax.Array) -> tuple[Any, Any]:
    params, stats = net.init(jax.random.key(0), x)
    return net.apply(params, stats, x, False, None)[0][1], stats

  try:
    logits, stats = jax.eval_shape(run, x)
    return logits.ndim > 2, bool(jax.tree.leaves(stats))
  except Exception as error:  # whatever a layer says to inputs it was not made for
    raise ValueError(
      f"model {name} cannot take inputs of shape {list(shape)}: choose another --model "
      f"of {', '.join(models.names())}"
    ) from error
