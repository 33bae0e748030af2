"""The parsers behind the builders: what they refuse, and what they make of the real files."""

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adapt.data import builders, prepared
from adapt.data.builders import amazon_reviews, base, mnist, mnist_m, usps

ROOT = Path(__file__).resolve().parents[2]
SPLITS = ("train", "test")


@pytest.fixture(autouse=True)
def quiet():
  builders.import_tfds().disable_progress_bar()


def idx(array):
  head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
  return gzip.compress(head + array.astype(np.uint8).tobytes())


@pytest.fixture
def real():
  folder = Path(os.environ.get("ADAPT_REAL_DATA", ROOT.parent / "shared" / "data"))
  if not folder.is_dir():
    pytest.skip("no folder with the real data ($ADAPT_REAL_DATA)")
  return folder


def test_array_file_without_the_arrays(tmp_path):
  np.savez(tmp_path / "a.npz", b=np.zeros(1))
  with pytest.raises(ValueError, match=r"has no array 'train_images' \(it has b\)"):
    base.read_array_file(tmp_path / "a.npz", ("train_images",))


@pytest.mark.parametrize(
  ("data", "message"),
  [
    (b"no gzip", "is damaged or cut short"),
    (idx(np.zeros((3, 4)))[:-9], "is damaged or cut short"),
    (gzip.compress(b"\x00\x00\x0d\x01"), "not an IDX file"),
    (gzip.compress(b"\x00\x00\x08\x01\x00\x00\x00\x05abc"), "holds 3 values, not"),
  ],
)
def test_idx_refuses(tmp_path, data, message):
  (tmp_path / "a.gz").write_bytes(data)
  with pytest.raises(ValueError, match=message):
    mnist.read_idx(tmp_path / "a.gz")


@pytest.mark.parametrize(
  ("data", "message"),
  [
    (b"no gzip", "is damaged or cut short"),
    (gzip.compress(bytes(2**26 + 1)), "unpacks to more than 67108864 bytes"),
    (gzip.compress(b"6 a b\n"), "not gzipped lines of numbers"),
    (gzip.compress(b"6 0.1 0.2\n"), "257 numbers a line"),
    (gzip.compress(b""), "257 numbers a line"),
  ],
)
def test_zip_text_refuses(tmp_path, data, message):
  (tmp_path / "a.gz").write_bytes(data)
  with pytest.raises(ValueError, match=message):
    usps.read_zip_text(tmp_path / "a.gz")


def test_usps_greys():
  x = np.array([-1, -0.5, 0, 0.999, 1])
  np.testing.assert_array_equal(usps.to_bytes(x), [0, 64, 128, 255, 255])
  for bad in (1.5, np.nan):
    with pytest.raises(ValueError, match=r"must lie in \[-1, 1\]"):
      usps.to_bytes(np.array([0, bad]))


@pytest.mark.parametrize(
  "line", ["2 0:1", "x 0:1", "1 5000:1", "1 -1:1", "1 0:1.5", "1 0:256", "1 3"]
)
def test_svmlight_refuses(tmp_path, line):
  (tmp_path / "a").write_text(f"1 0:1\n{line}\n")
  with pytest.raises(ValueError, match=r"line 2 is not 'label index:count"):
    amazon_reviews.read_svmlight(tmp_path / "a")


def test_svmlight_labels_of_either_convention(tmp_path):
  (tmp_path / "a").write_text("1 0:1\n-1 4999:2.0\n0 1:3\n+1\n")
  x, y = amazon_reviews.read_svmlight(tmp_path / "a")
  assert y.tolist() == [1, 0, 0, 1]
  assert x.dtype == np.uint8
  assert (x[0, 0], x[1, 4999], x[2, 1], x[3].sum()) == (1, 2, 3, 0)


def test_mnist_m_refuses(tmp_path):
  np.save(tmp_path / "test_labels.npy", np.zeros(2, int))
  (tmp_path / "test_000.webp").write_bytes(b"no image")
  with pytest.raises(ValueError, match=r"does not decode as an image: fetch it again"):
    mnist_m.read_sheets(tmp_path, "test")
  Image.new("RGB", (32, 32)).save(tmp_path / "test_000.webp")
  with pytest.raises(ValueError, match=r"not a sheet of 50x20 tiles"):
    mnist_m.read_sheets(tmp_path, "test")
  with pytest.raises(ValueError, match=r"no file '.*': unpack mnist_m.tar.gz"):
    mnist_m.read_release(tmp_path, "test")
  labels = tmp_path / "mnist_m_test_labels.txt"
  labels.write_text("a.png\n")
  with pytest.raises(ValueError, match=r"lines of a file name and a digit"):
    mnist_m.read_release(tmp_path, "test")
  labels.write_text("a.png 3\n")
  (tmp_path / "mnist_m_test").mkdir()
  Image.new("RGB", (28, 28)).save(tmp_path / "mnist_m_test" / "a.png")
  with pytest.raises(ValueError, match=r"not 32x32"):
    mnist_m.read_release(tmp_path, "test")


def test_real_usps(real, tmp_path):
  builders.prepare("usps", real, tmp_path)
  with np.load(real / "digits" / "usps.npz") as source:
    for split in SPLITS:
      x, y = prepared.arrays("usps", split, tmp_path)
      np.testing.assert_array_equal(y, source[f"{split}_labels"])
      np.testing.assert_allclose(
        x[..., 0] / 127.5 - 1, source[f"{split}_images"], atol=1 / 255 + 1e-6
      )
  train = [1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644]
  test = [359, 264, 198, 166, 200, 160, 170, 147, 166, 177]
  for split, counts in (("train", train), ("test", test)):
    assert np.bincount(prepared.arrays("usps", split, tmp_path)[1]).tolist() == counts


def test_real_amazon_books(real, tmp_path, monkeypatch):
  monkeypatch.setitem(
    builders._BUILDERS, "amazon_reviews", ("amazon_reviews", "AmazonReviews", ("books",))
  )
  builders.prepare("amazon_reviews", real, tmp_path)
  load_svmlight_file = pytest.importorskip("sklearn.datasets").load_svmlight_file
  for split, counts in (("train", [1000, 1000]), ("test", [2201, 2264])):
    x, y = prepared.arrays("amazon_reviews/books", split, tmp_path)
    assert np.bincount(y).tolist() == counts
    path = real / "amazon" / "bow5000" / f"books_{split}.svmlight"
    expected, labels = load_svmlight_file(str(path), n_features=5000, zero_based=True)
    np.testing.assert_array_equal(x, expected.toarray())
    np.testing.assert_array_equal(y, labels > 0)


def test_real_mnist_m_sheets(real):
  x, y = mnist_m.read_sheets(real / "digits" / "mnist_m", "test")
  assert x.shape == (9001, 32, 32, 3)
  assert np.bincount(y).tolist() == [878, 1016, 933, 908, 890, 807, 856, 914, 880, 919]
  digest = "47415b066fe8a39de3f0e86f65a72d4c4078f1e2557a388ca0a7cfd8dfe90b14"
  assert hashlib.sha256(x.tobytes()).hexdigest() == digest


def test_real_mnist_slice(real, tmp_path):
  builder = mnist.MnistDigits(source=real, data_dir=tmp_path)
  x, y = builder._from_folder(real)["test"]
  assert (x.shape, x.dtype) == ((10000, 28, 28, 1), np.uint8)
  assert y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
  key, example = next(builder._generate_examples(x[:3], y[:3]))
  assert (key, example["label"]) == (0, 7)
  np.testing.assert_array_equal(np.asarray(Image.open(example["image"])), x[0, :, :, 0])
