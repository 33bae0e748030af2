"""Windows: those of one recording lie on one side, short recordings are left out."""

import numpy as np
import pytest

from adapt import data
from adapt.api import arrays
from adapt.data import encode, windows
from adapt.data.reading import Reading


def save(path, x, y=None, **more):
  np.savez(path, x=x, **({} if y is None else {"y": y}), **more)
  return str(path)


def recordings(n, t=100, each=None):
  """Each sample says its recording and its time."""
  x = 1000.0 * np.arange(n)[:, None] + np.arange(t)
  return x.astype(np.float32), np.arange(n) % 2 if each is None else each


def test_windows_of_one_recording_lie_on_one_side(tmp_path):
  x, y = recordings(20)
  reading = Reading(window=40, stride=20, scale="none")
  found = data.load(save(tmp_path / "a.npz", x, y), reading=reading)
  sides = [set((s.x[..., 0, 0] // 1000).ravel().tolist()) for s in (found.train, found.test)]
  assert not sides[0] & sides[1] and len(sides[0] | sides[1]) == 20
  assert found.train.x.shape == (64, 40, 1, 1) and found.test.x.shape == (16, 40, 1, 1)
  for split in (found.train, found.test):
    np.testing.assert_array_equal(split.x[:, 0, 0, 0] // 1000 % 2, split.y)
    assert (np.diff(split.x[..., 0, 0], axis=1) == 1).all()
  assert (
    "20 recordings of 100 samples cut into 64 training and 16 test windows of 40" in found.notes[-1]
  )
  whole = np.concatenate([found.train.x, found.test.x])[np.argsort(found.places), 0, 0, 0]
  assert (np.diff(whole) > 0).all()  # in the order of the file


def test_one_recording_a_class_is_split_in_time(tmp_path):
  x, y = recordings(3, each=np.arange(3))
  found = data.load(save(tmp_path / "a.npz", x, y), reading=Reading(window=10, scale="none"))
  assert set(found.train.y) == set(found.test.y) == {0, 1, 2}
  assert (found.train.x % 1000).max() < 80 <= (found.test.x % 1000).min()
  assert "the last part of each is the test split" in found.notes[-1]


@pytest.mark.parametrize("wrong", [Reading(window=101)])
def test_windows_that_do_not_fit_are_refused(tmp_path, wrong):
  file = save(tmp_path / "a.npz", *recordings(4))
  with pytest.raises(ValueError, match=r"does not fit .*whose recordings have 100 samples"):
    data.load(file, reading=wrong)
  with pytest.raises(ValueError, match="too short to be split in time"):
    data.load(
      save(tmp_path / "b.npz", *recordings(2, each=np.arange(2))), reading=Reading(window=60)
    )


def test_later_recordings_are_cut_alike(tmp_path):
  file = save(tmp_path / "a.npz", *recordings(20))
  found = data.load(file, reading=Reading(window=40))
  later = encode.later(data.read(file), found.preprocessing)
  np.testing.assert_array_equal(later.test.x, found.test.x)
  np.testing.assert_array_equal(
    windows.windowed(
      data.load(file, reading=Reading(kind="series", scale="none")), Reading(window=40)
    ).test.y,
    found.test.y,
  )


def test_windows_are_of_recordings_on_one_side_and_short_ones_are_left_out():
  x = [(1000.0 * i + np.arange(t))[:, None] for i, t in enumerate([30, 12, 5, 40, 25, 60, 31, 33])]
  reading = Reading(window=10, stride=5, scale="none")
  found = arrays.domains_of((x, np.arange(8) % 2), x, reading=reading)[0]
  assert found.kind == "series" and found.train.x.shape[1:] == (10, 1, 1)
  sides = [set((s.x[..., 0, 0] // 1000).ravel().tolist()) for s in (found.train, found.test)]
  assert not sides[0] & sides[1] and sides[0] | sides[1] == {0, 1, 3, 4, 5, 6, 7}
  assert sum(map(len, (found.train.x, found.test.x))) == 5 + 1 + 7 + 4 + 11 + 5 + 5
  for split in (found.train, found.test):
    np.testing.assert_array_equal(split.x[:, 0, 0, 0] // 1000 % 2, split.y)
    assert (np.diff(split.x[..., 0, 0], axis=1) == 1).all()
  assert any(
    "1 of 8 recordings have fewer than 10 samples and are left out" in n for n in found.notes
  )
