"""Office-Caltech10's features as domains, and the published nearest-neighbour row on the real ones."""

import os
from pathlib import Path

import numpy as np
import pytest

from adapt.data import builders, check_pair, prepared
from adapt.data.named import features
from adapt.experiments.resolve import resolve
from adapt.experiments.run import run
from benchmarks import office_caltech10

ROOT = Path(__file__).resolve().parents[3]
# Target accuracy in %, one nearest neighbour, as published for these features (all source images
# labelled, all target images tested): jindongwang/transferlearning, data/benchmark.md, row 1NN.
PUBLISHED = {
  ("caltech10", "amazon"): 23.7,
  ("caltech10", "webcam"): 25.8,
  ("caltech10", "dslr"): 25.5,
  ("amazon", "caltech10"): 26.0,
  ("amazon", "webcam"): 29.8,
  ("amazon", "dslr"): 25.5,
  ("webcam", "caltech10"): 19.9,
  ("webcam", "amazon"): 23.0,
  ("webcam", "dslr"): 59.2,
  ("dslr", "caltech10"): 26.3,
  ("dslr", "amazon"): 28.5,
  ("dslr", "webcam"): 63.4,
}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
  """The four SURF domains, prepared from the real files."""
  folder = Path(os.environ.get("ADAPT_REAL_DATA", ROOT.parent / "shared" / "data"))
  if not folder.is_dir():
    pytest.skip("no folder with the real data ($ADAPT_REAL_DATA)")
  builders.import_tfds().disable_progress_bar()
  data_dir = tmp_path_factory.mktemp("surf")
  builders.prepare("office_caltech10_surf", folder, data_dir)
  names = features.DOMAIN_NAMES
  return {name: features.DOMAINS[f"office_caltech10_surf_{name}"](data_dir) for name in names}


def test_standardised():
  x = np.array([[200, 200, 0, 0], [0, 0, 0, 0], [100, 0, 0, 100]], np.uint8)
  out = features.standardised(
    x
  )  # shares [.5 .5 0 0], [0 0 0 0], [.5 0 0 .5]; third column constant
  assert out.dtype == np.float32
  shares = np.array([[0.5, 0.5, 0, 0], [0, 0, 0, 0], [0.5, 0, 0, 0.5]])
  np.testing.assert_allclose(
    out[:, :2], ((shares - shares.mean(0)) / _std(shares))[:, :2], rtol=1e-6
  )
  assert out[:, 2].tolist() == [0, 0, 0]
  assert np.isfinite(out).all()


def _std(x):
  """By the definition, n - 1 in the denominator."""
  deviation = np.sqrt(((x - x.mean(0)) ** 2).sum(0) / (len(x) - 1))
  return np.where(deviation == 0, 1, deviation)


def test_domains(monkeypatch):
  stored = {"surf": np.uint8, "decaf6": np.float32}

  def arrays(name, split, data_dir=None):
    kind, _ = name.removeprefix("office_caltech10_").split("/")
    rng = np.random.default_rng(len(name))
    return rng.integers(1, 9, (12, 20)).astype(stored[kind]), np.arange(12) % 10

  monkeypatch.setattr(prepared, "arrays", arrays)
  assert len(features.DOMAINS) == 8
  for name, read in features.DOMAINS.items():
    domain = read(None)
    assert domain.name == name
    assert domain.train.x is domain.test.x  # transductive
    assert (domain.train.x.dtype, domain.train.y.dtype) == (np.float32, np.int32)
    assert domain.classes[:2] == ("backpack", "bike")
    if "decaf6" in name:
      assert domain.train.x.min() >= 1  # as stored
    else:
      np.testing.assert_allclose(domain.train.x.mean(0), 0, atol=1e-6)
  pair = [features.DOMAINS[f"office_caltech10_surf_{name}"](None) for name in ("dslr", "webcam")]
  check_pair(pair[:1], pair[1], 4)


def test_not_prepared(tmp_path):
  with pytest.raises(ValueError, match=r"office_caltech10_surf/dslr is not prepared in .* run "):
    features.DOMAINS["office_caltech10_surf_dslr"](tmp_path)


def test_real_domains(real):
  assert {name: len(domain.train.x) for name, domain in real.items()} == {
    "amazon": 958,
    "caltech10": 1123,
    "dslr": 157,
    "webcam": 295,
  }
  assert np.bincount(real["webcam"].train.y).tolist() == [29, 21, 31, 27, 27, 30, 43, 30, 27, 30]


@pytest.mark.parametrize("pair", PUBLISHED, ids="-".join)
def test_nearest_neighbours_as_published(real, pair):
  source, target = (real[name].train for name in pair)
  x, centres = target.x.astype(np.float64), source.x.astype(np.float64)
  squared = (centres**2).sum(1) - 2 * x @ centres.T  # up to a term of the target image alone
  accuracy = 100 * (source.y[squared.argmin(1)] == target.y).mean()
  assert round(accuracy, 1) == PUBLISHED[pair]


@pytest.mark.adapts("afn")
def test_afn_gains_with_its_defaults(real, tmp_path):
  """Also over its null control, which is source_only on a network without batch statistics."""
  suite = office_caltech10.SUITE
  task, settings = (
    suite.task("surf_caltech10_amazon"),
    suite.settings._replace(steps=500, evaluations=1),
  )

  def accuracies(method, **changed):
    experiment = resolve(suite, task, method, settings, (0, 1, 2), **changed)
    found = run(experiment, tmp_path, domains=lambda name: real[name.rsplit("_", 1)[1]])
    return [np.array(r["last"]["accuracy"]) for r in found.records]

  null, found = accuracies("afn", sweep={"weight": (0.0, 0.05)})
  assert (found - null).mean() > 0.01 and (found - null).min() > 0
  np.testing.assert_array_equal(null, accuracies("source_only")[0])
