"""The threshold between two classes: chosen as by hand, applied everywhere, blind to target labels."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

import adapt
from adapt.cli import model as command
from adapt.data.splits import stratified
from adapt.deploy import exported
from adapt.evaluation import decision
from adapt.records import schema
from adapt.report import remarks

SMALL = {"steps": 60, "evaluations": 1, "batch_size": 32, "lr": 0.1}


def _logits(p):
  p = np.asarray(p, float)
  return np.stack([np.zeros_like(p), np.log(p / (1 - p))], axis=1)


def test_rules_by_hand():
  p, y = np.array([0.1, 0.2, 0.3, 0.4, 0.7]), np.array([0, 0, 1, 0, 1])
  # Above 0.2 both positives and one negative: balanced (1 + 2/3) / 2. Above 0.4: (1/2 + 1) / 2.
  between = np.mean([np.log(0.2 / 0.8), np.log(0.3 / 0.7)])
  wanted = 1 / (1 + np.exp(-between))
  assert decision.threshold("balanced", _logits(p), y) == pytest.approx(wanted)
  # F1 above 0.2: 2·2 / (2 + 1 + 2) = 0.8; above 0.4: 2 / (1 + 2) = 0.67.
  assert decision.threshold("f1", _logits(p), y) == pytest.approx(wanted)
  assert decision.threshold("0.3", _logits(p), y) == 0.3
  # Of equally good cuts the one nearest to a half: 0.45 to 0.55 and every other place between.
  p, y = np.array([0.2, 0.4, 0.6, 0.9]), np.array([0, 0, 1, 1])
  assert decision.threshold("balanced", _logits(p), y) == pytest.approx(0.5)
  # Where scores say nothing F1 is best with all predicted; sure scores stay finite.
  assert decision.threshold("f1", _logits([0.5, 0.5]), np.array([0, 1])) < 0.5
  sure = np.array([[0.0, 90.0], [0.0, 99.0]])
  assert 0.5 < decision.threshold("balanced", sure, np.array([0, 1])) < 1


@pytest.mark.parametrize("seed", range(20))
def test_no_cut_is_better(seed):
  rng = np.random.default_rng(seed)
  y = (rng.random(30) < rng.uniform(0.1, 0.9)).astype(int)
  y[:2] = 0, 1
  logits = np.round(rng.normal(size=(30, 2)) + y[:, None] * [0, 1], seed % 3)
  score = np.round(logits[:, 1] - logits[:, 0], 6)  # 0.1 + 0.2 is no cut away from 0.3
  for rule, worth in (("balanced", metrics.balanced_accuracy_score), ("f1", metrics.f1_score)):
    at = decision.threshold(rule, logits, y)
    own = worth(y, decision.moved(logits, at).argmax(axis=1))
    cuts = [-np.inf, *np.unique(score)]
    assert own == pytest.approx(max(worth(y, (score > cut).astype(int)) for cut in cuts))


def test_another_prevalence_is_counted_as_by_hand():
  """Recalls hold under label shift, and accuracy is their mean by the target's shares."""
  p = np.tile([0.2, 0.35, 0.6], 10)
  y = np.tile([0, 1, 1], 10)
  said = decision.moved(_logits(p), 0.3)
  assert decision.confusion(said, y).tolist() == [[10, 0], [0, 20]]
  assert decision.confusion(_logits(p), y).tolist() == [[10, 0], [10, 10]]
  rare = np.concatenate([np.full(90, 0.2), np.full(5, 0.35), np.full(5, 0.6)])
  of_rare = decision.confusion(decision.moved(_logits(rare), 0.3), np.repeat([0, 1], [90, 10]))
  assert of_rare.tolist() == [[90, 0], [0, 10]]
  unknown = decision.confusion(said, np.where(y == 0, -1, y))
  assert unknown.tolist() == [[0, 0], [0, 20]]


@pytest.mark.parametrize("rule", ["best", "0", "1.0", "-0.2", "nan", ""])
def test_what_is_no_rule_is_refused(rule):
  with pytest.raises(ValueError, match="give argmax, balanced, f1, or a probability"):
    decision.check(rule)


def _domain(n, share, seed):
  rng = np.random.default_rng(seed)
  y = (rng.random(n) < share).astype(int)
  return (rng.normal(size=(n, 3)) + 1.2 * y[:, None]).astype(np.float32), y


SOURCE, TEST = _domain(300, 0.12, 0), _domain(200, 0.5, 1)


@pytest.fixture(scope="module")
def runs():
  given = {"source": SOURCE, "target": TEST[0], **SMALL}
  made = adapt.fit("source_only", test=TEST, decision="balanced", seeds=2, **given)
  other = adapt.fit("source_only", test=(TEST[0], 1 - TEST[1]), decision="balanced", **given)
  return made, other


def test_the_threshold_is_of_held_out_source_examples_alone(runs):
  made, other = runs
  held = stratified(SOURCE[1])[1]
  x, y = SOURCE[0][held], SOURCE[1][held]
  for seed in (0, 1):
    at, p = made.record["decision"]["threshold"][seed], made.predict_proba(x, seed=seed)[:, 1]
    worth = [metrics.balanced_accuracy_score(y, p > cut) for cut in [0, *p]]
    assert metrics.balanced_accuracy_score(y, p > at) == pytest.approx(max(worth)) and at < 0.5
  assert other.record["decision"]["threshold"] == made.record["decision"]["threshold"][:1]
  assert made.record["decision"]["rule"] == made.record["config"]["decision"] == "balanced"
  assert "decision=balanced" in made.record["label"] and schema.record(made.record) is None


def test_measures_predictions_and_saved_models_decide_by_it(runs, tmp_path, capsys):
  made, _ = runs
  at = made.record["decision"]["threshold"][1]
  p = made.predict_proba(TEST[0], seed=1)[:, 1]
  said, last = (p > at).astype(int), {n: v[1] for n, v in made.measures.items()}
  assert last["accuracy"] == pytest.approx(np.mean(said == TEST[1]))
  assert last["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(TEST[1], said))
  for name, measure in (
    ("precision", metrics.precision_score),
    ("recall", metrics.recall_score),
    ("f1", metrics.f1_score),
  ):
    assert last[name] == pytest.approx(measure(TEST[1], said, average="macro"))
  assert last["accuracy"] > made.history["target_accuracy"][1][-1]  # that of a half
  assert made.record["confusion"][1] == metrics.confusion_matrix(TEST[1], said).tolist()
  assert made.predict(TEST[0], seed=1).tolist() == said.tolist()
  file = made.save(tmp_path / "m.npz", seed=1)
  loaded = adapt.load(file)
  assert loaded.predict(TEST[0]).tolist() == said.tolist()
  assert exported.export(loaded._model(None))[1]["threshold"] == at
  np.savez(tmp_path / "new.npz", x=TEST[0], y=TEST[1])
  words = ["--model", str(file), "--data", str(tmp_path / "new.npz")]
  command.main(["predict", *words, "--out", str(tmp_path / "p.npz")])
  assert np.load(tmp_path / "p.npz")["predicted"].tolist() == said.tolist()
  assert f"{100 * last['accuracy']:.1f} % of 200 labels right" in capsys.readouterr().out
  [told] = [line for line in remarks.remarks([made.record]) if "is predicted above" in line]
  assert "(balanced on held-out source examples)" in told and "stay at a half" in told


def test_where_there_are_not_two_classes_it_is_refused():
  three = (SOURCE[0], np.arange(300) % 3)
  for source, rule, said in (
    (three, "f1", "is for two classes, and there are 3"),
    (SOURCE, 1.5, "--decision 1.5: give argmax"),
    ((SOURCE[0], np.r_[np.ones(299, int), 0]), "f1", "all 60 are of one class: give a number"),
  ):
    with pytest.raises(ValueError, match=said):
      adapt.fit("source_only", source=source, target=TEST[0], decision=rule, **SMALL)


def test_a_command_has_it_and_more_seeds_join(tmp_path):
  from adapt.cli import config, main

  for name, (x, y) in (("a", SOURCE), ("b", TEST)):
    np.savez(tmp_path / f"{name}.npz", x=x, y=y)
  words = ["run", "--source", str(tmp_path / "a.npz"), "--target", str(tmp_path / "b.npz")]
  words += ["--method", "source_only", "--steps", "4", "--evaluations", "1", "--decision", "f1"]
  for seeds in ("1", "2"):
    main.main([*words, "--seeds", seeds, "--out", str(tmp_path / "runs")])
  [file] = Path(tmp_path / "runs").rglob("*.json")
  found = json.loads(file.read_text())
  assert len(found["decision"]["threshold"]) == 2 and found["decision"]["rule"] == "f1"
  again = config.expanded([*words[1:5], "--config", str(file)])[1]  # a record says its rule
  assert again[again.index("--decision") + 1] == "f1"
