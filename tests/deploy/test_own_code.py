"""A saved model is read with the code that it was trained with, or not at all."""

import numpy as np
import pytest

from adapt import catalogue
from adapt.api.fit import fit
from adapt.api.fitted import load

RNG = np.random.default_rng(0)
Y = np.arange(60) % 2
X = RNG.normal(size=(60, 3)).astype(np.float32) + Y[:, None]
SHORT = {"steps": 2, "evaluations": 1, "batch_size": 8}
OWN = """
from adapt.methods.source_only import source_only as usual

def {name}(net):
  \"\"\"Trains on the source; predicts {sign}.\"\"\"
  made = usual(net)

  def predict(params, state, x):
    features, logits = made.predict(params, state, x)
    return features, {sign} * logits

  return made._replace(predict=predict)
"""


@pytest.fixture(autouse=True)
def alone(monkeypatch):
  monkeypatch.setattr(catalogue, "_extra", {})


def plugged(monkeypatch, folder, name, sign):
  """A folder of plug-ins with a method of that name."""
  folder.mkdir()
  (folder / f"{name}.py").write_text(OWN.format(name=name, sign=sign))
  monkeypatch.setattr(catalogue, "_extra", {})
  catalogue.plugins(folder)


def trained(method, file):
  return fit(method, source=(X, Y), target=X, **SHORT).save(file)


def test_the_package_s_method_does_not_stand_for_one_s_own(tmp_path, monkeypatch):
  plugged(monkeypatch, tmp_path / "one", "source_only", -1)
  file = trained("source_only", tmp_path / "m.npz")
  assert load(file).predict(X).shape == (60,)
  monkeypatch.setattr(catalogue, "_extra", {})
  with pytest.raises(ValueError, match="of a file of one's own, which is not here"):
    load(file)


def test_a_changed_file_is_refused_and_one_that_hides_the_package_s(tmp_path, monkeypatch):
  plugged(monkeypatch, tmp_path / "one", "mine", 1)
  file = trained("mine", tmp_path / "m.npz")
  plugged(monkeypatch, tmp_path / "two", "mine", -1)
  with pytest.raises(ValueError, match=r"method 'mine' .* has changed since"):
    load(file)
  monkeypatch.setattr(catalogue, "_extra", {})
  file = trained("source_only", tmp_path / "p.npz")
  assert len(load(file).predict(X)) == 60
  plugged(monkeypatch, tmp_path / "three", "source_only", -1)
  with pytest.raises(ValueError, match="this package's method 'source_only', and --plugins has"):
    load(file)
