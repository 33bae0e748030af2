"""Folders of images from the command line to a record: domain numbers and classes reach the method."""

import json

import numpy as np
import pytest
from PIL import Image

from adapt import catalogue
from adapt.cli import main

# Dark images are of the first source and light ones of the second; left halves bright are class 0.
WATCH = '''
"""Watches what it is given."""

import jax
import jax.numpy as jnp

from adapt.method import Method, Net


def watch(net: Net) -> Method:
  """Counts how often the domain number and the label agree with the image.

  Args:
    net: the network.
  """

  def init(key, batch):
    params, stats = net.init(key, batch.xs)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch, key, progress):
    (_, logits), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    x = batch.xs.astype(jnp.float32)
    light = x.mean((1, 2, 3)) > 128
    half = x.shape[2] // 2
    right = x[:, :, half:].mean((1, 2, 3)) > x[:, :, :half].mean((1, 2, 3))
    seen = {"domain": (light == batch.ds[:, 1]).mean(), "label": (right == batch.ys).mean()}
    return (logits**2).mean(), ({"stats": stats}, seen)

  def predict(params, state, x):
    return net.apply(params["net"], state["stats"], x, False, None)[0]

  return Method(init, loss, predict, reads=("source", "target"))
'''


@pytest.fixture(autouse=True)
def no_folder_stays(monkeypatch):
  """A --methods-path lasts as long as a process; here, as long as a test."""
  monkeypatch.setattr(catalogue, "_extra", {k: list(v) for k, v in catalogue._extra.items()})


def pictures(root, base, names):
  """Eight images a class, around a shade; "right" ones are brighter there."""
  rng = np.random.default_rng(base)
  for name in names:
    (root / name).mkdir(parents=True)
    for i in range(8):
      x = rng.integers(base, base + 20, (16, 16, 3))
      x[:, slice(8, 16) if name == "right" else slice(0, 8)] += 30
      Image.fromarray(x.astype(np.uint8)).save(root / name / f"{i}.png")
  return str(root)


@pytest.mark.parametrize("feed", ["device", "stream"])
def test_domains_and_labels_of_several_folders_reach_the_method(tmp_path, feed):
  (tmp_path / "methods").mkdir()
  (tmp_path / "methods/watch.py").write_text(WATCH)
  both = ("left", "right")
  dark, light = (pictures(tmp_path / n, b, both) for n, b in (("dark", 20), ("light", 180)))
  target = pictures(
    tmp_path / "target", 100, ("right",)
  )  # its only class is number 0 in its folder
  command = ["run", "--source", dark, light, "--target", target, "--method", "watch"]
  command += ["--methods-path", str(tmp_path / "methods"), "--out", str(tmp_path / "out")]
  command += ["--steps", "4", "--evaluations", "1", "--seeds", "1", "--batch-size", "4"]
  command += ["--devices", "1", "--model", "mlp", "--image-size", "16", "--feed", feed]
  assert main.main([*command, "--augment", "none", "--pretrained", ""]) == 0
  [made] = (tmp_path / "out/run/dark+light_target").glob("watch-*.json")
  record = json.loads(made.read_text())
  curves = record["curves"]
  assert (curves["domain"], curves["label"]) == ([[1.0]], [[1.0]])
  assert record["classes"] == ["left", "right"]
