"""Series: told from pictures, scaled by the sources alone."""

import numpy as np
import pytest

from adapt import data
from adapt.data import Domain, Split, encode
from adapt.data.reading import Reading
from adapt.experiments import own_data

RNG = np.random.default_rng(0)
OWN = Reading()


def save(path, x, y=None, **more):
  np.savez(path, x=x, **({} if y is None else {"y": y}), **more)
  return str(path)


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
