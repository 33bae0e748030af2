"""The page of speed says what the records say, and whether it is what was aimed at."""

import importlib
import json
import sys
from pathlib import Path

import pytest

from benchmarks import scaling

sys.path.append(str(Path(__file__).parent.parent / "scripts"))
speed_page = importlib.import_module("speed_page")

ENVIRONMENT = {"commit": "0123456789", "dirty": True, "device": "cpu", "versions": {"jax": "0.10"}}
STEP = {
  "seconds_of_step": {"median": 0.0123, "least": 0.012, "most": 0.013},
  "images_per_second": 4567.8,
  "share_of_peak": 0.512,
  "peak_bytes": 2**21,
}
BAR = {"value": 1.5, "at_least": True}
CASE = {
  "case": "lenet",
  "what": "a network",
  "entries": {"ours": STEP},
  "ratios": {"theirs / ours": {"median": 1.25, "bar": BAR, "met": False}, "other": {"median": 2.0}},
  "rounds": 3,
  "dropped": [0.5],
  "environment": ENVIRONMENT,
}
GROWN = {"temporary": [2**20, 2**21, 2**25], "state": [0, 0, 0], "operations": [1.0, 2.0, 4.0]}


@pytest.fixture
def folder(tmp_path):
  growth = {n: scaling.growth((1, 2, 4), v) for n, v in GROWN.items()}
  axis = {"sizes": [1, 2, 4], "methods": {"dan": {**GROWN, "growth": growth}}}
  seen = {"sizes": [5], "seconds": [0.5], "added_bytes": [2**20], "features_bytes": [2**30]}
  grown = {"case": "scaling", "batch": axis, "evaluation": seen, "environment": ENVIRONMENT}
  for made in (CASE, grown):
    (tmp_path / f"{made['case']}.json").write_text(json.dumps(made), "utf-8")
  return tmp_path


def test_a_case_says_its_times_ratios_and_where_they_were_measured(folder):
  text = speed_page.page(folder)
  assert "| ours | 12.3 (12–13) | 4,568 | 51 % | 2 |" in text
  assert "| theirs / ours | 1.25 | ≥ 1.5 | not reached |" in text
  assert "cpu, JAX 0.10, commit 0123456, changed; 3 clean rounds, 1 dropped." in text


def test_a_case_of_two_processors_has_one_heading_and_both_ratios(folder):
  other = {**CASE, "processor": "EPYC, AVX2"}
  (folder / "lenet.epyc-avx2.json").write_text(json.dumps(other), "utf-8")
  text = speed_page.page(folder)
  assert text.count("## lenet") == 1 and text.count("theirs / ours") == 2
  assert text.index("\ncpu, JAX 0.10") < text.index("\nEPYC, AVX2, cpu, JAX 0.10")
  assert "| a network (EPYC, AVX2) | theirs / ours |" in speed_page.summary(folder)


def test_whole_runs_have_their_accuracy_and_who_is_left_out(folder):
  accuracy = {"mean": 0.8012, "std": 0.0031, "each": []}
  runs = {"ours, 60 runs": {"seconds": {"median": 61.0}, "accuracy": accuracy}}
  runs["ours, one run"] = {"seconds": {"median": 9.0}}
  made = {**CASE, "case": "peers", "entries": runs, "failed": {"skada": "no torch environment"}}
  (folder / "peers.json").write_text(json.dumps(made), "utf-8")
  text = speed_page.page(folder)
  assert "| | s | accuracy, % |\n| :-- | --: | --: |\n| ours, 60 runs | 61 | 80.1 ± 0.3 |\n" in text
  assert "| ours, one run | 9 |\n\nskada is left out: no torch environment.\n" in text


def test_growth_is_the_power_between_the_largest_sizes(folder):
  text = speed_page.page(folder)
  assert "| `dan` | 1.0 | 2.0 | 32.0 | 4.0 | 1.0 |" in text
  assert "| MiB of all features | 1,024.0 |" in text
  assert scaling.growth((1, 2, 4), GROWN["state"]) is None


def test_the_summary_has_what_is_aimed_at_alone(folder):
  lines = speed_page.summary(folder).splitlines()
  assert lines[2:] == ["| a network | theirs / ours | 1.25 | ≥ 1.5 | not reached |"]
