"""Networks by name. The only folder that imports linen; everything outside sees `Net`.

A file NAME.py defines `NAME(classes, *, dtype, axis) -> Net`: `dtype` is the compute type
(parameters stay float32), `axis` the device axis over which batch statistics are averaged.
"""

from adapt import catalogue
from adapt.method import Net

_HELPERS = ("critic", "layers", "linen")


def names() -> tuple[str, ...]:
  """The networks that `--model` takes."""
  return tuple(n for n in catalogue.names(__name__) if n not in _HELPERS)


def build(name: str, classes: int, precision: str = "f32", axis: str | None = None) -> Net:
  """The network of that name; ValueError lists the names for an unknown one."""
  import jax.numpy as jnp

  dtypes = {"f32": jnp.float32, "bf16": jnp.bfloat16}
  if precision not in dtypes:
    raise ValueError(f"unknown precision '{precision}': choose from {', '.join(dtypes)}")
  if name not in names():
    raise ValueError(f"unknown model '{name}': choose from {', '.join(names())}")
  net: Net = catalogue.get(__name__, name)(classes, dtype=dtypes[precision], axis=axis)
  return net
