"""Arrays of prepared TFDS sets: values, the kept copies, and what is said of other sets."""

import io
import multiprocessing
import os
import pickle
import shutil

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image
from spoilt import SPOILT

from adapt import data
from adapt.data import prepared

N = {"train": 10, "validation": 4}


def encode(image):
  stream = io.BytesIO()
  Image.fromarray(image).save(stream, format="png")
  stream.seek(0)
  return stream


class Pictures(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """RGB images of one size or of several, in two configs; a third is no classification set."""

  VERSION = tfds.core.Version("1.0.0")
  BUILDER_CONFIGS = [  # noqa: RUF012
    tfds.core.BuilderConfig(name=name, description=name)
    for name in ("same", "various", "plain", "unlabelled")
  ]

  def _info(self):
    side = None if self.builder_config.name == "various" else 6
    label = tfds.features.ClassLabel(names=["cat", "dog"])
    if self.builder_config.name == "unlabelled":
      label = tfds.features.Tensor(shape=(), dtype=np.float32)
    features = {
      "image": tfds.features.Image(shape=(side, side, 3)),
      "label": label,
      "id": tfds.features.Text(),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      features=tfds.features.FeaturesDict(features),
      supervised_keys=("image", "label") if self.builder_config.name == "same" else None,
      disable_shuffling=True,
    )

  def _split_generators(self, dl_manager):
    names = ["train"] if self.builder_config.name == "plain" else list(N)
    return {split: self._generate_examples(split) for split in names}

  def _generate_examples(self, split):
    for i in range(N[split]):
      side = 6 + i if self.builder_config.name == "various" else 6
      yield i, {"image": encode(picture(i, side)), "label": i % 2, "id": str(i)}


def picture(i, side=6):
  return np.random.default_rng(i).integers(0, 256, (side, side, 3), np.uint8)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
  """A data folder with the configs of Pictures."""
  tfds.disable_progress_bar()
  folder = tmp_path_factory.mktemp("tfds")
  for config in ("same", "various", "plain", "unlabelled"):
    Pictures(data_dir=folder, config=config, file_format="array_record").download_and_prepare()
  return folder


def copy(source, target):
  """The prepared files without the arrays that another test has kept."""
  shutil.copytree(source, target, ignore=shutil.ignore_patterns("adapt_*"))


def refuses(message, function, *arguments):
  with pytest.raises(ValueError, match=message) as caught:
    function(*arguments)
  assert "\n" not in str(caught.value)


def test_values_in_order(stored):
  x, y = prepared.arrays("pictures/same", "train", stored)
  np.testing.assert_array_equal(x, [picture(i) for i in range(10)])
  assert (x.dtype, y.dtype, y.tolist()) == (np.uint8, np.int64, [0, 1] * 5)
  assert prepared.classes("pictures/same", stored) == ("cat", "dog")


def test_decoded_once(stored, tmp_path, monkeypatch):
  copy(stored / "pictures", tmp_path / "pictures")
  first = prepared.arrays("pictures/plain", "train", tmp_path)
  folder = tmp_path / "pictures" / "plain" / "1.0.0"
  assert {p.name for p in folder.glob("*adapt_*")} == {"adapt_train_x.npy", "adapt_train_y.npy"}

  def fail(*arguments):
    raise AssertionError("decoded again")

  monkeypatch.setattr(prepared, "_decode", fail)
  for a, b in zip(first, prepared.arrays("pictures/plain", "train", tmp_path), strict=True):
    np.testing.assert_array_equal(a, b)
  (folder / "adapt_train_y.npy").unlink()
  with pytest.raises(AssertionError, match="decoded again"):  # half a copy is no copy
    prepared.arrays("pictures/plain", "train", tmp_path)


@pytest.mark.holds("kept")
@pytest.mark.parametrize("way", SPOILT)
def test_spoilt_copies_are_decoded_again(stored, tmp_path, capsys, way):
  copy(stored / "pictures", tmp_path / "pictures")
  for split in N:
    prepared.arrays("pictures/same", split, tmp_path)
  folder = tmp_path / "pictures" / "same" / "1.0.0"
  for part in "xy":
    SPOILT[way](folder / f"adapt_train_{part}.npy", folder / f"adapt_validation_{part}.npy")
  x, y = prepared.arrays("pictures/same", "train", tmp_path)
  np.testing.assert_array_equal(x, [picture(i) for i in range(10)])
  assert y.tolist() == [0, 1] * 5
  assert capsys.readouterr().err.count("it is made anew") == 2
  prepared.arrays("pictures/same", "train", tmp_path)
  assert not capsys.readouterr().err  # mended


def test_folder_that_cannot_be_written(stored, tmp_path, monkeypatch):
  copy(stored / "pictures", tmp_path / "pictures")

  def fail(*arguments):
    raise PermissionError

  monkeypatch.setattr(prepared.kept_arrays, "write", fail)
  x, _ = prepared.arrays("pictures/plain", "train", tmp_path)
  np.testing.assert_array_equal(x[3], picture(3))


def test_newest_version(stored, tmp_path):
  copy(stored / "pictures" / "same", tmp_path / "pictures")
  shutil.copytree(tmp_path / "pictures" / "1.0.0", tmp_path / "pictures" / "10.0.0")
  (tmp_path / "pictures" / "11.0.0").mkdir()  # not prepared
  (tmp_path / "pictures" / "1.0.0").rename(tmp_path / "pictures" / "9.0.0")
  assert not list(tmp_path.rglob("adapt_*"))
  prepared.arrays("pictures", "train", tmp_path)
  assert (tmp_path / "pictures" / "10.0.0" / "adapt_train_x.npy").is_file()


def test_as_domains(stored):
  domain = data.load("tfds:pictures/same", stored)
  assert domain.name == "tfds:pictures/same"
  assert domain.classes == ("cat", "dog")
  assert (domain.train.x.shape, domain.test.x.shape) == ((10, 6, 6, 3), (4, 6, 6, 3))
  assert domain.train.y.dtype == np.int32
  domain = data.load("tfds:pictures/plain", stored)  # no test split: a fixed fifth
  assert (len(domain.train.x), len(domain.test.x)) == (8, 2)


def test_not_prepared(tmp_path, monkeypatch):
  monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
  message = r"usps is not prepared in .*: run adapt data prepare usps$"
  refuses(message, prepared.arrays, "usps", "train")
  refuses(r"run adapt data prepare mnist$", data.load, "mnist")
  refuses(r"run adapt data prepare amazon_reviews$", data.load, "amazon_dvd")
  message = r"run adapt data prepare usps --data-dir .*other"
  refuses(message, prepared.arrays, "usps", "train", tmp_path / "other")
  message = r"tfds.builder\('cifar10', file_format='array_record'\).* need TensorFlow"
  refuses(message, data.load, "tfds:cifar10")
  refuses(r"svhn_cropped is not prepared in .* need TensorFlow", data.load, "svhn")


def test_other_sets(stored):
  refuses(
    r"pictures needs a config: choose from .*pictures/same", data.load, "tfds:pictures", stored
  )
  message = r"has no split 'test': choose from train, validation"
  refuses(message, prepared.arrays, "pictures/same", "test", stored)
  message = r"have several sizes: resize them"
  refuses(message, prepared.arrays, "pictures/various", "train", stored)
  message = r"not a classification set \(features id, image, label\): write its arrays"
  refuses(message, prepared.arrays, "pictures/unlabelled", "train", stored)


def test_other_file_format(stored, tmp_path):
  copy(stored / "pictures" / "same", tmp_path / "pictures")
  info = tmp_path / "pictures" / "1.0.0" / "dataset_info.json"
  info.write_text(info.read_text().replace("array_record", "tfrecord"))
  for path in info.parent.glob("*.array_record*"):
    path.rename(str(path).replace("array_record", "tfrecord"))
  message = r"prepared as tfrecord, which only TensorFlow reads: delete .* run python"
  refuses(message, prepared.arrays, "pictures", "train", tmp_path)


def test_our_mnist_stands_in_for_one_that_tfds_has_not_prepared(stored, tmp_path):
  made = next(p for p in stored.rglob("same/1.0.0"))
  shutil.copytree(made, tmp_path / "mnist_digits" / "1.0.0")
  assert prepared._folder("mnist", tmp_path) == tmp_path / "mnist_digits" / "1.0.0"
  shutil.copytree(made, tmp_path / "mnist" / "1.0.0")
  assert prepared._folder("mnist", tmp_path) == tmp_path / "mnist" / "1.0.0"


def test_images_stay_encoded(stored, tmp_path):
  copy(stored / "pictures", tmp_path / "pictures")
  images, y = prepared.images("pictures/various", "train", tmp_path)
  assert [images.encoded(i) for i in (7, 0)] == [encode(picture(i, 6 + i)).read() for i in (7, 0)]
  assert (images.shape, y.tolist()) == ((10, 224, 224, 3), [0, 1] * 5)
  np.testing.assert_array_equal(images.resized(9)[3], picture(3, 9))
  assert images.name(3).startswith("image 3 of ") and images.name(3).endswith("1.0.0 train")
  folder = tmp_path / "pictures" / "various" / "1.0.0"
  assert [p.name for p in folder.glob("adapt_*")] == ["adapt_train_y.npy"]
  own = prepared.identity(folder, "train", "y")  # the labels are kept, not read again
  prepared.kept_arrays.write(folder / "adapt_train_y.npy", np.arange(10), own)
  assert prepared.images("pictures/various", "train", tmp_path)[1].tolist() == list(range(10))


def test_images_in_a_folder_that_cannot_be_written(stored, tmp_path, monkeypatch):
  copy(stored / "pictures", tmp_path / "pictures")

  def fail(*arguments):
    raise PermissionError

  monkeypatch.setattr(prepared.kept_arrays, "write", fail)
  images, y = prepared.images("pictures/various", "validation", tmp_path)
  assert (len(images), y.tolist()) == (4, [0, 1, 0, 1])


def read_in_a_worker(images):
  return os.getpid(), images.resized(9)[np.array([3])]


def test_images_are_read_in_other_processes(stored):
  """Workers get them pickled, before or after they have been read here."""
  images, _ = prepared.images("pictures/various", "train", stored)
  fresh = pickle.dumps(images)
  images.encoded(0)
  assert len(pickle.dumps(images)) == len(fresh)  # without what is open
  with multiprocessing.get_context("spawn").Pool(1) as pool:
    process, pixels = pool.apply(read_in_a_worker, (images,))
  assert process != os.getpid()
  np.testing.assert_array_equal(pixels, picture(3, 9)[None])


def test_a_reader_is_opened_anew_after_a_fork(stored, monkeypatch):
  images, _ = prepared.images("pictures/various", "train", stored)
  opened = []
  source = prepared._source
  monkeypatch.setattr(prepared, "_source", lambda *a: opened.append(a) or source(*a))
  images.encoded(0)
  images.encoded(1)
  assert len(opened) == 1
  monkeypatch.setattr(os, "getpid", lambda: -1)
  images.encoded(0)
  assert len(opened) == 2


def test_images_that_are_none(stored, tmp_path):
  message = r"pictures/same has no split 'test': choose from train, validation"
  refuses(message, prepared.images, "pictures/same", "test", stored)
  message = r"not a classification set \(features id, image, label\)"
  refuses(message, prepared.images, "pictures/unlabelled", "train", stored)
  message = r"pacs/photo is not prepared in .*run adapt data prepare pacs"
  refuses(message, prepared.images, "pacs/photo", "train", tmp_path)


def test_sixteen_bits_are_scaled_and_unknown_ranges_refused():
  grey = np.arange(0, 65536, 1024, dtype=np.uint16).reshape(8, 8)
  x = prepared._image(encode(grey).getvalue(), 1, "image 0")
  np.testing.assert_array_equal(x[..., 0], grey >> 8)
  stream = io.BytesIO()
  Image.fromarray(grey.astype(np.float32)).save(stream, format="tiff")
  message = r"image 0 of s train has pixels of mode F, whose range is unknown: save it with 8 bits"
  refuses(message, prepared._image, stream.getvalue(), 3, "image 0 of s train")
