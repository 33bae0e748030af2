"""Folders of images: layouts, what is passed over, splits, and the line each bad folder gets."""

import pickle

import numpy as np
import pytest
from PIL import Image

from adapt import data
from adapt.data import folders
from adapt.data.images import Images


def draw(folder, n=5, shade=100, suffix=".png"):
  folder.mkdir(parents=True, exist_ok=True)
  for i in range(n):
    Image.new("RGB", (9, 7), (shade, 10 * i, 0)).save(folder / f"{i}{suffix}")


def refuses(folder, message):
  with pytest.raises(ValueError, match=message) as caught:
    folders.read_folder(folder)
  assert "\n" not in str(caught.value)


def test_class_folders(tmp_path):
  root = tmp_path / "pets"
  for k, (name, suffix) in enumerate([("dog", ".png"), ("cat", ".JPG"), ("ant", ".webp")]):
    draw(root / name, 5, 50 * k, suffix)
  draw(root / ".cache")
  (root / "cat/notes.txt").write_text("not an image")
  (root / "cat/.hidden.png").write_text("not an image either")
  (root / "README.md").write_text("text")
  domain = folders.read_folder(root, side=8)
  assert (domain.name, domain.classes) == ("pets", ("ant", "cat", "dog"))
  assert (domain.train.x.shape, domain.test.x.shape) == ((12, 8, 8, 3), (3, 8, 8, 3))
  assert np.bincount(domain.train.y).tolist() == [4, 4, 4]
  assert np.bincount(domain.test.y).tolist() == [1, 1, 1]
  assert domain.train.y.dtype == np.int32 and isinstance(domain.train.x, Images)
  for split in (domain.train, domain.test):
    for i, label in enumerate(split.y):
      assert abs(int(split.x[i][0, 0, 0]) - {0: 100, 1: 50, 2: 0}[int(label)]) < 5
      assert f"/{domain.classes[label]}/" in split.x.name(i)
  np.testing.assert_array_equal(domain.test.x.rows, folders.read_folder(root).test.x.rows)
  assert pickle.loads(pickle.dumps(domain.train.x))[0].shape == (8, 8, 3)


def test_default_size_and_load(tmp_path):
  draw(tmp_path / "a")
  draw(tmp_path / "b")
  assert data.load(str(tmp_path)).train.x.shape == (8, 224, 224, 3)


@pytest.mark.parametrize("test", ["test", "val"])
def test_train_and_test_folders(tmp_path, test):
  draw(tmp_path / "train/a", 4)
  draw(tmp_path / "train/b", 3)
  draw(tmp_path / test / "b", 2)
  domain = folders.read_folder(tmp_path)
  assert domain.train.y.tolist() == [0] * 4 + [1] * 3
  assert domain.test.y.tolist() == [1, 1]
  assert all(f"/{test}/b/" in domain.test.x.name(i) for i in range(2))


def test_test_is_taken_before_val_and_train_alone_is_cut(tmp_path):
  draw(tmp_path / "train/a", 5)
  assert [len(s.x) for s in folders.read_folder(tmp_path)[1:3]] == [4, 1]
  draw(tmp_path / "val/a", 2)
  draw(tmp_path / "test/a", 3)
  assert len(folders.read_folder(tmp_path).test.x) == 3


def test_images_alone_are_an_unlabelled_target(tmp_path):
  draw(tmp_path, 10)
  domain = folders.read_folder(tmp_path)
  assert (domain.train.y, domain.test.y, domain.classes) == (None, None, ())
  assert (len(domain.train.x), len(domain.test.x)) == (8, 2)
  draw(tmp_path / "b/train", 3)
  draw(tmp_path / "b/test/x", 2)
  draw(tmp_path / "b/test/y", 2)
  domain = folders.read_folder(tmp_path / "b")
  assert (domain.train.y, domain.test.y.tolist()) == (None, [0, 0, 1, 1])


def test_refuses(tmp_path):
  refuses(tmp_path / "absent", r"no folder '.*absent': check the path")
  (tmp_path / "nothing").mkdir()
  (tmp_path / "nothing/a.txt").write_text("a")
  refuses(tmp_path / "nothing", r"nothing has no image \(.jpg, .*\): check the path")
  draw(tmp_path / "a/cat")
  (tmp_path / "a/dog").mkdir()
  (tmp_path / "a/dog/notes.txt").write_text("a")
  refuses(tmp_path / "a", r"the class folder .*dog has no image .*: add some, or remove it")
  draw(tmp_path / "b/cat")
  draw(tmp_path / "b", 1)
  refuses(
    tmp_path / "b", r"b/0.png lies beside class folders: move it into the folder of its class"
  )
  draw(tmp_path / "d/test/cat")
  refuses(tmp_path / "d", r"d has test/ but no train/: add it, or name .*test itself")


def test_an_image_that_does_not_decode_is_named_when_it_is_read(tmp_path):
  draw(tmp_path / "a", 4)
  (tmp_path / "a/4.png").write_bytes(b"no image")
  domain = folders.read_folder(tmp_path, side=8)
  everything = Images(domain.train.x.source, side=8)
  with pytest.raises(ValueError, match=r"a/4.png does not decode"):
    everything[:]


def test_a_class_called_train_is_a_class(tmp_path):
  """VisDA-2017 has one."""
  for name in ("car", "train", "truck"):
    draw(tmp_path / "all" / name)
    draw(tmp_path / "cut/train" / name)
    draw(tmp_path / "cut/test" / name)
  domain = folders.read_folder(tmp_path / "all", side=8)
  assert domain.classes == ("car", "train", "truck")
  assert (len(domain.train.x), len(domain.test.x)) == (12, 3)
  assert folders.read_folder(tmp_path / "cut", side=8).classes == domain.classes
  draw(tmp_path / "all/test")
  draw(tmp_path / "exams/test")
  draw(tmp_path / "exams/oral")
  assert folders.read_folder(tmp_path / "all").classes == ("car", "test", "train", "truck")
  assert folders.read_folder(tmp_path / "exams").classes == ("oral", "test")
  draw(tmp_path / "lone/train")
  assert folders.read_folder(tmp_path / "lone").classes == ("train",)


def test_nothing_lies_beside_splits_unseen(tmp_path):
  draw(tmp_path / "a/train/cat")
  draw(tmp_path / "a/test/cat")
  (tmp_path / "a/.cache").mkdir()
  (tmp_path / "a/README.md").write_text("text")
  assert len(folders.read_folder(tmp_path / "a").test.x) == 5
  draw(tmp_path / "a", 1)
  refuses(tmp_path / "a", r"a/0.png lies beside the split .*a/train: move it into there, or name")
  (tmp_path / "a/0.png").unlink()
  draw(tmp_path / "a/dog")
  refuses(tmp_path / "a", r"a/dog lies beside the split .*a/train: move it into there, or name")


def test_class_names_are_compared_as_they_look(tmp_path):
  one, two = "caf\u00e9", "cafe\u0301"  # é as one code point, and as two
  draw(tmp_path / "a/train" / one)
  draw(tmp_path / "a/test" / two, 3)
  draw(tmp_path / "a/train/tea ")
  draw(tmp_path / "a/test/tea", 3)
  domain = folders.read_folder(tmp_path / "a")
  assert domain.classes == (one, "tea")
  assert np.bincount(domain.test.y).tolist() == [3, 3]
  draw(tmp_path / "b" / one)
  draw(tmp_path / "b" / two)
  refuses(tmp_path / "b", "differ only in blanks or in how letters are stored: make them one")


def test_what_is_passed_over_is_counted_by_reason(tmp_path):
  draw(tmp_path / "a", 3)
  draw(tmp_path / "b", 3)
  draw(tmp_path / "b/old", 2)
  draw(tmp_path / ".cache", 2)
  (tmp_path / "a/notes.txt").write_text("text")
  (tmp_path / "a/photo.heic").write_text("unreadable")
  domain = folders.read_folder(tmp_path)
  assert domain.kind == "image" and len(domain.train.x) + len(domain.test.x) == 6
  [note] = domain.notes
  assert "4 files passed over: 2 in the folder b/old inside a class folder, " in note
  assert "1 of kind .txt" in note and "1 of kind .heic" in note
  draw(tmp_path / "c", 3, suffix=".tif")
  assert len(folders.read_folder(tmp_path).train.y) == 8  # .tif among .png


def test_val_beside_train_and_test_is_trained_on_and_said(tmp_path):
  for part, n in (("train", 3), ("val", 2), ("test", 1)):
    draw(tmp_path / part / "a", n)
    draw(tmp_path / part / "b", n)
  domain = folders.read_folder(tmp_path)
  assert (domain.train.y.tolist(), domain.test.y.tolist()) == (
    [0] * 3 + [1] * 3 + [0] * 2 + [1] * 2,
    [0, 1],
  )
  assert "val/" in domain.train.x.name(6) and "the 4 images in val/ join" in domain.notes[0]
