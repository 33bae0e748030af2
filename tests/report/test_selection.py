"""Selection as a computation on records: by hand, against scipy, and what it leaves out."""

import numpy as np
import pytest
import sample_records
from scipy import stats

from adapt import outputs, validators
from adapt.report import comparisons, selection

CURVE = [0.5, 0.7, 0.6, 0.65]


def record(label="dann", curves=(CURVE,), scores=None, **changed):
  made = sample_records.make(label=label, seeds=len(curves))
  made["curves"] = {"step": [1, 2, 3, 4], "target_accuracy": list(curves)}
  made["last"] = {"accuracy": [c[-1] if c else None for c in curves]}
  made["validators"] = scores or {"snd": [[1.0, 3.0, 4.0, 2.0]] * len(curves)}
  return {**made, **changed}


def test_a_rule_picks_where_its_score_is_best():
  made = record(curves=[CURVE, [0.1, 0.2, 0.3, 0.4]])
  assert selection.picked(made, "last") is made
  assert selection.picked(made, "snd")["last"] == {"accuracy": [0.6, 0.3]}
  made["oracle"]["accuracy"] = [0.7, 0.4]
  assert selection.picked(made, "oracle")["last"] == {"accuracy": [0.7, 0.4]}
  assert selection.picked(made, "entropy")["last"] == {"accuracy": [None, None]}  # an older record
  assert made["last"] == {"accuracy": [0.65, 0.4]}  # what was read stays as it is
  # What is not trained by steps has one evaluation, and nothing to pick from.
  bare = {**made, "curves": {"step": []}, "validators": {}, "selected": None, "oracle": None}
  for rule in ("snd", "oracle"):
    assert selection.picked(bare, rule)["last"] == {"accuracy": [None, None]}


def test_scores_that_are_no_numbers_and_seeds_that_diverged_pick_nothing():
  rising = [1.0, 2.0, 3.0, 4.0]
  scores = {"snd": [[None, 1.0, None, 0.5], [None] * 4, rising, rising]}
  made = record(curves=[CURVE, CURVE, None, CURVE], scores=scores, diverged={"2": 7, "3": 9})
  assert selection.picked(made, "snd")["last"] == {"accuracy": [0.7, None, None, None]}


def test_the_first_of_equals_is_picked_as_in_a_run():
  made = record(scores={"snd": [[2.0, 2.0, 1.0, 2.0]]})
  assert selection.picked(made, "snd")["last"] == {"accuracy": [0.5]}


def test_an_h_score_is_not_made_up():
  made = record()
  made["last"]["h_score"] = [0.4]
  made["selected"] = {"validator": "snd", "accuracy": [0.6], "h_score": [0.3]}
  made["validators"]["entropy"] = made["validators"]["snd"]
  assert selection.picked(made, "snd")["last"] == {"h_score": [0.3]}
  assert selection.picked(made, "entropy")["last"] == {"h_score": [None]}


def test_rules_that_nobody_knows_are_refused():
  assert selection.checked([record()], "snd") == "snd"
  assert selection.checked([], "oracle") == "oracle"
  with pytest.raises(ValueError, match="choose --select from last, oracle, auto, snd"):
    selection.checked([record()], "sdn")


def test_auto_is_a_validator_of_what_is_predicted():
  for output, name in selection.AUTO.items():
    assert name in validators.names(output)
    made = [record() | ({} if output == "classes" else {"output": {"name": output}})]
    for suite in (None, sample_records.SUITE):
      assert selection.rule_of(made, suite, "auto") == name
      assert selection.rule_of(made, suite, "snd") == "snd"
  assert set(selection.AUTO) == set(outputs.names())
  assert selection.rule_of([], None, "auto") == selection.AUTO["classes"]


def test_worth_against_scipy():
  rng = np.random.default_rng(0)
  curves = rng.uniform(size=(2, 3, 4)).tolist()  # method, seed, evaluation
  scores = np.round(rng.uniform(size=(2, 3, 4)), 1).tolist()  # with ties
  made = [
    record(label, curves[i], {"snd": scores[i]}) for i, label in enumerate(("dann", "source_only"))
  ]
  found = selection.worth(made, "snd")
  pairs = [(scores[i][s], curves[i][s]) for i in range(2) for s in range(3)]
  within = [stats.spearmanr(x, y).statistic for x, y in pairs]
  assert found.within == pytest.approx(np.mean(within))
  assert found.across == pytest.approx(
    stats.spearmanr(np.ravel(scores), np.ravel(curves)).statistic
  )
  regret = [max(y) - y[int(np.argmax(x))] for x, y in pairs]
  assert found.regret == pytest.approx(np.mean(regret)) and found.runs == 6
  both = []
  for s in range(3):
    x, y = (np.array(values)[:, s].ravel() for values in (scores, curves))
    both.append(y.max() - y[x.argmax()])
  assert found.regret_across == pytest.approx(np.mean(both))


def test_a_perfect_validator_loses_nothing_and_a_constant_one_has_no_rank():
  curves = [CURVE, CURVE[::-1]]
  best = selection.worth([record(curves=curves, scores={"snd": curves})], "snd")
  assert best[:3] == (pytest.approx(1), None, 0) and best.regret_across is None  # one method only
  flat = selection.worth([record(scores={"snd": [[1.0] * 4]})], "snd")
  assert flat.within is None and flat.regret == pytest.approx(0.2)


def test_last_is_no_validator_but_has_regret():
  assert selection.worth([record(scores={})], "last").regret == pytest.approx(0.05)
  assert selection.worth([], "last").regret is None


def test_a_measure_of_its_own_is_what_validators_are_judged_by():
  """Of values R², of masks mIoU; and one that is better low counts turned around."""
  for measure, curve, regret in (("r2", [0.2, 0.6, 0.5], 0.1), ("rmse", [9.0, 5.0, 6.0], 1.0)):
    shown = {**record(), "measure": measure, "output": {"name": "values"}}
    shown["curves"] = {"step": [1, 2, 3], "target_r2": [curve], f"target_{measure}": [curve]}
    shown["validators"] = {"v": [[0.0, 1.0, 2.0]]}
    assert selection.worth([shown], "v").regret == pytest.approx(regret)
    assert selection.worth([shown], "last").regret == pytest.approx(regret)
    assert selection.picked(shown, "v")["last"] == {measure: [curve[-1]]}
    sheet = comparisons.validators([shown])
    assert f"target test {outputs.measure(measure).title}" in sheet.caption


def test_whoever_sees_target_labels_does_not_compete():
  seen = record("fine_tune")
  seen["examples"] = {**seen["examples"], "labelled": 30}
  assert selection.worth([seen, record("target_only")], "snd").runs == 0


def test_every_rule_says_what_it_is():
  assert selection.described("last") == "at the last step"
  assert "which nobody has" in selection.described("oracle") and "snd" in selection.described("snd")
