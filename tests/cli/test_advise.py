"""`adapt advise` as a user meets it: tables, sentences, JSON, and one line for bad input."""

import json
import sys

import numpy as np
import pytest

from adapt.cli import main


def advise(*arguments):
  return main.main(["advise", *map(str, arguments)])


def test_the_tables_and_the_sentences(pair, tmp_path, capsys):
  moons, turned = pair
  x, y = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32), np.arange(100) % 2
  np.savez(tmp_path / "noise.npz", x=x, y=y)
  assert advise(moons, tmp_path / "noise.npz", "--target", turned) == 0
  shown = capsys.readouterr().out
  words = " ".join(shown.split())
  assert "turned, 320 rows, without its labels" in words and "all sources 400" in words
  assert "proxy A MMD² CORAL H-score rank" in words and "ATC DoC confidence" in words
  assert "• The inputs of turned are shifted from those of " in words
  assert (
    "• Likeliest best source first, by mean rank of proxy A-distance and H-score: " in words
    and 5 <= shown.count("• ") <= 8
  )
  assert "In brackets: of models no better" in words


def test_json_has_everything(pair, capsys):
  assert advise(pair[0], "--target", pair[1], "--json") == 0
  found = json.loads(capsys.readouterr().out)
  [source] = found["sources"]
  assert (source["name"], source["rows"], source["mean_rank"]) == ("moons", 320, None)
  assert source["shifted"] is True and source["informative"] is True
  assert set(source["expected"]) == {"source_accuracy", "average_confidence", "doc", "atc"}
  assert source["shares"]["condition"] > 1 and found["pooled"] is None
  assert "One source: nothing to rank." in found["sentences"]
  assert source["stacked"]["low"] <= source["stacked"]["value"] and "pictures" not in found
  assert 0 < source["worth"] < 1 and source["h_score"] > 0
  assert found["methods"][0]["method"] == "source_only"


def test_a_page_is_one_file(pair, tmp_path, capsys):
  assert advise(pair[0], "--target", pair[1], "--html", tmp_path / "page.html", "--json") == 0
  text = (tmp_path / "page.html").read_text()
  assert "Advice for turned" in text and "<script" not in text and "src=" not in text
  assert json.loads(capsys.readouterr().out)["target"] == "turned"


def test_what_cannot_be_compared_is_bad_input(pair, tmp_path, capsys):
  np.savez(tmp_path / "wide.npz", x=np.zeros((40, 5), np.float32), y=np.arange(40) % 2)
  wrong = (
    ((pair[0], "--target", tmp_path / "wide.npz"), "shape"),
    ((pair[0], "--target", tmp_path / "absent.npz"), "absent.npz"),
    ((pair[0], "--target", pair[0]), "named twice"),
  )
  for arguments, said in wrong:
    assert advise(*arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and said in line
  with pytest.raises(SystemExit, match="2"):
    advise(pair[0])


def test_without_scikit_learn_the_extra_is_named(pair, capsys, monkeypatch):
  monkeypatch.setitem(sys.modules, "sklearn", None)
  assert advise(pair[0], "--target", pair[1]) == 2
  said = capsys.readouterr().err
  assert "this needs sklearn: pip install" in said and "[weights]" in said
