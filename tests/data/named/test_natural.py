"""Nine shared classes of CIFAR-10 and STL-10, and PatchCamelyon: labels, sizes, what a listing says."""

import io

import numpy as np
import pytest
from PIL import Image

from adapt.data import images, prepared
from adapt.data.named import natural

SETS = {of.name: of for of in natural.TFDS_SETS}


@pytest.fixture
def fake(monkeypatch):
  """Sets of two images of each of ten classes, of the set's own size; grey k says label k."""

  def arrays(name, split, data_dir=None):
    side = {"cifar10": 32, "stl10": 96}[name]
    y = np.tile(np.arange(10), 2)
    x = np.broadcast_to(y[:, None, None, None].astype(np.uint8), (20, side, side, 3))
    return x, y

  monkeypatch.setattr(prepared, "arrays", arrays)


@pytest.mark.parametrize(("name", "stored"), [("cifar9", "cifar10"), ("stl9", "stl10")])
def test_nine(fake, name, stored):
  domain = natural.DOMAINS[name](None)
  assert domain.name == name
  assert domain.classes == natural.NINE
  own = ["automobile" if of == "car" else of for of in SETS[stored].classes]
  for split in domain.train, domain.test:
    assert split.x.shape == (18, 32, 32, 3)
    assert (split.x.dtype, split.y.dtype) == (np.uint8, np.int32)
    assert np.bincount(split.y).tolist() == [2] * 9
    # The grey is the set's own label: its name must be that of the new label.
    names = [natural.NINE[label] for label in split.y]
    assert [own[grey] for grey in split.x[:, 0, 0, 0]] == names


def test_patch_camelyon(monkeypatch):
  class Source:
    def __len__(self):
      return 3

    def read(self, i):
      stream = io.BytesIO()
      Image.new("RGB", (96, 96), (i, 50 * i, 0)).save(stream, "PNG")
      return stream.getvalue()

    def name(self, i):
      return f"image {i}"

  def fake(name, split, data_dir=None):
    assert name == "patch_camelyon"
    return images.Images(Source()), np.array([0, 1, 1])

  monkeypatch.setattr(prepared, "images", fake)
  domain = natural.DOMAINS["patch_camelyon"](None)
  assert domain.train.x.shape == (3, 96, 96, 3)
  assert domain.test.x[2][0, 0].tolist() == [2, 100, 0]
  assert domain.train.y.tolist() == [0, 1, 1]
  assert domain.classes == ("normal", "tumour")


def test_what_a_person_must_do():
  for name, of in SETS.items():
    stored = f"{name}/CONFIG" if of.configs else name
    assert f"tfds.builder('{stored}', file_format='array_record')" in of.manual
    assert "pip install tensorflow" in of.manual and "\n" not in of.manual
    assert not of.automatic and of.homepage.startswith("http")
    assert all("train" in of.sizes[config] for config in of.configs or (None,))


def test_not_prepared(tmp_path):
  with pytest.raises(ValueError, match=r"cifar10 is not prepared in .*tensorflow"):
    natural.DOMAINS["cifar9"](tmp_path)
