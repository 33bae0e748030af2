"""A user's own pair from the command line: tasks, names, default settings, and what is refused."""

import numpy as np
import pytest

from adapt import own_data
from adapt.suite import IMAGES, VECTORS


def save(path, shape=(40, 3), dtype=np.float32, **extra):
  rng = np.random.default_rng(0)
  x = (rng.uniform(0, 255, shape)).astype(dtype)
  path.parent.mkdir(parents=True, exist_ok=True)
  np.savez(path, x=x, y=np.arange(shape[0]) % 2, **extra)
  return str(path)


def test_vectors_and_images_get_the_settings_of_their_kind(tmp_path):
  a, b = save(tmp_path / "a.npz"), save(tmp_path / "b.npz")
  pair = own_data.pair_of(["--source", a, "--target", b])
  assert (pair.task.name, pair.settings) == ("a_b", VECTORS)
  assert pair.domains("b").train.x.shape == (32, 3)
  a, b = (save(tmp_path / f"{n}.npz", (40, 20, 20), np.uint8) for n in "cd")
  assert own_data.pair_of(["--source", a, "--target", b]).settings == IMAGES
  a, b = (save(tmp_path / f"{n}.npz", (40, 32, 32, 3), np.uint8) for n in "ef")
  assert own_data.pair_of(["--source", a, "--target", b]).settings.model == "dtn"


def test_two_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
  a, b = save(tmp_path / "old/data.npz"), save(tmp_path / "new/data.npz")
  task = own_data.pair_of(["--source", a, "--target", b]).task
  assert (task.name, task.source, task.target) == ("old_data_new_data", ("old_data",), "new_data")
  with pytest.raises(ValueError, match="name two different sets"):
    own_data.pair_of(["--source", a, "--target", a])


def test_four_files_in_one_folder(tmp_path):
  for name in ("source", "target"):
    np.save(tmp_path / f"{name}_data.npy", np.ones((10, 2), np.float32))
    np.save(tmp_path / f"{name}_labels.npy", np.arange(10) % 2)
  pair = own_data.pair_of(["--data", str(tmp_path)])
  names = tuple(f"{tmp_path.name}_{role}" for role in ("source", "target"))
  assert (*pair.task.source, pair.task.target) == names


def test_several_sources(tmp_path):
  a, b, c = (save(tmp_path / f"{n}.npz") for n in "abc")
  task = own_data.pair_of(["--source", a, b, "--target", c]).task
  assert (task.name, task.source) == ("a+b_c", ("a", "b"))


def test_no_pair_or_two_of_them_is_refused(tmp_path):
  with pytest.raises(ValueError, match="give --source and --target, or --data"):
    own_data.pair_of(["--method", "dann"])
  with pytest.raises(ValueError, match="leave out --source and --target"):
    own_data.pair_of(["--data", "somewhere", "--target", "b.npz"])
