"""An exported model runs by jax alone and gives the same probabilities, whatever the batch."""

import subprocess
import sys
from pathlib import Path

import documents
import jax
import numpy as np
import pytest
import toy

from adapt.data import atomic_files
from adapt.deploy import exported, saved
from adapt.experiments.run import run

# What `pip install jax` brings.
BROUGHT = ("jax", "jaxlib", "numpy", "numpy.libs", "ml_dtypes", "opt_einsum", "scipy", "scipy.libs")
ALONE = """
import importlib.util, sys
sys.path.append("installed")
for name in "flax", "optax", "adapt", "flatbuffers":
  assert importlib.util.find_spec(name) is None, name
import numpy
x = numpy.load("x.npy")
"""
AFTER = """
numpy.save("p.npy", probability)
for n in 1, 5:
  numpy.testing.assert_allclose(model.call(x[:n]), probability[:n], atol=1e-6)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
  """A trained model, read from its file."""
  out = tmp_path_factory.mktemp("models")
  short = {"steps": 40, "evaluations": 1, "seeds": (0,), "save_model": True}
  [made] = run(toy.experiment("dann", **short), out, domains=toy.load).records
  return saved.read(out / f"toy/moons_turned/{made['label']}.seed0.model.npz")


@pytest.mark.holds("models")
def test_the_readme_s_lines_load_it_where_only_jax_is_installed(model, tmp_path):
  module, signature = exported.export(model)
  (tmp_path / "dann.seed0.stablehlo").write_bytes(module)
  atomic_files.write_json(tmp_path / "dann.seed0.json", signature)
  shown = documents.code("load")
  x = toy.TURNED.test.x[:37]
  np.save(tmp_path / "x.npy", x)
  (tmp_path / "installed").mkdir()
  for name in BROUGHT:
    place = Path(jax.__file__).parent.parent / name
    if place.exists():
      (tmp_path / "installed" / name).symlink_to(place)
  # Isolated and without site-packages: there is nothing else to import.
  lines = [sys.executable, "-I", "-S", "-c", ALONE + shown + AFTER]
  done = subprocess.run(lines, cwd=tmp_path, capture_output=True, text=True)
  assert done.returncode == 0, done.stderr
  expected = jax.nn.softmax(saved.predictor(model)(x))
  np.testing.assert_allclose(np.load(tmp_path / "p.npy"), expected, atol=1e-6)
  assert expected[:, 0].min() < 0.4 and expected[:, 0].max() > 0.6  # they differ by example


def test_the_signature_says_what_goes_in_and_what_comes_out(model):
  module, signature = exported.export(model)
  assert signature["version"] == exported.VERSION
  assert signature["input"] == {"shape": ["n", 2], "dtype": "float32"}
  assert signature["output"] == {"shape": ["n", 2], "dtype": "float32"}
  assert signature["classes"] == ["upper", "lower"]
  assert signature["platforms"] == ["cpu", "cuda", "tpu"]
  assert signature["model"]["seed"] == 0 and signature["model"]["step"] == 40
  assert module.startswith(b"ML\xefR")  # MLIR's bytecode, as other tools read it


def test_what_one_platform_cannot_run_is_exported_for_this_one(model, monkeypatch):
  def spectral(_):  # a TPU has no eigenvalues of general matrices
    return lambda x: jax.numpy.linalg.eigvals(x[:, :, None] * x[:, None, :]).real

  monkeypatch.setattr(saved, "predictor", spectral)
  assert exported.export(model)[1]["platforms"] == ["cpu"]


def test_predictions_that_call_python_cannot_be_exported(model, monkeypatch):
  def called(_):
    def predict(x):
      shape = jax.ShapeDtypeStruct((*x.shape[:-1], 2), np.float32)
      return jax.pure_callback(lambda v: v, shape, x, vmap_method="sequential")

    return predict

  monkeypatch.setattr(saved, "predictor", called)
  with pytest.raises(ValueError, match=r"dann cannot be exported .*use adapt predict"):
    exported.export(model)
