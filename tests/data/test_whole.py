"""The order of a file is found again, whatever loading has held out as a test split."""

import numpy as np
import pytest
from PIL import Image

from adapt import data
from adapt.data import whole
from adapt.data.raw import Table

N = 23
X = np.arange(N, dtype=np.float32)[:, None] * np.ones((1, 2), np.float32)  # says where it stands
Y = np.random.default_rng(0).integers(0, 3, N)


def restored(name):
  """The inputs in the order that `places` gives them."""
  domain = data.read(str(name))
  x = np.concatenate([array(domain.train.x), array(domain.test.x)])
  return x[np.argsort(whole.places(str(name), domain))]


def array(x):
  return np.stack([c.values for c in x.columns], 1) if isinstance(x, Table) else x


@pytest.mark.parametrize("labels", [{}, {"y": Y}, {"y": Y[:, None]}], ids=["none", "y", "column"])
def test_of_an_npz_file(tmp_path, labels):
  np.savez(tmp_path / "a.npz", x=X, **labels)
  np.testing.assert_array_equal(restored(tmp_path / "a.npz"), X)
  np.testing.assert_array_equal(restored(f"features:{tmp_path / 'a.npz'}"), X)


def test_of_an_npz_file_with_its_own_split(tmp_path):
  np.savez(tmp_path / "a.npz", x=X[:15], y=Y[:15], x_test=X[15:], y_test=Y[15:])
  np.testing.assert_array_equal(restored(tmp_path / "a.npz"), X)


@pytest.mark.parametrize("labelled", [False, True])
def test_of_an_npy_file(tmp_path, labelled):
  np.save(tmp_path / "a.npy", X)
  if labelled:
    np.save(tmp_path / "a_labels.npy", Y)
  np.testing.assert_array_equal(restored(tmp_path / "a.npy"), X)


@pytest.mark.parametrize("columns", [(), ("label",), ("label", "split")])
def test_of_a_table(tmp_path, columns):
  pytest.importorskip("pyarrow")
  rows = [",".join(["a", "b", *columns])]
  for i in range(N):
    own = {"label": f"class {Y[i]}", "split": "test" if i % 3 == 1 else "train"}
    rows.append(",".join([str(i), str(i), *(own[c] for c in columns)]))
  (tmp_path / "a.csv").write_text("\n".join(rows))
  np.testing.assert_array_equal(restored(tmp_path / "a.csv"), X)


def test_of_a_folder_of_images(tmp_path):
  for i in range(N):
    file = tmp_path / "photos" / f"class{i // 12}" / f"{i:02}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), (i, 0, 0)).save(file)
  domain = data.load(str(tmp_path / "photos"))
  places = whole.places(str(tmp_path / "photos"), domain)
  red = np.concatenate([domain.train.x[:], domain.test.x[:]])[:, 0, 0, 0]
  assert len(domain.test.x) and not np.array_equal(places, np.arange(N))
  np.testing.assert_array_equal(red[np.argsort(places)], np.arange(N))


def test_a_part_of_a_file_is_refused(tmp_path):
  np.savez(tmp_path / "a.npz", x=X)
  domain = data.read(str(tmp_path / "a.npz"))
  part = domain._replace(train=domain.train._replace(x=domain.train.x[:5]))
  with pytest.raises(ValueError, match=r"a.npz is in part alone here.*: load it whole"):
    whole.places(str(tmp_path / "a.npz"), part)
