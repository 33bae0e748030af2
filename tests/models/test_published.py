"""Published names and layouts become linen's."""

import numpy as np
import pytest

from adapt.models import published

PATHS = {"a.conv": ("a_conv",), "norm": ("block", "norm"), "fc": ("fc",)}


def test_layouts_are_linens():
  random = np.random.default_rng(0)
  state = {
    "a.conv.weight": random.normal(size=(5, 4, 2, 3)),
    "norm.weight": np.ones(5),
    "norm.bias": np.zeros(5),
    "norm.running_mean": np.full(5, 2.0),
    "norm.running_var": np.full(5, 3.0),
    "norm.num_batches_tracked": np.asarray(9),
    "fc.weight": random.normal(size=(7, 5)),
    "fc.bias": np.arange(7.0),
    "old_head.weight": np.ones((3, 7)),
  }
  made = published.variables(state, PATHS.get, ignored=("old_head.",))
  assert sorted(made) == ["batch_stats", "params"]
  kernel = made["params"]["a_conv"]["kernel"]
  assert kernel.shape == (2, 3, 4, 5)
  assert kernel[1, 2, 3, 4] == state["a.conv.weight"][4, 3, 1, 2]
  np.testing.assert_array_equal(made["params"]["fc"]["kernel"], state["fc.weight"].T)
  assert sorted(made["params"]["block"]["norm"]) == ["bias", "scale"]
  assert made["batch_stats"]["block"]["norm"]["mean"][0] == 2
  assert made["batch_stats"]["block"]["norm"]["var"][0] == 3


def test_without_statistics_there_are_none():
  assert published.variables({"fc.bias": np.ones(2)}, PATHS.get, ()).keys() == {"params"}


def test_strangers_are_counted_and_named():
  state = {f"lstm{i}.weight": np.ones((2, 2)) for i in range(7)} | {"fc.gain": np.ones(2)}
  match = r"8 entries belong to no layer of it: lstm0\.weight, .*, lstm4\.weight, …$"
  with pytest.raises(ValueError, match=match):
    published.variables(state, PATHS.get, ())
