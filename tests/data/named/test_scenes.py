"""CamVid and retinas: from published files and from packed ones to the same domain."""

import importlib.util
import io

import numpy as np
import pytest
from PIL import Image

from adapt import data
from adapt.data import builders

pytestmark = pytest.mark.skipif(
  importlib.util.find_spec("tensorflow_datasets") is None, reason="needs tensorflow_datasets"
)


def encoded(x, kind="png"):
  stream = io.BytesIO()
  Image.fromarray(x).save(stream, format=kind)
  return stream.getvalue()


def write_packed(file, images, masks, split):
  parts = {}
  for name, places, each in (("data", "offsets", images), ("masks", "mask_offsets", masks)):
    parts[name] = np.frombuffer(b"".join(each), np.uint8)
    parts[places] = np.cumsum([0, *map(len, each)])
  np.savez(
    file, **parts, names=np.array([f"n{i}" for i in range(len(split))]), split=np.array(split)
  )


@pytest.fixture
def few(monkeypatch):
  """Sets of one image a split."""
  builders.import_tfds()
  from adapt.data.builders import camvid, retina

  monkeypatch.setattr(camvid.Camvid, "SIZES", {n: {"train": 1, "test": 1} for n in ("day", "dusk")})
  monkeypatch.setattr(
    retina.Retina, "SIZES", {n: {"train": 1, "test": 1} for n in ("drive", "chase")}
  )


def test_camvid_from_segnets_release(tmp_path, few):
  rng = np.random.default_rng(0)
  mask = np.repeat(np.arange(12, dtype=np.uint8), 40)[None].repeat(360, 0)  # [360, 480]
  for name in ("train", "test"):
    for part, x in ((name, rng.integers(0, 256, (360, 480, 3), np.uint8)), (f"{name}annot", mask)):
      (tmp_path / "CamVid" / part).mkdir(parents=True)
      for file in ("0001TP_1.png", "0006R0_2.png"):
        (tmp_path / "CamVid" / part / file).write_bytes(encoded(x))
  builders.prepare("camvid", tmp_path, tmp_path / "made")
  found = data.load("camvid_dusk", str(tmp_path / "made"))
  assert found.train.x.shape == (1, 88, 120, 3) and len(found.classes) == 11
  assert set(np.unique(found.test.y)) == set(range(-1, 11))  # what was 11 is not scored


def test_retina_from_packed_files_and_what_is_wrong_with_them(tmp_path, few):
  x = np.full((320, 310, 3), 90, np.uint8)
  mask = np.zeros((320, 310), np.uint8)
  mask[100:140] = 1
  (tmp_path / "retina").mkdir()
  for name in ("drive", "chase"):
    file = tmp_path / "retina" / f"{name}.npz"
    write_packed(file, [encoded(x)] * 2, [encoded(mask)] * 2, ["train", "test"])
  builders.prepare("retina", tmp_path, tmp_path / "made")
  found = data.load("retina_chase", str(tmp_path / "made"))
  assert found.train.x.shape == (1, 160, 160, 3) and found.classes == ("background", "vessel")
  assert (found.test.y[0, 50:70, 3:157] == 1).all() and found.test.y.sum() == 20 * 156
  write_packed(file, [encoded(x)] * 2, [encoded(mask[1:])] * 2, ["train", "test"])
  with pytest.raises(ValueError, match="has a mask of another size"):
    builders.prepare("retina", tmp_path, tmp_path / "again")
