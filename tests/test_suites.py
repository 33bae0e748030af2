"""Suites, shrunk to two steps, on made-up domains of the right shape; and on real ones."""

import importlib
import json
import pkgutil

import numpy as np
import pytest
import toy
from encoded import Encoded

import benchmarks
from adapt import data, methods
from adapt.cli import main
from adapt.data import Domain, Split
from adapt.data.images import Images
from adapt.data.named import digits
from adapt.evaluation import metrics
from adapt.experiments.suite import Suite
from adapt.records import record
from adapt.training import loop

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


# Compiling a suite's network takes up to half a minute, so where it has a test of its own the suite
# trains a smaller one: frozen backbones see small images, photographs (encoded files, as prepared
# sets have them), what takes the DTN and digits of another setting than `digits` an MLP. All other
# flags are the suite's own.
PHOTOS = ["--model", "mlp", "--image-size", "32", "--pretrained", "", "--backbone-rate", "1"]
SMALL = {"efficientnet_lite0": ["--image-size", "32"], "dtn": ["--model", "mlp"]}
SMALL |= dict.fromkeys(("resnet50", "resnet101", "vit_b16"), PHOTOS)
# What a suite has of its own, one method shows; several beside it, and labelled target rows, are the same
# code in all: one suite of each kind of inputs and output shows them.
LABELLED = ("air", "amazon_reviews", "amazon_text", "digits", "heart", "spoken_digits")
# With an unseen target: what differs is before the first step, and one of tables shows the rest.
UNSEEN = "heart_dg"
OTHERS = ("digits_open", "digits_partial", "digits_several")
RGB = ("mnist_rgb32", "usps_rgb32", "mnist_m", "svhn", "syn_digits", "cifar9", "stl9")
SIDES = dict.fromkeys(RGB, 32)
SIDES |= {"gtsrb": 40, "syn_signs": 40}


def made_up(name, data_dir=None):
  """A domain of the shape that the name promises."""
  rng = np.random.default_rng(len(name))
  two = name.startswith(("amazon", "heart", "colored"))
  classes = 2 if two else 65 if name.startswith("office_home") else 10
  kind = "series" if name.startswith("spoken") else ""
  scenes = name.startswith(("camvid", "retina"))

  def inputs(n):
    if name.startswith("amazontext"):
      return rng.integers(1, 1000, (n, 8)).astype(np.int32)
    if name.startswith("amazon"):
      return rng.integers(0, 3, (n, 5000)).astype(np.float32)
    if name.startswith("spoken"):
      return rng.normal(size=(n, 32, 40, 1)).astype(np.float32)
    if name.startswith(("heart", "air", "bearings")):
      return rng.normal(size=(n, 20)).astype(np.float32)
    if "surf" in name or "decaf6" in name:
      return rng.normal(size=(n, 800)).astype(np.float32)
    if scenes:
      return rng.integers(0, 255, (n, 16, 16, 3)).astype(np.uint8)
    if side := SIDES.get(name):
      return rng.integers(0, 255, (n, side, side, 3)).astype(np.uint8)
    if name.startswith("colored_mnist"):
      return rng.integers(0, 255, (n, 28, 28, 2)).astype(np.uint8)
    if name in digits.DOMAINS or name.startswith("rotated_mnist"):
      return rng.integers(0, 255, (n, 28, 28, 1)).astype(np.uint8)
    return Images(Encoded(rng.integers(0, 255, (n, 20, 24, 3), np.uint8)), side=24)

  def labels(n):
    if name.startswith("air"):
      return rng.normal(size=(n, 1)).astype(np.float32)
    if scenes:
      return rng.integers(-1, classes, (n, 16, 16)).astype(np.int32)
    return (np.arange(n) % classes).astype(np.int32)

  counts = (16, 8) if scenes else (max(60, 2 * classes), max(40, classes))
  splits = [Split(inputs(n), labels(n)) for n in counts]
  return Domain(name, *splits, tuple(map(str, range(classes))) * (name[:3] != "air"), kind)


def small(name):
  """Flags of a smaller network."""
  return SMALL["dtn"] if name in OTHERS else SMALL.get(SUITES[name].settings.model, [])


def program(name):
  """What tells the program that a suite trains here from others; numbers such as rates do not."""
  suite, task, flags = SUITES[name], SUITES[name].tasks[0], small(name)
  settings = suite.settings._asdict() | {
    flag[2:].replace("-", "_"): value for flag, value in zip(flags[::2], flags[1::2], strict=True)
  }
  kinds = tuple((n, v) for n, v in settings.items() if isinstance(v, str | bool))
  source = made_up(task.source[0])
  inputs = source.train.x.shape[1:], str(source.train.x.dtype), len(source.classes)
  return kinds, inputs, suite.output, len(task.source), task.classes, task.unseen


# One suite of each program trains it, if possible one that trains several methods anyway.
TRAINED = {
  program(name): name
  for name in sorted(SUITES, key=lambda name: name in LABELLED)
  if name == UNSEEN or not SUITES[name].tasks[0].unseen
}
UNTRAINED = sorted(set(SUITES) - set(TRAINED.values()))


@pytest.fixture
def flags(name, tmp_path, monkeypatch):
  """A suite's flags for domains that are made up."""
  monkeypatch.setattr(data, "load", made_up)
  monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "data"))  # of cached features
  monkeypatch.setattr(metrics, "block_size", lambda shape: 60)  # no padding to be computed
  return [*SHRUNK, *small(name), "--out", str(tmp_path), "--task", SUITES[name].tasks[0].name]


def served(suite):
  """A method that every task of the kind of the suite's first one can have."""
  task = suite.tasks[0]
  return "osbp" if task.unknown else "irm" if task.unseen else "dann"


def assert_own_settings_are_said(suite, method, settings, label):
  """A label says the settings that are not the suite's, and nothing else."""
  own = {n: v for n, v in settings.items() if v != getattr(suite.settings, n)}
  own.pop("pretrained", None)  # of weights counts what they are, not where they lie
  if method != "fine_tune":  # which alone reads labels
    own.pop("shots", None)
  assert {"steps", "batch_size"} <= set(own)
  assert label == record.label_of(method, own)


@pytest.mark.parametrize("name", UNTRAINED)
def test_a_suite_whose_program_another_trains_gets_as_far_as_its_first_step(
  name, flags, monkeypatch
):
  suite, parts = SUITES[name], []

  def train(given, *_):
    parts.extend(given)
    raise toy.Crash

  monkeypatch.setattr(loop, "train", train)
  method = served(suite)
  with pytest.raises(toy.Crash):
    main.benchmark(suite, [method, *flags])
  [(setup, [point], trained_on, _)] = parts
  assert_own_settings_are_said(suite, method, setup.settings._asdict(), point.label)
  assert trained_on.output == suite.output
  task = suite.tasks[0]
  assert trained_on.unseen is task.unseen
  assert ([s.name for s in trained_on.sources], trained_on.target.name) == (
    [*task.source],
    task.target,
  )


@pytest.mark.parametrize("name", sorted(TRAINED.values()))
def test_a_suite_runs_end_to_end(name, flags, tmp_path, capsys):
  suite = SUITES[name]
  names = [served(suite)]
  if name in LABELLED:
    names, flags = ["source_only", *names, "fine_tune"], [*flags, "--shots", "2"]
  assert main.benchmark(suite, [*names, *flags]) == 0
  records = [json.loads(p.read_text()) for p in sorted(tmp_path.glob(f"{name}/*/*.json"))]
  assert [r["method"] for r in records] == sorted(names)
  for made in records:
    settings = made["config"]["settings"]
    assert_own_settings_are_said(suite, made["method"], settings, made["label"])
  assert all(r["protocol"] == suite.protocol for r in records)
  assert {r["task"] for r in records} == {suite.tasks[0].name}
  usual = "H-score" if suite.tasks[0].unknown else "accuracy"
  shown = {"values": "R²", "pixels": "mIoU"}.get(suite.output, usual)
  shown = {"auroc": "AUROC", "dice": "Dice"}.get(suite.measure, shown)
  lines = capsys.readouterr().out.splitlines()
  titles = next(s for s in lines if "method (seeds)" in s)
  assert titles.split()[2] == shown  # the suite's measure stands first; of two lines the second
  kept = list((tmp_path / "data" / "adapt_features").glob("*.npy"))
  assert len(kept) == (4 if suite.settings.cache_features else 0)
  if suite.output == "classes":
    assert ("entropy" in made["validators"]) is not suite.tasks[0].unseen


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


def first(domain, n):
  """Of each of its splits n examples, whose files are read in no time."""
  return domain._replace(
    **{s: Split(*(a[:n] for a in getattr(domain, s))) for s in ("train", "test")}
  )


def test_own_files_give_the_numbers_of_the_suite(tmp_path, monkeypatch):
  try:
    pair = [first(data.load(f"amazon_{d}"), 400) for d in ("books", "kitchen")]
  except ValueError as error:
    pytest.skip(str(error))
  named, load = {d.name: d for d in pair}, data.load
  monkeypatch.setattr(data, "load", lambda name, *where: named.get(name) or load(name, *where))
  for d in pair:
    arrays = {"x": d.train.x, "y": d.train.y, "x_test": d.test.x, "y_test": d.test.y}
    np.savez(tmp_path / f"{d.name}.npz", **arrays)
  own = [str(tmp_path / f"{d.name}.npz") for d in pair]
  flags = ["--steps", "20", "--evaluations", "1", "--seeds", "1", "--devices", "1"]
  out = ["--out", str(tmp_path / "runs")]
  given = ["--depth", "0", "--weight", "0.1"]  # the suite's defaults, as flags
  suite = SUITES["amazon_reviews"]
  assert main.benchmark(suite, ["dann", "--task", "books_kitchen", *flags, *out]) == 0
  assert main.main(["run", "--source", own[0], "--target", own[1], *flags, *given, *out]) == 0
  records = [json.loads(p.read_text()) for p in sorted(tmp_path.glob("runs/*/*/dann*.json"))]
  assert len(records) == 2
  for part in ("last", "curves", "confusion"):
    assert records[0][part] == records[1][part]
