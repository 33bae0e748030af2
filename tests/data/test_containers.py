"""Arrays of MATLAB, HDF5, svmlight and sparse files; what odd_files.py does not have."""

import numpy as np
import pytest

from adapt import data
from adapt.data import array_names, containers, npy, sparse

X = np.arange(40.0).reshape(10, 4)
Y = np.arange(10) % 2


def test_svmlight_files_of_one_task_are_of_one_width(tmp_path):
  pytest.importorskip("sklearn")
  for name, last in (("a", 4), ("b", 6)):
    lines = [f"{k % 2} 1:{k} {last}:{k + 0.5}" for k in range(10)]
    (tmp_path / f"{name}.svmlight").write_text("\n".join(lines))
  names = [str(tmp_path / f"{n}.svmlight") for n in "ab"]
  a, b = data.load_together(names)
  assert a.train.x.shape == b.train.x.shape == (8, 7)
  assert not a.train.x[:, 5:].any()


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_a_sparse_matrix_is_what_it_was(tmp_path, form):
  scipy_sparse = pytest.importorskip("scipy.sparse")
  scipy_sparse.save_npz(tmp_path / "a.npz", scipy_sparse.csr_matrix(X).asformat(form))
  domain = data.read(str(tmp_path / "a.npz"))
  x = np.concatenate([domain.train.x, domain.test.x])[np.argsort(domain.places)]
  np.testing.assert_array_equal(x, X)


def test_sparse_matrices_that_are_none_are_refused(tmp_path, monkeypatch):
  of = pytest.importorskip("scipy.sparse")
  path = tmp_path / "a.npz"
  of.save_npz(path, of.coo_matrix(X))
  with pytest.raises(ValueError, match=r"a.npz is a sparse matrix of format coo: write"):
    data.read(str(path))
  of.save_npz(path, of.csr_matrix(X))
  with np.load(path) as found:
    arrays = {**found, "indices": found["indices"] + 100}
  np.savez(path, **arrays)
  with pytest.raises(ValueError, match=r"a.npz is a damaged sparse matrix"):
    data.read(str(path))
  monkeypatch.setattr(npy, "memory", lambda: 100)
  with pytest.raises(ValueError, match=r"GiB when dense, more than .* keep fewer columns"):
    sparse.dense(path, of.csr_matrix(X))


@pytest.mark.parametrize("matlab", [False, True])
def test_hdf5(tmp_path, matlab):
  h5py = pytest.importorskip("h5py")
  path = tmp_path / ("a.mat" if matlab else "a.h5")
  with h5py.File(path, "w", userblock_size=512 if matlab else 0) as file:
    for name, value in (("X", X), ("gnd", Y[:, None] + 1)):
      file[name] = value.T if matlab else value
      if matlab:
        file[name].attrs["MATLAB_class"] = np.bytes_("double")
  domain = containers.read(path)
  x = np.concatenate([domain.train.x, domain.test.x])[np.argsort(domain.places)]
  np.testing.assert_array_equal(x, X)
  assert domain.classes == ("1", "2")


def test_which_arrays_are_taken():
  arrays = {"Fts": X, "Labels": Y, "other": X}
  found = array_names.chosen("f", arrays, arrays.get)
  assert found["x"] is X and found["y"] is Y
  assert array_names.unused("f", arrays) == ("f has more arrays, which are not used: other",)
  both = {"x": X, "data": Y}
  assert array_names.chosen("f", both, both.get)["x"] is X
