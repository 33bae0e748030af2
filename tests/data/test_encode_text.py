"""Texts are encoded alike, and later ones as in training."""

import json

import numpy as np
import pytest

from adapt import data
from adapt.data import encode, encode_text, unseen
from adapt.data.domain import Domain, Split
from adapt.data.preprocessing import Preprocessing
from adapt.data.raw import Column, Table, Texts
from adapt.data.reading import Reading
from adapt.experiments import own_data
from adapt.records import model_schema

GOOD = "a good book that I like to read, number {}"
BAD = "a dull book which bored me a lot, number {}"
NEAR = "a good mixer that blends well every day, number {}"


def sentences(n, like=GOOD, other=BAD):
  return [(like if i % 2 else other).format(i) for i in range(n)], [i % 2 for i in range(n)]


def of(values):
  return Texts(np.array(values, object))


def table(**columns):
  return Table(tuple(Column(n, np.array(v, object)) for n, v in columns.items()))


def domain(name, x, y, test=2):
  cut = len(y) - test
  return Domain(name, Split(x[:cut], np.array(y[:cut])), Split(x[cut:], np.array(y[cut:])), ())


def pair():
  return [
    domain(n, of(sentences(12, s)[0]), sentences(12)[1])
    for n, s in zip("ab", (GOOD, NEAR), strict=True)
  ]


def test_bags_see_training_texts_of_both_domains_and_no_test_text():
  a = domain("a", of(["red apple", "red pear", "unseen word"]), [0, 1, 0], 1)
  b = domain("b", of(["blue apple", "blue pear", "hidden term"]), [0, 1, 0], 1)
  a, b = encode.together([a, b], Reading())
  assert {"red", "blue", "apple", "red apple"} <= set(b.features)
  assert not {"unseen", "hidden"} & set(b.features)
  assert (a.kind, a.train.x.dtype) == ("vector", np.float32)
  np.testing.assert_allclose(np.linalg.norm(a.train.x, axis=1), encode_text.LENGTH, rtol=1e-5)
  assert not a.test.x.any()
  assert "a: 1 of 3 texts are empty or have no word of the vocabulary" in a.notes


def test_a_bag_is_tf_idf_by_hand():
  a = domain("a", of(["red red apple", "red pear", "blue"]), [0, 1, 0], 1)
  b = domain("b", of(["red pear", "red red apple", "blue"]), [1, 0, 0], 1)
  found, _ = encode.together([a, b], Reading())
  # Smooth idf over four training texts; the logarithm of the counts, 1 + ln(2) for red.
  idf = {w: np.log(5 / (1 + n)) + 1 for w, n in (("red", 4), ("apple", 2))}
  rest = {"red red": idf["apple"], "red apple": idf["apple"]}
  row = {"red": (1 + np.log(2)) * idf["red"], "apple": idf["apple"], **rest}
  expected = np.array([row.get(w, 0.0) for w in found.features])
  expected *= encode_text.LENGTH / np.linalg.norm(expected)
  np.testing.assert_allclose(found.train.x[0], expected, rtol=1e-5)


def test_a_source_in_place_of_an_unseen_target_counts_once():
  a = domain("a", of(["red apple", "red pear", "blue"]), [0, 1, 0], 1)
  b = domain("b", of(["green apple", "green pear", "blue"]), [1, 0, 0], 1)
  t = domain("t", of(["black", "white", "blue"]), [1, 0, 0], 1)
  found = unseen.together([a, b, t], Reading())
  idf = found[0].preprocessing.steps[-1]["idf"]
  counted = dict(zip(found[0].features, idf, strict=True))
  assert counted["red"] == pytest.approx(counted["green"]) == pytest.approx(np.log(5 / 3) + 1)


def test_the_words_of_the_most_texts_are_kept(monkeypatch):
  monkeypatch.setattr(encode_text, "MOST_WORDS", 1)
  values = ["often", "often", "often", "rare rare rare rare rare"]
  found, _ = encode.together([domain("a", of(values), [0, 1, 0, 1], 0)] * 2, Reading())
  assert found.features == ("often",)


def test_labels_of_the_target_change_nothing():
  a, b = pair()
  blind = b._replace(train=b.train._replace(y=None))
  x = encode.together([a, b], Reading())[1].train.x
  assert np.array_equal(x, encode.together([a, blind], Reading())[1].train.x)


def test_later_texts_are_treated_as_in_training_after_json():
  a, b = pair()
  made = encode.together([a, b], Reading())[1]
  kept = json.loads(json.dumps(made.preprocessing))
  again = Preprocessing(kept[0], tuple(kept[1]), tuple(kept[2]))
  assert not [wrong for step in again.steps if (wrong := model_schema._step(step))]
  np.testing.assert_allclose(encode.later(b, again).train.x, made.train.x, rtol=1e-6)
  one = b._replace(
    test=Split(b.test.x[:0], None)
  )  # a single text that is predicted has no test split
  assert encode.later(one, again).test.x.shape == (0, made.train.x.shape[1])
  with pytest.raises(ValueError, match="the model reads texts"):
    encode.later(b._replace(train=Split(np.zeros((2, 3), np.float32), None)), again)


def test_later_tables_need_the_column_or_are_taken_as_they_are():
  values, y = sentences(12)
  a, b = (domain(n, table(review=values, kind=["x"] * 12), y) for n in "ab")
  made = encode.together([a, b], Reading())[1].preprocessing
  other = domain("c", table(note=values), y)
  with pytest.raises(ValueError, match="c has no column 'review', which the model reads"):
    encode.later(other, made)
  assert np.array_equal(encode.later(other, made, True).train.x, encode.later(a, made).train.x)
  with pytest.raises(ValueError, match="c has no column of texts"):
    encode.later(domain("c", table(v=["x"] * 12, w=["y"] * 12), y), made, True)


def test_a_table_a_folder_and_json_lines_are_one_kind_of_texts(tmp_path):
  rows, y = sentences(20)
  pairs = list(zip(rows, y, strict=True))
  (tmp_path / "a.csv").write_text("review,label\n" + "".join(f'"{t}",{k}\n' for t, k in pairs))
  lines = [json.dumps({"review": t, "label": k, "stars": 3}) for t, k in pairs]
  (tmp_path / "b.jsonl").write_text("\n".join(lines))
  for i, (text, label) in enumerate(pairs):
    (folder := tmp_path / "c" / str(label)).mkdir(parents=True, exist_ok=True)
    (folder / f"{i}.txt").write_text(text)
  found = data.load_together([str(tmp_path / name) for name in ("a.csv", "b.jsonl", "c")])
  assert len({d.train.x.shape for d in found}) == 1
  assert found[0].preprocessing.step("texts")["columns"] == ["review"]
  assert any("left out: stars (--drop review takes these" in note for note in found[1].notes)
  assert not any("left out" in note for note in found[0].notes)
  assert [own_data.kind(d) for d in found] == ["text"] * 3


@pytest.mark.parametrize(
  ("options", "message"),
  [
    ({"text": "bag"}, "way of --text 'bag'"),
    ({"kind": "counts"}, "--kind counts does not go with texts"),
    ({"scale": "robust"}, "--scale robust is for vectors"),
  ],
)
def test_options_for_other_inputs_are_refused(options, message):
  with pytest.raises(ValueError, match=message):
    encode.together(pair(), Reading(**options))


def test_texts_and_other_inputs_do_not_mix():
  values, y = sentences(8)
  a, numbers = domain("a", of(values), y), domain("b", np.ones((8, 2), np.float32), y)
  with pytest.raises(ValueError, match="b has no texts"):
    encode.together([a, numbers], Reading())
  with pytest.raises(ValueError, match="--text bow is for texts, and b has none"):
    encode.together([numbers, numbers._replace(name="c")], Reading(text="bow"))
  mine, other = (domain(n, table(**{c: values}), y) for n, c in (("d", "review"), ("c", "note")))
  with pytest.raises(ValueError, match="d has no column 'note', which the texts"):
    encode.together([mine, other], Reading())
  void = domain("e", of(["", "1", "2", "3"]), [0, 1, 0, 1])
  with pytest.raises(ValueError, match="the texts of e have no words"):
    encode.together([void, void], Reading())
  mute = domain("f", of([""] * 4), [0, 1, 0, 1])
  with pytest.raises(ValueError, match="no training text of f has a word of the vocabulary"):
    encode.together([a, mute], Reading())


@pytest.mark.parametrize(("way", "freeze"), [("minilm", "backbone"), ("minilm-train", "none")])
def test_tokens_of_minilm(monkeypatch, way, freeze):
  monkeypatch.setattr(encode_text.text, "tokenize", lambda v, n: np.ones((len(v), n), np.int32))
  found = encode.together(pair(), Reading(text=way))[1]
  assert (found.kind, found.train.x.shape) == ("tokens", (10, 128))
  settings = own_data.settings_of(found)
  assert (settings.model, settings.pretrained, settings.freeze) == ("minilm", "minilm", freeze)
  assert encode.later(pair()[1], found.preprocessing).train.x.dtype == np.int32


def test_without_scikit_learn_a_line_says_how_to_get_it(monkeypatch):
  monkeypatch.setitem(__import__("sys").modules, "sklearn.feature_extraction.text", None)
  with pytest.raises(
    ValueError, match=r"bags of words need scikit-learn: pip install .*containers"
  ):
    encode.together(pair(), Reading())
