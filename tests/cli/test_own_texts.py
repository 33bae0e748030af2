"""Texts from the command line: trained on, predicted from tables and folders, exported."""

import csv
import json

import numpy as np
import pytest
from small_runs import adapt as short_run
from small_runs import refused

import adapt
from adapt import extras
from adapt.cli import main
from adapt.data import encode_text

GOOD, BAD = ("great fine lovely nice superb", "awful dull poor bad boring")
REST = "the book was read on some day with a bit of tea by the sea"


def reviews(n, seed):
  """Texts with two words that tell their class, and the classes."""
  rng = np.random.default_rng(seed)
  y = ["neg" if i % 2 else "pos" for i in range(n)]
  words = {"pos": GOOD.split(), "neg": BAD.split()}
  return [" ".join([*rng.choice(words[k], 2), *rng.choice(REST.split(), 6)]) for k in y], y


def write(path, rows, y=None):
  names, columns = (["text"], [rows]) if y is None else (["text", "label"], [rows, y])
  with path.open("w", encoding="utf-8", newline="") as stream:
    csv.writer(stream).writerows([names, *zip(*columns, strict=True)])
  return str(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
  """The model of a short run, as text."""
  folder = tmp_path_factory.mktemp("texts")
  pair = [write(folder / f"{name}.csv", *reviews(100, k)) for k, name in enumerate("ab")]
  flags = ["--method", "source_only", "--steps", "60", "--seeds", "1", "--save-model"]
  assert short_run(pair, folder, *flags) == 0
  [found] = folder.glob("run/a_b/*.model.npz")
  return str(found)


def predicted(model, name, out, *flags):
  assert main.main(["predict", "--model", model, "--data", name, "--out", str(out), *flags]) == 0
  with np.load(out) as found:
    return dict(found)


def test_new_texts_are_predicted_alike_wherever_they_lie(model, tmp_path, capsys):
  rows, y = reviews(40, 7)
  for i, (text, label) in enumerate(zip(rows, y, strict=True)):
    (folder := tmp_path / "f" / label).mkdir(parents=True, exist_ok=True)
    (folder / f"{i:02}.txt").write_text(text)
  table = predicted(model, write(tmp_path / "new.csv", rows, y), tmp_path / "a.npz")
  folder = predicted(model, str(tmp_path / "f"), tmp_path / "b.npz")
  assert capsys.readouterr().out.count("of 40 labels right") == 2
  right = np.array(y) == table["classes"][table["predicted"]]
  assert right.mean() > 0.9
  order = np.argsort(np.array(y), kind="stable")  # of a folder, that of its classes
  np.testing.assert_allclose(folder["probability"], table["probability"][order], atol=1e-6)
  loaded = adapt.load(model).predict_proba(rows)
  np.testing.assert_allclose(loaded, table["probability"], atol=1e-6)
  one = predicted(model, write(tmp_path / "one.csv", rows[:1]), tmp_path / "c.npz")
  np.testing.assert_allclose(one["probability"], table["probability"][:1], atol=1e-6)


def test_an_export_says_how_texts_become_its_inputs(model, tmp_path):
  assert main.main(["export", "--model", model, "--out", str(tmp_path)]) == 0
  [file] = tmp_path.glob("*.json")
  said = json.loads(file.read_text())
  columns, bag = said["preprocessing"]["before"]
  assert columns == {"step": "texts", "columns": ["text"]}
  assert said["features"] == bag["words"]
  assert said["input"]["shape"] == ["n", len(bag["idf"])]
  rows = encode_text.bags(reviews(3, 7)[0], bag)
  np.testing.assert_allclose(np.linalg.norm(rows, axis=1), bag["length"], rtol=1e-5)


def test_how_texts_are_encoded_is_settled_by_the_model(model, tmp_path, capsys):
  file = write(tmp_path / "new.csv", *reviews(4, 7))
  flags = ["--data", file, "--out", str(tmp_path / "p.csv"), "--text", "minilm"]
  code = main.main(["predict", "--model", model, *flags])
  refused(capsys, code, "--text is settled by the model")


def test_minilm_without_its_tokeniser_is_one_line(tmp_path, capsys, monkeypatch):
  monkeypatch.setattr(encode_text.text, "_PACKAGE", "no_such_package")
  pair = [write(tmp_path / f"{name}.csv", *reviews(20, k)) for k, name in enumerate("ab")]
  code = short_run(pair, tmp_path, "--method", "source_only", "--text", "minilm")
  refused(capsys, code, "tokenizer.json", extras.install("pretrained"))
