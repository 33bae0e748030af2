"""Texts are told from categories and names, and read from folders and lists of strings."""

import numpy as np
import pytest

from adapt import data
from adapt.data import texts
from adapt.data.raw import Column, Table
from adapt.data.reading import Reading

SENTENCES = [f"a good book that I would read again, number {i}" for i in range(20)]
PEOPLE = [f"Braund, Mr. Owen Harris {i}" for i in range(20)]


def table(**columns):
  made = []
  for name, values in columns.items():
    numeric = all(isinstance(v, float) for v in values)
    made.append(Column(name, np.array(values, np.float64 if numeric else object)))
  return Table(tuple(made))


@pytest.mark.parametrize(
  ("columns", "options", "expected"),
  [
    ({"t": SENTENCES, "v": [1.0] * 20}, {}, ("t",)),
    ({"t": SENTENCES, "u": SENTENCES}, {}, ("t", "u")),
    ({"t": SENTENCES, "u": SENTENCES}, {"drop": ("t",)}, ("u",)),
    ({"t": SENTENCES, "v": [1.0] * 20}, {"columns": ("v",)}, ()),
    ({"t": SENTENCES}, {"categorical": ("t",)}, ()),
    ({"who": PEOPLE, "age": [1.0] * 20}, {}, ()),
    ({"Text": [f"fine {i}" for i in range(20)]}, {}, ("Text",)),
    ({"text": ["yes", "no"] * 10}, {}, ()),  # categories
    (
      {"few": ["once a week or so, as long as it is dry", "every single day of the year"] * 10},
      {},
      (),
    ),
    ({"city": [f"town{i}" for i in range(20)]}, {}, ()),
    ({"date": [f"2020-01-{i:02} 00:00:00" for i in range(20)]}, {}, ()),
    ({"text": [None] * 20}, {}, ()),
  ],
)
def test_which_columns_are_texts(columns, options, expected):
  assert texts.text_columns([table(**columns)], Reading(**options)) == expected


def test_columns_of_all_domains_come_before_those_of_one():
  both, one = table(t=SENTENCES, u=SENTENCES), table(t=SENTENCES)
  assert texts.text_columns([both, one], Reading()) == ("t",)
  assert texts.text_columns([table(u=SENTENCES), one], Reading()) == ("u", "t")


def write(folder, part, label, i, content):
  (place := folder / part / label).mkdir(parents=True, exist_ok=True)
  (place / f"{i}.txt").write_bytes(content)


def test_a_folder_of_texts_has_the_layout_of_one_of_images(tmp_path):
  for part, n in (("train", 6), ("test", 4)):
    for i in range(n):
      write(tmp_path, part, f"k{i % 2}", i, f"{part} {i}".encode())
  (tmp_path / "train" / "k0" / "cover.png").write_bytes(b"")
  found = data.read(str(tmp_path))
  assert sorted(found.train.x.values) == [f"train {i}" for i in range(6)]
  assert sorted(found.test.x.values) == [f"test {i}" for i in range(4)]
  assert found.classes == ("k0", "k1")
  for split in (found.train, found.test):
    assert split.y.tolist() == [int(text[-1]) % 2 for text in split.x.values]
  assert any("1 file passed over: 1 of kind .png" in note for note in found.notes)


def test_other_encodings_are_told_and_what_is_no_text_is_refused(tmp_path):
  contents = ("été".encode(), "été".encode("latin-1"), "été".encode("utf-16"), b"", b"plain")
  for i, content in enumerate(contents):
    write(tmp_path, "", "ab"[i % 2], i, content)
  found = data.read(str(tmp_path))
  assert sorted([*found.train.x.values, *found.test.x.values]) == ["", "plain", *["été"] * 3]
  assert any("2 of 5 texts are not in UTF-8" in note for note in found.notes)
  write(tmp_path, "", "a", 9, b"\x00\x01\x02\xff\xd8\x00\x01")
  with pytest.raises(ValueError, match=r"9\.txt is no text"):
    data.read(str(tmp_path))


def test_pictures_and_recordings_come_before_the_texts_beside_them(tmp_path):
  for name in ("a.wav", "a.txt", "b.wav", "b.txt"):
    (tmp_path / name).write_bytes(b"")
  with pytest.raises(ValueError, match="sound"):
    data.read(str(tmp_path))


@pytest.mark.parametrize(
  "x", [["a b", "c"], ("a b", "c"), np.array(["a b", "c"]), np.array(["a b", "c"], object)]
)
def test_strings_in_python_are_texts(x):
  assert texts.given(x, "x").values.tolist() == ["a b", "c"]


def test_numbers_are_none_and_gaps_are_refused():
  assert texts.given([1, 2], "x") is None
  assert texts.given(np.zeros((2, 3)), "x") is None
  with pytest.raises(ValueError, match="source has None as text 2"):
    texts.given(["a", None], "source")
