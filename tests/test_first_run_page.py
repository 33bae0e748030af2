"""The page of first runs: as its numbers generate it, with a mark at what stays below scikit-learn."""

import csv
import json
from pathlib import Path

import pytest

from benchmarks import first_pairs, first_run

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "results/first_run.md"
DATA = ("heart", "surf", "optdigits", "air", "pacs", "speech", "bearings", "amazon")


def one(**changed):
  scores = {f"{m} {other}": 0.8 for m in first_run._METHODS for other in ("LR", "RF")}
  settings = {"model": "mlp", "lr": 0.03, "steps": 1000, "batch_size": 64, "weight_decay": 0.0}
  about = {"seeds": 3, "test rows": 58, "measure": "accuracy", "commit": "abc", "device": "cpu"}
  return {**scores, **settings, **about, "source_only": 0.8, "target_only": 0.8, **changed}


def test_the_page_is_as_its_numbers_say():
  found = json.loads(PAGE.with_suffix(".json").read_text("utf-8"))
  assert PAGE.read_text("utf-8") == first_run.page(found)
  assert {name.split("_")[0] for name in found} <= {*DATA}
  assert {name for name in found if first_run.marked(found[name])} <= {*first_run.REASONS}


@pytest.mark.parametrize(
  ("changed", "marked"),
  [
    ({}, 0),
    ({"source_only": 0.781}, 0),
    ({"source_only": 0.779}, 1),
    ({"target_only": 0.791}, 0),
    ({"source_only": 0.7, "target_only": 0.789}, 2),
  ],
)
def test_what_is_below_the_linear_model_is_marked(changed, marked):
  [row] = [r for r in first_run.page({"heart_a_b": one(**changed)}).splitlines() if "| 58 |" in r]
  assert row.count("*") == marked and row.startswith("| heart a b |")


def test_the_page_says_settings_and_commit():
  page = first_run.page({"air_a_b": one(measure="r2", lr=0.01), "heart_a_b": one()})
  assert "| heart a b | mlp | 0.03 | 1000 | 64 | 0 |" in page and "Commit abc. Device: cpu." in page
  assert page.index("heart a b") < page.index("air a b")  # in the order of KINDS


def test_pairs_are_ordinary_files(tmp_path):
  pytest.importorskip("sklearn")
  [(name, pair)] = first_pairs.optdigits(tmp_path, tmp_path)
  with pair.target.open() as stream:
    head, *rows = csv.reader(stream)
  assert name == "optdigits" and not pair.flags and tuple(first_pairs.KINDS) == DATA
  assert head[-1] == "label" and {row[-1] for row in rows} == {str(k) for k in range(10)}
