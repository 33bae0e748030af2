"""A user's own files: what is read, and the one line that each kind of bad file gets."""

import io
import zipfile

import numpy as np
import pytest

from adapt import data
from adapt.data import files

X = np.arange(40, dtype=np.float64).reshape(10, 4)
Y = np.arange(10) % 3


def npz(path, **arrays):
  np.savez(path / "mine.npz", **arrays)
  return path / "mine.npz"


def folder(path, **arrays):
  for name, array in arrays.items():
    np.save(path / f"{name}.npy", array)
  return path


def full_folder(path, **changed):
  arrays = {"source_data": X, "source_labels": Y, "target_data": X, "target_labels": Y} | changed
  return folder(path, **{name: array for name, array in arrays.items() if array is not None})


def refuses(function, path, message):
  with pytest.raises(ValueError, match=message) as caught:
    function(path)
  assert "\n" not in str(caught.value)


def test_vectors_are_split_in_a_fixed_way(tmp_path):
  path = npz(tmp_path, x=X, y=Y)
  domain, again = files.read_npz(path), files.read_npz(path)
  assert domain.name == "mine"
  assert domain.classes == ("0", "1", "2")
  assert (len(domain.train.x), len(domain.test.x)) == (8, 2)
  assert domain.train.x.dtype == np.float32
  assert domain.train.y.dtype == np.int32
  rows = np.concatenate([domain.train.x, domain.test.x])[:, 0] / 4
  assert sorted(rows.tolist()) == list(range(10))
  np.testing.assert_array_equal(domain.test.y, domain.test.x[:, 0] / 4 % 3)
  np.testing.assert_array_equal(domain.test.x, again.test.x)


def test_given_test_split_is_kept(tmp_path):
  domain = files.read_npz(npz(tmp_path, x=X, y=Y, x_test=X[:3], y_test=Y[:3] + 2))
  assert (len(domain.train.x), len(domain.test.x)) == (10, 3)
  assert len(domain.classes) == 5


def test_unlabelled_target(tmp_path):
  domain = files.read_npz(npz(tmp_path, x=X))
  assert (domain.train.y, domain.test.y, domain.classes) == (None, None, ())
  domain = files.read_npz(npz(tmp_path, x=X, x_test=X, y_test=Y))
  assert domain.train.y is None
  assert domain.classes == ("0", "1", "2")


@pytest.mark.parametrize(
  ("x", "shape", "dtype"),
  [
    (np.zeros((10, 5, 6), np.uint8), (5, 6, 1), np.uint8),
    (np.zeros((10, 5, 6, 3), np.uint8), (5, 6, 3), np.uint8),
    (np.zeros((10, 5, 6, 3), np.float64), (5, 6, 3), np.float32),
    (np.zeros((10, 5), np.uint8), (5,), np.float32),
    (np.zeros((10, 5), bool), (5,), np.float32),
    (np.zeros((10, 5), np.int64), (5,), np.float32),
  ],
)
def test_shapes_and_dtypes(tmp_path, x, shape, dtype):
  train = files.read_npz(npz(tmp_path, x=x, y=Y)).train
  assert (train.x.shape[1:], train.x.dtype) == (shape, dtype)


def test_label_columns_and_whole_floats(tmp_path):
  domain = files.read_npz(npz(tmp_path, x=X, y=Y[:, None].astype(np.float32)))
  assert (domain.train.y.shape, domain.train.y.dtype) == ((8,), np.int32)


@pytest.mark.parametrize(
  ("arrays", "message"),
  [
    ({"a": X, "b": Y}, r"mine.npz has the arrays a, b: name the inputs x and the labels y"),
    ({"data": X, "samples": X}, r"has data and samples, which may be x: name one x"),
    ({"x": X, "y_test": Y}, r"y_test but no x_test: add it"),
    ({"x": X, "y": Y, "x_test": X}, r"x_test but no y_test: add its labels"),
    ({"x": X, "y": Y[:9]}, r"mine.npz y has 9 labels for 10 examples: give one for each"),
    ({"x": X, "y": Y + 0.5}, r"labels that are not integers: number the classes"),
    ({"x": X, "y": Y * np.nan}, r"labels that are not integers"),
    ({"x": X, "y": Y - 1}, r"negative labels \(-1\) beside 0: number the classes"),
    ({"x": X, "y": Y * 1j}, r"y has dtype complex128: give names, or number the classes"),
    ({"x": X, "y": np.eye(10) * 2}, r"y has shape \(10, 10\): give one label an example"),
    ({"x": np.where(X > 30, np.nan, X), "y": Y}, r"x has NaN or infinite values: remove"),
    ({"x": np.where(X > 30, np.inf, X), "y": Y}, r"x has NaN or infinite values"),
    ({"x": X * 1e300, "y": Y}, r"x has NaN or infinite values"),
    ({"x": X[:0], "y": Y[:0]}, r"x is empty \(shape \(0, 4\)\): give at least one"),
    ({"x": X, "features": np.array(["a"])}, r"mine.npz features are <U1 of shape \(1,\), x has"),
    ({"x": X, "features": np.array(["a"] * 4)}, r"mine.npz features has one name twice"),
    ({"x": X.astype(object), "y": Y}, r"mine.npz x holds Python objects: write plain arrays"),
    ({"x": X.astype(complex), "y": Y}, r"x has dtype complex128: write plain arrays"),
    ({"x": X.astype(str), "y": Y}, r"x has dtype <U\d+: write plain arrays"),
    ({"x": X.ravel(), "y": Y}, r"x has shape \(40,\): give images"),
    ({"x": X.reshape(10, 1, 2, 2, 1), "y": Y}, r"x has shape \(10, 1, 2, 2, 1\): give images"),
    ({"x": X.astype(np.int64).reshape(10, 2, 2), "y": Y}, r"images of dtype int64: convert"),
    (
      {"x": X, "y": Y, "x_test": X[:, :3], "y_test": Y},
      r"x_test has examples of .* make them alike",
    ),
  ],
)
def test_npz_refuses(tmp_path, arrays, message):
  refuses(files.read_npz, npz(tmp_path, **arrays), message)


def test_unreadable_files(tmp_path):
  refuses(files.read_npz, tmp_path / "absent.npz", r"no file '.*absent.npz': check the path")
  refuses(files.read_npz, tmp_path, r"no file")
  path = tmp_path / "mine.npz"
  for content in (b"", b"text", b"PK\x03\x04 cut short", b"\x80\x04N."):
    path.write_bytes(content)
    refuses(files.read_npz, path, r"mine.npz is not a readable .npz or .npy file: write it")
  stream = io.BytesIO()
  np.save(stream, X)
  path.write_bytes(stream.getvalue())
  refuses(files.read_npz, path, r"single .npy array: save it with numpy.savez")
  path.write_bytes(stream.getvalue()[:100])
  refuses(files.read_npz, path, r"not a readable .npz or .npy file")


def test_damaged_member(tmp_path):
  path = npz(tmp_path, x=X)
  damaged = bytearray(path.read_bytes())
  damaged[200] ^= 255
  path.write_bytes(damaged)
  refuses(files.read_npz, path, r"mine.npz x is damaged: write the file again")
  with zipfile.ZipFile(path, "w") as archive:
    archive.writestr("x", "no array")
  refuses(files.read_npz, path, r"mine.npz x is not a NumPy array: write the file")


def test_arrays_of_other_usual_names(tmp_path):
  domain = files.read_npz(npz(tmp_path, fts=X, labels=Y, extra=X))
  assert (domain.train.x.shape, domain.classes) == ((8, 4), ("0", "1", "2"))
  assert domain.notes[0].endswith("mine.npz has more arrays, which are not used: extra")


def test_folder(tmp_path):
  source, target = files.read_folder(full_folder(tmp_path, target_labels=None))
  assert (source.name, target.name) == ("source", "target")
  assert target.train.y is None
  assert target.classes == source.classes == ("0", "1", "2")
  _, target = files.read_folder(full_folder(tmp_path))
  assert len(target.train.y) == 8


@pytest.mark.parametrize(
  ("arrays", "message"),
  [
    ({"source_data": None}, r"no file '.*source_data.npy': check the path"),
    ({"source_labels": None}, r"no file '.*source_labels.npy'"),
    ({"target_data": None}, r"no file '.*target_data.npy'"),
    ({"source_labels": Y[:9]}, r"source_labels.npy has 9 labels for 10 examples"),
    ({"target_labels": Y - 1}, r"target_labels.npy has negative labels"),
    ({"target_data": X * np.nan}, r"target_data.npy has NaN or infinite"),
    ({"source_data": X.astype(object)}, r"source_data.npy holds Python objects: write plain"),
    ({"source_data": X[:0]}, r"source_data.npy is empty"),
    ({"source_data": X.astype(complex)}, r"source_data.npy has dtype complex128"),
  ],
)
def test_folder_refuses(tmp_path, arrays, message):
  refuses(files.read_folder, full_folder(tmp_path, **arrays), message)


def test_folder_of_other_things(tmp_path):
  refuses(
    files.read_folder, tmp_path / "absent", r"no folder '.*absent': give one with source_data"
  )
  full_folder(tmp_path)
  npz(tmp_path, x=X).replace(tmp_path / "source_data.npy")
  refuses(files.read_folder, tmp_path, r"source_data.npy is an .npz archive: save the one array")


def test_holdout():
  train, test = files.holdout(10, 3)
  assert sorted([*train, *test]) == list(range(10))
  assert len(test) == 3


def test_every_class_gives_a_fifth(tmp_path):
  y = np.repeat(np.arange(6), [10, 10, 10, 10, 9, 1])
  domain = files.read_npz(npz(tmp_path, x=np.arange(100.0).reshape(50, 2), y=y))
  assert np.bincount(domain.test.y).tolist() == [2, 2, 2, 2, 2]
  assert set(domain.train.y.tolist()) == set(range(6))


def test_one_array_with_labels_beside_it(tmp_path):
  np.save(tmp_path / "mine.npy", X)
  domain = files.read_npy(tmp_path / "mine.npy")
  assert (domain.name, domain.train.y, domain.classes) == ("mine", None, ())
  np.save(tmp_path / "mine_labels.npy", Y)
  domain = files.read_npy(tmp_path / "mine.npy")
  assert domain.classes == ("0", "1", "2")
  np.testing.assert_array_equal(domain.train.y, domain.train.x[:, 0] / 4 % 3)
  np.save(tmp_path / "mine_labels.npy", Y[:9])
  refuses(files.read_npy, tmp_path / "mine.npy", r"mine_labels.npy has 9 labels for 10 examples")
  refuses(files.read_npy, tmp_path / "absent.npy", r"no file '.*absent.npy'")
  npz(tmp_path, x=X).replace(tmp_path / "mine.npy")
  refuses(files.read_npy, tmp_path / "mine.npy", r"mine.npy is an .npz archive: save the one array")


def test_extracted_features_are_vectors(tmp_path):
  assert files.read_features(npz(tmp_path, x=X, y=Y)).train.x.shape == (8, 4)
  path = npz(tmp_path, x=np.zeros((10, 8, 8), np.uint8), y=Y)
  refuses(files.read_features, path, r"features:.*mine.npz has images of shape \(8, 8, 1\): give")


def test_load_tells_files_by_their_names(tmp_path):
  path = npz(tmp_path, x=X, y=Y)
  assert data.load(str(path)).name == "mine"
  assert data.load(f"features:{path}").name == "mine"
  np.save(tmp_path / "other.npy", X)
  assert data.load(str(tmp_path / "other.npy")).name == "other"
  refuses(data.load, f"features:{tmp_path / 'other.npy'}", r"other.npy is not an .npz file: write")
  refuses(data.load, str(tmp_path / "no_such_folder"), r"or of a folder of images")
