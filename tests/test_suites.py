"""Every suite end to end, shrunk to two steps, on made-up domains of the right shape; and on real ones."""

import importlib
import io
import json
import pkgutil

import numpy as np
import pytest
from PIL import Image

import benchmarks
from adapt import cli, data, methods
from adapt.data import Domain, Split
from adapt.data.images import Images
from adapt.data.named import digits
from adapt.suite import Suite

SUITES = {
  m.name: module.SUITE
  for m in pkgutil.iter_modules(benchmarks.__path__)
  if isinstance(
    getattr(module := importlib.import_module(f"benchmarks.{m.name}"), "SUITE", 0), Suite
  )
}
SHRUNK = [
  "--steps",
  "2",
  "--evaluations",
  "1",
  "--seeds",
  "1",
  "--batch-size",
  "16",
  "--devices",
  "1",
]


# Photographs are encoded files, as prepared sets have them, but the network is small; the other
# flags are the suite's own.
PHOTOS = ["--model", "lenet", "--image-size", "32", "--pretrained", "", "--backbone-rate", "1"]
FROZEN = ["--image-size", "32"]
NETWORKS = {"pacs": FROZEN, "amazon_text": []} | {
  name: PHOTOS
  for name, suite in SUITES.items()
  if suite.settings.model in ("resnet50", "resnet101")
}
SMALL = ["--model", "lenet"]  # where compiling the suite's DTN would take half a minute
SIDES = {"mnist_rgb32": 32, "mnist_m": 32, "svhn": 32, "syn_digits": 32, "cifar9": 32, "stl9": 32}
SIDES |= {"gtsrb": 40, "syn_signs": 40}


class Noise:
  """Encoded noise, one image an example."""

  def __init__(self, n, name):
    rng = np.random.default_rng([n, len(name)])
    self.stored = []
    for _ in range(n):
      buffer = io.BytesIO()
      Image.fromarray(rng.integers(0, 255, (20, 24, 3), np.uint8)).save(buffer, format="png")
      self.stored.append(buffer.getvalue())

  def __len__(self):
    return len(self.stored)

  def read(self, i):
    return self.stored[i]

  def name(self, i):
    return f"noise {i}"


def made_up(name, data_dir=None):
  """A domain of the shape that the name promises."""
  rng = np.random.default_rng(len(name))
  classes = 2 if name.startswith("amazon") else 10

  def inputs(n):
    if name.startswith("amazontext"):
      return rng.integers(1, 1000, (n, 8)).astype(np.int32)
    if name.startswith("amazon"):
      return rng.integers(0, 3, (n, 5000)).astype(np.float32)
    if "surf" in name or "decaf6" in name:
      return rng.normal(size=(n, 800)).astype(np.float32)
    if side := SIDES.get(name):
      return rng.integers(0, 255, (n, side, side, 3)).astype(np.uint8)
    if name in digits.DOMAINS:
      return rng.integers(0, 255, (n, 28, 28, 1)).astype(np.uint8)
    return Images(Noise(n, name), side=24)

  splits = [Split(inputs(n), (np.arange(n) % classes).astype(np.int32)) for n in (60, 40)]
  return Domain(name, *splits, tuple(map(str, range(classes))))


@pytest.mark.parametrize("name", sorted(SUITES))
def test_a_suite_runs_end_to_end(name, tmp_path, monkeypatch, capsys):
  monkeypatch.setattr(data, "load", made_up)
  monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "data"))  # of cached features
  suite = SUITES[name]
  flags = [*SHRUNK, *NETWORKS.get(name, []), "--out", str(tmp_path), "--task", suite.tasks[0].name]
  names = ["dann"]  # nothing but the network's compilation takes time here
  if name in ("quickstart", "amazon_reviews"):
    names, flags = ["source_only", "dann", "fine_tune"], [*flags, "--shots", "2"]
  if suite.settings.model == "dtn":
    flags += SMALL
  assert cli.benchmark(suite, [*names, *flags]) == 0
  records = [json.loads(p.read_text()) for p in sorted(tmp_path.glob(f"{name}/*/*.json"))]
  assert [r["label"] for r in records] == sorted(names)
  assert all(r["protocol"] == suite.protocol for r in records)
  assert {r["task"] for r in records} == {suite.tasks[0].name}
  assert "accuracy" in capsys.readouterr().out
  kept = list((tmp_path / "data" / "adapt_features").glob("*.npy"))
  assert len(kept) == (4 if suite.settings.cache_features else 0)


@pytest.mark.parametrize("name", sorted(SUITES))
def test_a_suite_s_names_exist(name):
  suite = SUITES[name]
  known = set(data.names())
  assert known.issuperset(n for t in suite.tasks for n in (*t.source, t.target))
  tasks = {t.name for t in suite.tasks}
  assert len(tasks) == len(suite.tasks)
  for row in suite.reported:
    assert tasks.issuperset(row.accuracy) and row.source and row.protocol
    assert all(1 < value <= 100 for value in row.accuracy.values())
  assert set(suite.defaults) <= set(methods.names())
  with pytest.raises(ValueError, match=f"no task 'nowhere' in suite {suite.name}"):
    suite.task("nowhere")


def test_own_files_give_the_numbers_of_the_suite(tmp_path):
  try:
    pair = [data.load(f"amazon_{d}") for d in ("books", "kitchen")]
  except ValueError as error:
    pytest.skip(str(error))
  for d in pair:
    arrays = {"x": d.train.x, "y": d.train.y, "x_test": d.test.x, "y_test": d.test.y}
    np.savez(tmp_path / f"{d.name}.npz", **arrays)
  own = [str(tmp_path / f"{d.name}.npz") for d in pair]
  flags = ["--steps", "20", "--evaluations", "1", "--seeds", "1", "--devices", "1"]
  out = ["--out", str(tmp_path / "runs")]
  given = ["--depth", "0", "--weight", "0.1"]  # the suite's defaults, as flags
  suite = SUITES["amazon_reviews"]
  assert cli.benchmark(suite, ["dann", "--task", "books_kitchen", *flags, *out]) == 0
  assert cli.main(["run", "--source", own[0], "--target", own[1], *flags, *given, *out]) == 0
  records = [json.loads(p.read_text()) for p in sorted(tmp_path.glob("runs/*/*/dann*.json"))]
  assert len(records) == 2
  for part in ("last", "curves", "confusion"):
    assert records[0][part] == records[1][part]
