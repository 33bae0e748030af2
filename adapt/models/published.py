"""Converts a published state dict to a linen module's nested variables."""

from collections.abc import Callable
from typing import Any

import numpy as np
from flax.traverse_util import unflatten_dict

_STATISTICS = {"running_mean": "mean", "running_var": "var"}


def variables(
  state: dict[str, np.ndarray],
  path_of: Callable[[str], tuple[str, ...] | None],
  ignored: tuple[str, ...],
) -> dict[str, Any]:
  """Renames and transposes what PyTorch's layers hold to what linen's hold.

  A weight with one axis is a norm's scale, with two a dense kernel [out, in], with four a
  convolution's [out, in, h, w]. Counters of batches are left out, for linen's layers keep none.

  Args:
    state: arrays by name, "LAYER.weight", "LAYER.bias", "LAYER.running_mean", …
    path_of: from LAYER to the path of that layer in the module, or None if it has no such layer.
    ignored: the first words of names that are known and not wanted, such as the old classifier's.

  Returns:
    {"params": …} and, where there are running statistics, "batch_stats". Entries that the state dict
    lacks are lacking here too.

  Raises:
    ValueError: names of entries that belong nowhere.
  """
  trees: dict[str, dict[tuple[str, ...], np.ndarray]] = {"params": {}}
  strangers = []
  for key, value in state.items():
    layer, _, leaf = key.rpartition(".")
    path = path_of(layer)
    if key.startswith(ignored) or leaf == "num_batches_tracked":
      continue
    if path is None or leaf not in ("weight", "bias", *_STATISTICS):
      strangers.append(key)
    elif leaf in _STATISTICS:
      trees.setdefault("batch_stats", {})[(*path, _STATISTICS[leaf])] = value
    elif leaf == "bias" or value.ndim == 1:
      trees["params"][(*path, "bias" if leaf == "bias" else "scale")] = value
    else:
      trees["params"][(*path, "kernel")] = value.transpose(*range(2, value.ndim), 1, 0)
  if strangers:
    shown = ", ".join(strangers[:5]) + (", …" if len(strangers) > 5 else "")
    raise ValueError(f"{len(strangers)} entries belong to no layer of it: {shown}")
  return {name: unflatten_dict(tree) for name, tree in trees.items()}
