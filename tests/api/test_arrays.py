"""Arrays, frames, files and names as domains."""

import numpy as np
import pandas as pd
import pytest
import toy

from adapt.api import arrays
from adapt.data.reading import Reading, reading_of

X, Y = toy.MOONS.train.x, toy.MOONS.train.y
XT = toy.TURNED.train.x


def test_a_fifth_of_the_source_is_held_out_and_the_target_stays_whole():
  source, target = arrays.domains_of((X, Y), XT)
  assert len(source.train.x) == 256 and len(source.test.x) == 64
  assert len(target.train.x) == 320 and target.train.y is None and target.test.y is None


def test_a_labelled_target_is_split_as_a_file_of_it_is():
  _, target = arrays.domains_of((X, Y), (XT, toy.TURNED.train.y))
  assert len(target.train.x) == 256 and len(target.test.y) == 64


def test_a_test_set_and_labelled_examples_are_what_they_are_called():
  few = (XT[:6], toy.TURNED.train.y[:6])
  test = (toy.TURNED.test.x, toy.TURNED.test.y)
  _, target = arrays.domains_of((X, Y), XT, test, few)
  assert len(target.train.x) == 326
  np.testing.assert_array_equal(target.train.y[:320], -1)
  np.testing.assert_array_equal(target.train.y[320:], few[1])
  np.testing.assert_array_equal(target.test.y, test[1])


@pytest.mark.parametrize(
  "labels",
  [Y.astype(bool), np.where(Y, "b", "a"), Y * 2 - 1, Y + 1, Y.astype(np.uint64), Y.astype(float)],
  ids=["bool", "text", "signs", "from1", "uint64", "float"],
)
def test_labels_are_numbered_by_value(labels):
  source, _ = arrays.domains_of((X, labels), XT)
  plain, _ = arrays.domains_of((X, Y), XT)
  np.testing.assert_array_equal(source.train.y, plain.train.y)
  assert len(source.classes) == 2


def test_frames_have_their_label_column():
  frame = pd.DataFrame(X, columns=["a", "b"]).assign(kind=Y)
  source, target = arrays.domains_of(frame, frame[["a", "b"]], label="kind")
  assert source.train.x.shape == (256, 2) and target.train.y is None


def test_frames_may_have_categories_and_missing_cells_and_columns_in_any_order():
  rows = 20
  frame = pd.DataFrame(
    {
      "a": [1.0, None] * 10,
      "c": pd.Categorical(["x", "y"] * 10),
      "b": pd.array([True, None] * 10, dtype="boolean"),
      "i": pd.array([1, 2] * 10, dtype="Int64"),
      "label": ["no", "yes"] * 10,
    }
  )
  target = frame[["i", "c", "b", "a"]].astype({"c": object})
  source, made = arrays.domains_of(frame, target, reading=Reading(scale="none"))
  names = ("a", "a missing", "c=x", "c=y", "c unseen", "b", "b missing", "i")
  assert source.features == made.features == names
  assert len(made.train.x) == rows and made.train.x is made.test.x
  assert made.train.x[:2].tolist() == [[1, 0, 1, 0, 0, 1, 0, 1], [1, 1, 0, 1, 0, 1, 1, 2]]
  few, test = frame[:4], frame[4:]
  _, made = arrays.domains_of(frame, target, test, few[["label", "a", "c", "i", "b"]])
  assert made.train.y.tolist() == [-1] * 20 + [0, 1, 0, 1]
  with pytest.raises(ValueError, match="target and labelled are a frame and an array"):
    arrays.domains_of(frame, target, None, (np.zeros((4, 4)), ["no"] * 4))


def test_arrays_are_standardised_unless_the_reading_says_otherwise():
  source, _ = arrays.domains_of((10 * X, Y), XT)
  np.testing.assert_allclose(source.train.x.std(axis=0), 1, rtol=1e-5)
  plain = arrays.domains_of((10 * X, Y), XT, reading=reading_of({"scale": "none"}))[0]
  np.testing.assert_array_equal(np.sort(plain.train.x[:, 0]).max(), 10 * X[:, 0].max())
  same = arrays.domains_of(toy.MOONS, toy.TURNED)
  assert same[0].train.x is toy.MOONS.train.x
  with pytest.raises(ValueError, match=r"reading has no 'skale': it takes kind, label"):
    reading_of({"skale": "none"})


def test_a_file_and_an_array_go_together(tmp_path):
  toy.write_pair(tmp_path)
  source, target = arrays.domains_of(str(tmp_path / "moons.npz"), XT)
  assert source.name == "moons" and len(target.train.x) == 256


@pytest.mark.parametrize(
  ("given", "message"),
  [
    ({"source": X, "target": XT}, "source has no labels"),
    ({"source": (X, Y[:5]), "target": XT}, r"labels of shape \[5\] for 320 examples"),
    ({"source": (X, Y), "target": (XT, Y + 5)}, "the label 5 is none of the source's: 0, 1"),
    ({"source": (X, Y), "target": XT * np.nan}, "target has NaN or infinite values"),
    ({"source": (X, Y), "target": XT, "test": XT}, "test has no labels"),
    ({"source": (X, Y), "target": None}, r"there is no target: .*leave-one-out"),
    (
      {"source": pd.DataFrame({"a": ["x", "y"], "label": [0, 1]}), "target": XT},
      r"target has 2 columns, and 1 are expected",
    ),
  ],
)
def test_what_cannot_be_trained_is_one_line(given, message):
  with pytest.raises(ValueError, match=message):
    arrays.domains_of(**given)


SENTENCES = [f"a {'fine' if i % 2 else 'dull'} book, number {i}" for i in range(20)]


def test_strings_are_texts_beside_those_of_frames():
  y = [i % 2 for i in range(20)]
  frame = pd.DataFrame({"review": SENTENCES, "label": y})
  for source in ((SENTENCES, y), (np.array(SENTENCES), y), frame):
    for target in (SENTENCES, frame):
      found = arrays.domains_of(source, target)
      assert "fine book" in found[1].features
      assert {d.train.x.shape[1] for d in found} == {len(found[1].features)}
  few = (SENTENCES[:4], y[:4])
  assert len(arrays.domains_of((SENTENCES, y), SENTENCES, labelled=few)[1].train.x) == 24
  with pytest.raises(ValueError, match="target and labelled are texts and a frame"):
    arrays.domains_of((SENTENCES, y), SENTENCES, labelled=frame)
  with pytest.raises(ValueError, match="target has no texts"):
    arrays.domains_of((SENTENCES, y), np.zeros((20, 3)))


def test_options_that_nothing_reads_are_refused(tmp_path):
  frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "label": Y})
  for source, target in (((X, Y), XT), (toy.MOONS, toy.TURNED), (frame, frame[["a", "b"]])):
    with pytest.raises(ValueError, match="--mel 32 is for sound, and there is none in source"):
      arrays.domains_of(source, target, reading=Reading(mel=32))
  toy.write_pair(tmp_path)
  a, b = str(tmp_path / "moons.npz"), str(tmp_path / "turned.npz")
  with pytest.raises(ValueError, match="--label-column z is for tables"):
    arrays.domains_of(a, b, reading=Reading(label="z"))


def frame_of(x, **columns):
  return pd.DataFrame({"b": x[:, 0], "a": x[:, 1]} | columns)


def test_the_label_s_column_is_named_once_for_frames_and_files(tmp_path):
  pytest.importorskip("pyarrow")
  rng = np.random.default_rng(0)
  x, y, other = rng.normal(size=(40, 2)), np.arange(40) % 2, rng.integers(0, 3, 40)
  frame = frame_of(x, label=other, outcome=y)
  for asked in ({"label": "outcome"}, {"reading": Reading(label="outcome")}):
    source, _ = arrays.domains_of(frame, frame.drop(columns="outcome"), **asked)
    assert source.classes == ("0", "1") and set(source.features) == {"a", "b", "label"}
  for name in "st":
    frame.rename(columns={"label": "class"}).to_csv(tmp_path / f"{name}.csv", index=False)
  files = [str(tmp_path / f"{name}.csv") for name in "st"]
  source, _ = arrays.domains_of(*files, label="outcome")
  assert source.classes == ("0", "1") and set(source.features) == {"a", "b", "class"}
  with pytest.raises(ValueError, match="label is 'class' and reading names 'outcome'"):
    arrays.domains_of(*files, label="class", reading=Reading(label="outcome"))
  with pytest.raises(ValueError, match="domain_column 'b' is of a table's file"):
    arrays.domains_of(frame, frame, reading=Reading(domain_column="b"))


@pytest.mark.parametrize("output", ["values", "labels"])
def test_several_labels_are_matched_by_name(output):
  rng = np.random.default_rng(0)
  x = rng.normal(size=(40, 2)).astype(np.float32)
  y = pd.DataFrame({"u": (x[:, 0] > 0).astype(int), "v": 1 - np.arange(40) % 2})
  y = y.astype(float) if output == "values" else y
  reading = Reading(output=output)
  same = arrays.domains_of((x, y), x, (x, y), reading=reading)
  other = arrays.domains_of([(x, y), (x, y[["v", "u"]])], x, (x, y[["v", "u"]]), reading=reading)
  np.testing.assert_array_equal(same[-1].test.y, other[-1].test.y)
  np.testing.assert_array_equal(other[0].train.y, other[1].train.y)
  with pytest.raises(ValueError, match="test names its labels u, w, and source u, v: rename them"):
    arrays.domains_of((x, y), x, (x, y.rename(columns={"v": "w"})), reading=reading)


def test_tables_of_pyarrow_are_matched_by_name():
  pa = pytest.importorskip("pyarrow")
  x, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
  frame = frame_of(x)
  turned = pa.Table.from_pandas(frame[["a", "b"]])
  one = arrays.domains_of((pa.Table.from_pandas(frame), y), turned)
  two = arrays.domains_of((frame, y), frame)
  assert one[0].features == two[0].features == ("b", "a")
  np.testing.assert_array_equal(one[1].train.x, two[1].train.x)


def test_values_of_a_frame_beside_a_file_are_matched_by_name(tmp_path):
  pytest.importorskip("pyarrow")
  x = np.random.default_rng(0).normal(size=(40, 2))
  y = pd.DataFrame({"u": x[:, 0], "v": x[:, 1] + 5})
  pd.concat([frame_of(x), y], axis=1).to_csv(tmp_path / "s.csv", index=False)
  asked = {"label": "u,v", "reading": Reading(output="values")}
  _, target = arrays.domains_of(str(tmp_path / "s.csv"), (frame_of(x), y[["v", "u"]]), **asked)
  assert target.train.y[:, 1].mean() > 4 > target.train.y[:, 0].mean()


def test_the_label_of_rows_beside_a_file_without_columns(tmp_path):
  x, y = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32), np.arange(40) % 2
  np.savez(tmp_path / "t.npz", x=x, y=y)
  rows = [{"x": a, "outcome": int(b)} for a, b in zip(x, y, strict=True)]
  source, _ = arrays.domains_of(rows, str(tmp_path / "t.npz"), label="outcome")
  assert source.classes == ("0", "1")
