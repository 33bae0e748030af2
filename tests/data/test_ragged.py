"""Series of several lengths: padded and marked, scaled by real steps alone, the same later."""

import jax
import numpy as np
import pytest

import adapt
from adapt import data
from adapt.api import arrays
from adapt.augment import series_views, weak_and_strong
from adapt.data import Domain, Split, encode, ragged
from adapt.data.raw import Ragged
from adapt.data.reading import Reading

RNG = np.random.default_rng(0)
OWN = Reading()


def series(n, low=6, high=20, channels=2, shift=5.0):
  lengths = RNG.integers(low, high, n)
  lengths[:2] = high
  return [
    (shift + np.arange(1, channels + 1) * RNG.normal(size=(t, channels))).astype(np.float32)
    for t in lengths
  ]


def labels(n):
  return np.arange(n) % 2


def encoded(source, target, reading=OWN):
  return arrays.domains_of((source, labels(len(source))), target, reading=reading)


def test_statistics_are_of_the_sources_real_steps_alone():
  source, target = encoded(series(30), series(20, shift=9.0))
  assert source.kind == target.kind == "padded_series"
  assert source.train.x.shape[1:] == (20, 3, 1)
  real = source.train.x[:, :, 2, 0] == 1
  assert (np.diff(source.train.x[:, :, 2, 0], axis=1) <= 0).all() and not real.all()
  values = source.train.x[:, :, :2, 0]
  np.testing.assert_allclose(values[real].mean(axis=0), 0, atol=1e-5)
  np.testing.assert_allclose(values[real].std(axis=0), 1, atol=1e-5)
  assert not values[~real].any()
  marked = target.train.x[:, :, 2, 0] == 1
  assert target.train.x[:, :, 0, 0][marked].mean() == pytest.approx(4, abs=0.5)
  assert "padded to 20 steps" in source.notes[-1]


def test_the_longest_training_series_sets_the_length_and_longer_ones_are_cut(monkeypatch):
  source, target = encoded(series(30), series(20, high=25))
  assert source.train.x.shape[1] == target.train.x.shape[1] == 25
  long = Split(Ragged(series(3, 30, 40)), None)
  later = encode.later(Domain("x", long, long, ()), target.preprocessing)
  assert later.train.x.shape == (3, 25, 3, 1) and (later.train.x[:, :, 2] == 1).all()
  assert "3 of 3 series have more than 25 steps and are cut there" in later.notes[0]
  monkeypatch.setattr(ragged, "MOST", 8)
  source, _ = encoded(series(30), series(20))
  assert source.train.x.shape[1] == 8
  assert any("more than 8 steps and are cut" in note for note in source.notes)


def test_equal_lengths_are_as_arrays_are(tmp_path):
  x = RNG.normal(size=(12, 9, 2)).astype(np.float32)
  as_list, as_objects = list(x), np.empty(12, object)
  as_objects[:] = as_list
  expected = encoded(x, x)
  for given in (as_list, as_objects):
    found = encoded(given, given)
    np.testing.assert_array_equal(found[0].train.x, expected[0].train.x)
    assert found[0].preprocessing == expected[0].preprocessing and found[0].kind == "series"
  np.savez(tmp_path / "a.npz", x=x, y=labels(12))
  np.savez(tmp_path / "b.npz", x=x.reshape(-1, 2), y=labels(12), lengths=np.full(12, 9))
  a, b = (data.load(str(tmp_path / name)) for name in ("a.npz", "b.npz"))
  np.testing.assert_array_equal(a.test.x, b.test.x)
  assert a.preprocessing == b.preprocessing


def test_files_say_lengths_in_two_ways(tmp_path):
  x, y = series(10), labels(10)
  lengths = np.array(list(map(len, x)))
  padded = np.full((10, 22, 2), np.nan, np.float32)
  for row, one in zip(padded, x, strict=True):
    row[: len(one)] = one
  np.savez(tmp_path / "a.npz", x=np.concatenate(x), y=y, lengths=lengths)
  np.savez(tmp_path / "b.npz", x=padded, y=y, lengths=lengths)
  both = [data.load(str(tmp_path / name)) for name in ("a.npz", "b.npz")]
  np.testing.assert_array_equal(both[0].train.x, both[1].train.x)
  np.testing.assert_array_equal(both[0].train.x, encoded(x, x)[0].train.x)
  more = {"x_test": np.concatenate(x[:3]), "y_test": y[:3], "lengths_test": lengths[:3]}
  np.savez(tmp_path / "c.npz", x=np.concatenate(x), y=y, lengths=lengths, **more)
  assert data.load(str(tmp_path / "c.npz")).test.x.shape == (3, 20, 3, 1)
  del more["lengths_test"]
  np.savez(tmp_path / "d.npz", x=np.concatenate(x), y=y, lengths=lengths, **more)
  with pytest.raises(ValueError, match=r"d\.npz x_test has no lengths.*give lengths_test"):
    data.load(str(tmp_path / "d.npz"))


@pytest.mark.parametrize(
  ("lengths", "message"),
  [
    ([3, 4], "has shape .*do not add up"),
    ([5, 0, 5], "row 1 is an empty series"),
    ([2.5, 7.5], "give one whole number a series"),
  ],
)
def test_lengths_that_do_not_fit_are_refused(tmp_path, lengths, message):
  np.savez(tmp_path / "a.npz", x=np.ones((10, 2), np.float32), lengths=np.array(lengths))
  with pytest.raises(ValueError, match=message):
    data.load(str(tmp_path / "a.npz"))


@pytest.mark.parametrize(
  ("row", "message"),
  [
    (np.ones((7, 3)), r"source row 2 has shape \[7, 3\].* same channels"),
    (np.ones((0, 2)), "source row 2 is an empty series"),
    (np.full((7, 2), np.nan), "source row 2 has NaN"),
  ],
)
def test_rows_that_are_no_such_series_are_named(row, message):
  with pytest.raises(ValueError, match=message):
    encoded([np.ones((5, 2)), np.ones((6, 2)), row], series(4))


def test_domains_of_other_inputs_are_refused():
  with pytest.raises(ValueError, match="source has 2 channels and target 3"):
    encoded(series(6), series(6, channels=3))
  with pytest.raises(ValueError, match="--kind image does not go with source"):
    encoded(series(6), series(6), Reading(kind="image"))
  even = RNG.normal(size=(6, 8, 2)).astype(np.float32)
  target = encoded(even, even)[1]
  split = Split(Ragged(series(4)), None)
  uneven = Domain("x", split, split, ())
  with pytest.raises(ValueError, match="model was trained on inputs of one shape"):
    encode.later(uneven, target.preprocessing)


def test_views_keep_padding_and_its_mark():
  x = encoded(series(12), series(8))[0].train.x
  key = jax.random.key(0)
  moved = np.asarray(series_views.weak(jax.random.split(key, 3)[0], x))
  views = (weak_and_strong.strong, weak_and_strong.jittered)
  found = [np.asarray(view(key, x, 0.3, kind="padded_series")) for view in views]
  for seen in found:
    real = seen[:, :, -1:]
    assert set(np.unique(real)) == {0, 1} and not (seen[:, :, :-1] * (1 - real)).any()
    assert seen.shape == x.shape and (seen != x).any()
  np.testing.assert_array_equal(found[0][:, :, -1], moved[:, :, -1])


def test_a_saved_model_predicts_the_same_of_one_short_series(tmp_path):
  source = series(16)
  run = adapt.fit(
    "source_only",
    source=(source, labels(16)),
    target=series(8),
    model="mlp",
    steps=2,
    batch_size=4,
    seeds=1,
  )
  many = run.predict_proba(source)
  loaded = adapt.load(run.save(tmp_path / "m.npz"))
  short = min(range(16), key=lambda i: len(source[i]))
  np.testing.assert_allclose(loaded.predict_proba([source[short]])[0], many[short], rtol=1e-5)
  np.testing.assert_allclose(loaded.predict_proba(source[short][None])[0], many[short], rtol=1e-5)
  with pytest.warns(UserWarning, match="1 of 1 series have more than 20 steps"):
    cut = loaded.predict_proba([np.concatenate([source[0], source[1]])])
  np.testing.assert_allclose(cut[0], many[0], rtol=1e-5)
