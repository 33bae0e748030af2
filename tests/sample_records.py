"""Made-up but realistic records, for the tests of everything that reads records."""

from pathlib import Path
from typing import Any

import numpy as np

from adapt.data import atomic_files
from adapt.experiments.suite import Reported, Suite, Task
from adapt.records import record
from adapt.training.settings import Settings

DIGITS = tuple("0123456789")

SUITE = Suite(
  name="digits",
  tasks=(
    Task("mnist_usps", ("mnist",), "usps"),
    Task("usps_mnist", ("usps",), "mnist"),
    Task("svhn_mnist", ("svhn",), "mnist"),
  ),
  settings=Settings(),
  protocol="Train split without target labels, test split for the numbers",
  reported=(
    Reported(
      label="DANN",
      beside="dann",
      source="A. Author et al., 2020, Table 1",
      protocol="Best on target test.",
      accuracy={"mnist_usps": 90.4, "usps_mnist": 94.7, "svhn_mnist": 84.2},
    ),
    Reported(
      label="CDAN|E*",
      beside="cdan",
      source="B. Author et al., 2021, Table 3",
      protocol="Mean of 3 runs, last epoch.",
      accuracy={"mnist_usps": 95.6},
    ),
  ),
)


def make(
  task: str = "mnist_usps",
  label: str = "dann",
  level: float = 0.9,
  *,
  suite: str = "digits",
  classes: tuple[str, ...] = DIGITS,
  seeds: int = 3,
  steps: int = 2000,
  diverged: dict[str, int] | None = None,
) -> dict[str, Any]:
  """A whole record whose target accuracy is about `level`, the same on every call."""
  diverged = diverged or {}
  noise = np.random.default_rng(list(f"{task}/{label}".encode()))
  count = len(classes)
  confusion, accuracy, per_class, curve = [], [], [], []
  for seed in range(seeds):
    right = np.clip(noise.normal(level, 0.05, count), 0.02, 1.0)
    other = noise.dirichlet(np.full(count, 0.3), count) * (1 - np.eye(count)) + 1e-9
    shares = other / other.sum(axis=1, keepdims=True) * (1 - right[:, None]) + np.diag(right)
    matrix = np.round(200 * shares).astype(int)
    rise = level - 0.4 * np.exp(-np.arange(1, 11) / 2.5) + noise.normal(0, 0.012, 10)
    lost = str(seed) in diverged
    confusion.append(None if lost else matrix.tolist())
    accuracy.append(None if lost else float(matrix.trace() / matrix.sum()))
    per_class.append(None if lost else np.diag(shares).tolist())
    curve.append([1 / count] * 10 if lost else [*rise[:-1].tolist(), accuracy[-1]])

  def near(offset: float) -> list[float | None]:
    return [None if a is None else a + offset for a in accuracy]

  source, target = task.split("_")
  return {
    "format": 1,
    "suite": suite,
    "task": task,
    "label": label,
    "method": label.split("-")[0].split("+")[0],
    "config": {
      "hyperparameters": {"weight": 1.0},
      "weights": None,
      "tuning": None,
      "settings": {**Settings()._asdict(), "steps": steps},
      "start": "scratch",
      "seeds": list(range(seeds)),
      "source": [source],
      "target": target,
      "data": {source: f"{source}-1f3a", target: f"{target}-1f3a"},
      "parallel": "sharding",
      "devices": 1,
      "validator": "information_maximisation",
    },
    "protocol": SUITE.protocol,
    "examples": {"source": 60000, "target": 7291, "test": 2007, "labelled": 0},
    "classes": list(classes),
    "last": {
      "accuracy": accuracy,
      "precision": near(0.004),
      "recall": near(-0.003),
      "f1": near(-0.001),
      "calibration_error": [None if a is None else 0.5 * (1 - a) for a in accuracy],
      "per_class": per_class,
    },
    "confusion": confusion,
    "selected": {
      "validator": "information_maximisation",
      "step": [1800] * seeds,
      "accuracy": near(-0.005),
    },
    "oracle": {"step": [1600] * seeds, "accuracy": near(0.01)},
    "curves": {
      "step": [steps // 10 * i for i in range(1, 11)],
      "loss": [[1.0 / i for i in range(1, 11)]] * seeds,
      "target_accuracy": curve,
    },
    "diverged": diverged,
    "seconds": {"compile": 3.1, "train": 52.0, "evaluate": 1.2, "total": 57.0},
    "images_per_second": 3650.0,
    "prediction_ms_per_1000": 12.3,
    "environment": {
      "commit": "0123456789abcdef0123456789abcdef01234567",
      "dirty": False,
      "versions": {"jax": "0.10.2"},
      "device": "cpu x86_64, 2 cores",
      "python": "3.11.7",
    },
    "command": "adapt run dann",
    "date": "2026-01-01T00:00:00Z",
  }


def save(out: Path, *records: dict[str, Any]) -> None:
  """Writes records under `out`."""
  for item in records:
    atomic_files.write_json(record.path(out, item["suite"], item["task"], item["label"]), item)


def save_points(out: Path, item: dict[str, Any], size: int = 40, shift: float = 4.0) -> None:
  """Writes features beside a record: one cluster per class, the target's moved by `shift`."""
  noise = np.random.default_rng(3)
  count = len(item["classes"])
  centres = noise.normal(0, 3.5, (count, 16))
  label = noise.integers(0, count, 2 * size)
  domain = np.repeat([0, 1], size)
  features = centres[label] + noise.normal(0, 1, (2 * size, 16))
  features += shift * domain[:, None] * noise.normal(0, 1, 16)
  record.write_points(
    record.path(out, item["suite"], item["task"], item["label"]),
    mark=item.get("parameters", [""])[0],
    features=features.astype(np.float32),
    label=label,
    domain=domain,
    predicted=label,
  )
