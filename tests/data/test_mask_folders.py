"""Folders of images and masks: what is read, and which file a message names."""

import numpy as np
import pytest
from PIL import Image
from segments import made

from adapt import data
from adapt.data.reading import Reading

PIXELS = Reading(output="pixels")


def write(folder, x, y, names="ground\ndisc\ncore\n"):
  for part in ("images", "masks"):
    (folder / part).mkdir(parents=True, exist_ok=True)
  for i, (image, mask) in enumerate(zip(x, y, strict=True)):
    Image.fromarray(image).save(folder / "images" / f"{i:02}.png")
    Image.fromarray(mask).save(folder / "masks" / f"{i:02}.png")
  if names:
    (folder / "classes.txt").write_text(names)


@pytest.fixture
def folder(tmp_path):
  write(tmp_path / "discs", *made(0, n=10))
  return tmp_path / "discs"


def test_images_and_masks_are_read_and_a_fifth_is_held_out(folder):
  found = data.read(str(folder), None, PIXELS)
  _, y = made(0, n=10)
  assert found.classes == ("ground", "disc", "core") and found.held_out
  assert found.train.x.shape == (8, 16, 16, 3) and found.test.y.shape == (2, 16, 16)
  every = np.concatenate([found.train.y, found.test.y])
  assert sorted(m.tobytes() for m in every) == sorted(
    np.where(m == 255, -1, m.astype(np.int32)).astype(np.int32).tobytes() for m in y
  )


def test_train_and_test_folders_and_unlabelled_images(tmp_path):
  write(tmp_path / "train", *made(0, n=4), names="")
  write(tmp_path / "test", *made(0, n=3, seed=1), names="")
  found = data.read(str(tmp_path), None, PIXELS)
  assert (len(found.train.x), len(found.test.x)) == (4, 3) and found.classes == ("0", "1", "2")
  for mask in (tmp_path / "train" / "masks").iterdir():
    mask.unlink()
  (tmp_path / "train" / "masks").rmdir()
  assert data.read(str(tmp_path), None, PIXELS).train.y is None


@pytest.mark.parametrize(
  ("mask", "said"),
  [
    (np.zeros((8, 16), np.uint8), r"03.png has 16×8 pixels, and its image 16×16"),
    (np.full((16, 16), 7, np.uint8), r"03.png has pixels of class 7, and classes.txt names 3"),
    (np.zeros((16, 16, 3), np.uint8), r"03.png is a picture of mode RGB"),
    (None, r"03.png is missing"),
  ],
)
def test_a_wrong_mask_is_named(folder, mask, said):
  file = folder / "masks" / "03.png"
  file.unlink()
  if mask is not None:
    Image.fromarray(mask).save(file)
  with pytest.raises(ValueError, match=said):
    data.read(str(folder), None, PIXELS)


def test_a_folder_of_another_layout_is_refused(tmp_path):
  with pytest.raises(ValueError, match="has no folder images/"):
    data.read(str(tmp_path), None, PIXELS)


def test_arrays_in_files_have_masks_too(tmp_path):
  x, y = made(0, n=5)
  np.savez(tmp_path / "a.npz", x=x, y=y)
  found = data.read(str(tmp_path / "a.npz"), None, PIXELS)
  assert found.train.y.shape == (4, 16, 16) and found.train.y.min() == -1
  np.savez(tmp_path / "a.npz", x=x, y=y[:, :8])
  with pytest.raises(ValueError, match=r"a.npz y have shape \[5, 8, 16\]"):
    data.read(str(tmp_path / "a.npz"), None, PIXELS)
