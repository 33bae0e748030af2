"""Every suite end to end, shrunk to two steps, on made-up domains of the right shape; and on real ones."""

import importlib
import json
import pkgutil

import numpy as np
import pytest

import benchmarks
from adapt import cli, data, methods
from adapt.data import Domain, Split
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


def made_up(name, data_dir=None):
  """A domain of the shape that the name promises."""
  if name.startswith("amazon"):
    shape, classes, top = (5000,), 2, 3
  else:
    shape = (32, 32, 3) if name in ("mnist_rgb32", "mnist_m", "svhn") else (28, 28, 1)
    classes, top = 10, 255
  rng = np.random.default_rng(len(name))
  splits = []
  for n in (60, 40):
    x = rng.integers(0, top, (n, *shape))
    y = (np.arange(n) % classes).astype(np.int32)
    splits.append(Split(x.astype(np.float32 if len(shape) == 1 else np.uint8), y))
  return Domain(name, *splits, tuple(map(str, range(classes))))


@pytest.mark.parametrize("name", sorted(SUITES))
def test_a_suite_runs_end_to_end(name, tmp_path, monkeypatch, capsys):
  monkeypatch.setattr(data, "load", made_up)
  suite = SUITES[name]
  flags = [*SHRUNK, "--shots", "2", "--out", str(tmp_path), "--task", suite.tasks[0].name]
  assert cli.benchmark(suite, ["source_only", "dann", "fine_tune", *flags]) == 0
  records = [json.loads(p.read_text()) for p in sorted(tmp_path.glob(f"{name}/*/*.json"))]
  assert [r["label"] for r in records] == ["dann", "fine_tune", "source_only"]
  assert all(r["protocol"] == suite.protocol for r in records)
  assert {r["task"] for r in records} == {suite.tasks[0].name}
  assert "accuracy" in capsys.readouterr().out


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
