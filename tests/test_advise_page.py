"""results/advise.md and the stacked table follow from results/advise.json, and from labels only as said."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import sample_records

from adapt.experiments import pair_scores

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "scripts"))
advise_auto, advise_page, advise_worth = map(
  importlib.import_module, ("advise_auto", "advise_page", "advise_worth")
)

RNG = np.random.default_rng(0)


def pair(family, i, target="t"):
  scores = {n: float(RNG.uniform(0.2, 0.9)) for n in pair_scores.NAMES}
  accuracy = float(np.clip(scores["cot"] + RNG.normal() * 0.02, 0, 1))
  return {
    "source": f"s{i}",
    "target": target,
    "rows": [9, 9],
    "classes": 4,
    "accuracy": accuracy,
    "scores": scores,
    "family": family,
  }


PAIRS = [pair(f, i) for f in "abcd" for i in range(6)]


def test_the_table_is_what_is_committed():
  pairs = advise_page.read(ROOT / "results")
  made = (ROOT / "adapt" / "experiments" / "stacked_table.py").read_text("utf-8")
  assert advise_page.table(pairs) == made


def test_a_family_s_own_pairs_have_no_part_in_its_estimates():
  first = advise_page.left_out(PAIRS)
  spoilt = [{**p, "accuracy": 0.0} if p["family"] == "a" else p for p in PAIRS]
  second = advise_page.left_out(spoilt)
  assert first[:6] == second[:6] and first[6:] != second[6:]
  off = np.mean([abs(s.value - p["accuracy"]) for s, p in zip(first, PAIRS, strict=True)])
  assert off < 0.1


def test_ranks_count_distances_backwards():
  of = {i: -p["scores"]["mmd2"] for i, p in enumerate(PAIRS)}
  assert advise_page._rank(PAIRS, "mmd2", range(24), of) == (pytest.approx(1), pytest.approx(1))
  assert "| atc | +1.00 |" in advise_page._ranking(
    [{**p, "accuracy": p["scores"]["atc"]} for p in PAIRS]
  )


def record(family, label, score, accuracy):
  one = sample_records.make(label=label, suite=advise_auto.SUITES[family])
  steps = len(one["curves"]["step"])
  seen = {"class_ami": score, "source_accuracy": 0.9}
  one["validators"] = {n: [[v] * steps] * 3 for n, v in seen.items()}
  one["last"]["accuracy"] = [accuracy] * 3
  return one


def test_regret_is_of_what_label_free_scores_choose():
  plain = [("source_only", 0.5, 0.6)]
  right = [
    *plain,
    ("dann", 0.7, 0.7),
    ("mcc", 0.6, 0.8),
  ]  # the score prefers the worse of two gains
  none = [*plain, ("dann", 0.4, 0.9), ("mcc", 0.4, 0.5)]
  made = [record("digits", *r) for r in right] + [record("pacs", *r) for r in none]
  a, b = advise_auto.rows(made)
  assert a["gains"]["auto"] == pytest.approx(10) and a["gains"]["oracle"] == pytest.approx(20)
  assert b["gains"]["auto"] == 0 and b["gains"]["tried"] == pytest.approx(30)
  assert (a["best"], b["best"]) == ("dann", "mcc")  # what was best in the other family
  text = advise_auto.section(made)
  assert "- `auto`: 20.0" in text and "always `source_only`: 25.0" in text


def test_the_probability_of_worth_is_a_penalised_logistic_regression():
  from sklearn.linear_model import LogisticRegression

  x = RNG.normal(size=(80, 2))
  y = (x[:, 0] + RNG.normal(size=80) > 0).astype(float)
  z = (x - x.mean(axis=0)) / x.std(axis=0)
  theirs = LogisticRegression(C=1.0, tol=1e-10).fit(z, y).predict_proba(z)[:, 1]
  ours = advise_worth.probability(advise_worth.logistic(x, y), x)
  np.testing.assert_allclose(ours, theirs, atol=2e-3)
