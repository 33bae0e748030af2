"""Series: told from pictures, windows that keep recordings apart, scaled by the sources alone."""

import numpy as np
import pytest

from adapt import data
from adapt.data import Domain, Split, encode, series
from adapt.data.reading import Reading
from adapt.experiments import own_data

RNG = np.random.default_rng(0)
OWN = Reading()


def save(path, x, y=None, **more):
  np.savez(path, x=x, **({} if y is None else {"y": y}), **more)
  return str(path)


def recordings(n, t=100, each=None):
  """Each sample says its recording and its time."""
  x = 1000.0 * np.arange(n)[:, None] + np.arange(t)
  return x.astype(np.float32), np.arange(n) % 2 if each is None else each


@pytest.mark.parametrize(
  ("shape", "dtype", "reading", "kind"),
  [
    ((6, 50, 3), np.float32, OWN, "series"),
    ((6, 28, 28), np.float32, OWN, "image"),
    ((6, 50, 3), np.uint8, OWN, "image"),
    ((6, 50, 3), np.float32, Reading(kind="image"), "image"),
    ((6, 28, 28), np.float32, Reading(kind="series"), "series"),
    ((6, 50), np.float32, OWN, "vector"),
    ((6, 50), np.float32, Reading(kind="series"), "series"),
    ((6, 50, 30, 3), np.float32, OWN, "image"),
  ],
)
def test_what_arrays_are(tmp_path, shape, dtype, reading, kind):
  file = save(tmp_path / "a.npz", (100 * RNG.random(shape)).astype(dtype), np.arange(6) % 2)
  found = data.load(file, reading=reading)
  assert found.kind == kind
  if kind == "series":
    assert found.train.x.shape[1:] == (*shape[1:], *(1,) * (4 - len(shape)))
    assert own_data.settings_of(found).model == "cnn1d"
  told = any("--kind" in note for note in found.notes)
  assert told == (reading == OWN and len(shape) == 3 and dtype == np.float32)


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


@pytest.mark.parametrize("wrong", [Reading(window=101), Reading(window=5, stride=-1)])
def test_windows_that_do_not_fit_are_refused(tmp_path, wrong):
  file = save(tmp_path / "a.npz", *recordings(4))
  with pytest.raises(ValueError, match=r"does not fit .*whose recordings have 100 samples"):
    data.load(file, reading=wrong)
  with pytest.raises(ValueError, match="too short to be split in time"):
    data.load(
      save(tmp_path / "b.npz", *recordings(2, each=np.arange(2))), reading=Reading(window=60)
    )


def domain(name, scale, channels=2):
  x = (scale * RNG.normal(size=(30, 20, channels)) + [5] * channels).astype(np.float32)[..., None]
  y = (np.arange(30) % 2).astype(np.int32)
  return Domain(name, Split(x[:20], y[:20]), Split(x[20:], y[20:]), ("a", "b"), "series")


def test_channels_are_standardised_by_the_sources_and_later_data_alike():
  source, target = domain("s", [3.0, 0.1]), domain("t", [30.0, 0.1])
  found = encode.together([source, target], OWN)
  x = found[0].train.x
  np.testing.assert_allclose(x.mean(axis=(0, 1, 3)), 0, atol=1e-4)
  np.testing.assert_allclose(x.std(axis=(0, 1, 3)), 1, atol=1e-4)
  assert found[1].train.x[:, :, 0].std() == pytest.approx(10, rel=0.1)
  moved = target._replace(test=target.test._replace(x=target.test.x + 7))
  same = encode.together([source, moved], OWN)
  np.testing.assert_array_equal(same[1].train.x, found[1].train.x)  # tests are not looked at
  raw = target._replace(kind="")  # as it comes from a file
  np.testing.assert_array_equal(encode.later(raw, found[1].preprocessing).train.x, found[1].train.x)
  apart = encode.together([source, target], Reading(scale="per-domain"))
  assert apart[1].train.x[:, :, 0].std() == pytest.approx(1, rel=0.01)
  with pytest.raises(ValueError, match="was trained on series of 2 channels"):
    encode.later(domain("u", [1.0] * 3, 3), found[1].preprocessing)


def test_later_recordings_are_cut_alike(tmp_path):
  file = save(tmp_path / "a.npz", *recordings(20))
  found = data.load(file, reading=Reading(window=40))
  later = encode.later(data.read(file), found.preprocessing)
  np.testing.assert_array_equal(later.test.x, found.test.x)
  np.testing.assert_array_equal(
    series.windowed(
      data.load(file, reading=Reading(kind="series", scale="none")), Reading(window=40)
    ).test.y,
    found.test.y,
  )
