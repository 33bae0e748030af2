"""Advice: what is planted is seen, what is not there is not, and target labels move nothing."""

import numpy as np
import pytest

from adapt.data import Domain, Split
from adapt.data.toy import blobs
from adapt.evaluation import ranking, worth
from adapt.experiments import advice as module
from adapt.experiments import stacked_table
from adapt.experiments.advice import advice
from adapt.experiments.advice_text import sentences

NAMES = tuple("abcdefgh")
RNG = np.random.default_rng(0)


def of(name, x, y, **more):
  return Domain(name, Split(x, y), Split(x[:8], None if y is None else y[:8]), NAMES, **more)


def domain(name, seed, moved=0.0, n=320):
  x, y = blobs(n, 0, seed)
  return of(name, x + np.float32(moved), y)


SOURCE, SAME = domain("source", 1), domain("same", 2)


def test_two_halves_of_one_set_show_no_shift():
  found = advice([SOURCE, SAME])
  [only] = found.sources
  assert not only.shifted and not only.shares.moved and only.proxy_a_distance < 0.3
  assert only.mean_rank is None and found.pooled is None
  assert found.sentences[0].startswith("No shift of the inputs is seen: source (p = ")
  assert found.sentences[1] == "No change of class shares against source is seen."
  assert found.sentences[2] == "One source: nothing to rank."
  assert (
    "its confidence alone says 100% to 100%." in found.sentences[3] and len(found.sentences) == 4
  )
  assert ", with 90 % confidence between " in found.sentences[3] and not only.uncovered.seen
  assert only.expected.atc == pytest.approx(1.0, abs=0.01) and only.majority == 0.125


def test_a_planted_change_of_class_shares_is_told_and_explains_the_shift():
  x, y = blobs(640, 0, 3)
  rows = RNG.choice(640, 300, replace=False, p=np.where(y < 4, 4.0, 1.0) / (4 * 80 * 5))
  found = advice([SOURCE, of("target", x[rows], y[rows])])
  [only] = found.sources
  assert only.shifted and only.shares.moved and only.shares.p_value > 0.05
  true = np.bincount(y[rows], minlength=8) / 300
  np.testing.assert_allclose(only.shares.target, true, atol=0.05)
  assert found.sentences[1].startswith("Other class shares than in source explain the shift: ")
  assert "--weights bbse" in found.sentences[1]
  assert only.shares.explain and only.stacked.value > 0.9  # as labels come there, not in the source
  assert found.sentences[-1].endswith("known to hurt where class shares differ.")


def test_a_shift_beyond_class_shares_is_told_so():
  """Two classes, of which one is rarer and both have moved."""
  y = np.arange(400) % 2
  x = RNG.normal(size=(400, 3)).astype(np.float32) + 3 * y[:, None].astype(np.float32)
  keep = (y == 0) | (np.arange(400) < 100)
  moved = (x + np.float32([0, 0, 2]))[keep]
  made = [Domain(n, Split(a, b), Split(a, b), ("no", "yes")) for n, a, b in [("s", x, y)]]
  found = advice([*made, Domain("t", Split(moved, None), Split(moved, None), ())])
  assert found.sources[0].shares.moved and found.sources[0].shares.p_value < 0.05
  assert found.sentences[1].startswith("More than class shares has changed from s: ")


def test_sources_are_ranked_nearest_first():
  far, near = domain("far", 3, 2.0), domain("near", 4, 0.4)
  found = advice([far, near, SAME])
  assert [s.name for s in found.sources] == ["near", "far"]
  a, b = found.sources
  assert a.proxy_a_distance < b.proxy_a_distance and a.mmd2 < b.mmd2 and a.mean_rank < b.mean_rank
  assert found.pooled.name == "all sources" and found.pooled.rows == 640
  assert a.mmd2 < found.pooled.mmd2 < b.mmd2
  assert found.pooled.majority == 0.125 and found.pooled.expected.source_accuracy > 0.8
  assert any(s.startswith(f"{LIKELIEST}near (1.3), far (1.7). ") for s in found.sentences)


LIKELIEST = "Likeliest best source first, by mean rank of proxy A-distance and H-score: "


@pytest.fixture(scope="module")
def of_three():
  return advice([domain("far", 3, 2.0), domain("near", 4, 0.4), domain("next", 5, 1.0), SAME])


def ranked(found, *h_scores):
  """The sentence on ranks, with other scores of near, next and far."""
  own = dict(zip(("near", "next", "far"), zip((0.5, 1.0, 1.5), h_scores, strict=True), strict=True))
  each = []
  for s in found.sources:
    away, h_score = own[s.name]
    each.append(s._replace(proxy_a_distance=away, h_score=h_score))
  told = sentences(found._replace(sources=tuple(module._ranked(each))))
  return next(s for s in told if " source first" in s)


def test_how_sure_the_first_place_is_follows_from_records(of_three, monkeypatch):
  monkeypatch.setattr(stacked_table, "FIRST", ranking.FirstPlaces(30, 20, 0.083))
  monkeypatch.setattr(
    stacked_table, "RANKING", stacked_table.RANKING._replace(weights=(0.25, 0.75))
  )
  assert ranked(of_three, 5.0, 6.0, 3.0) == (
    f"{LIKELIEST}next (1.2), near (1.8), far (3.0). In records the first was the best for 20 of 30 targets, "
    "and for nine in ten at most 8 points worse than the best."
  )
  even = stacked_table.RANKING._replace(weights=(0.48, 0.52))
  monkeypatch.setattr(stacked_table, "RANKING", even)
  assert ranked(of_three, 5.0, 6.0, 3.0).startswith(
    f"{LIKELIEST}next (1.5), near (1.5), far (3.0). The ranks of next and near hardly differ: their order "
    "says nothing. In records"
  )


def test_a_first_place_without_a_model_to_trust_is_told_so(of_three):
  noise = of_three.sources[0].expected._replace(source_accuracy=0.125)
  mute = of_three._replace(sources=tuple(s._replace(expected=noise) for s in of_three.sources))
  assert ranked(mute, 5.0, 4.0, 3.0) == (
    f"{LIKELIEST}near (1.0), next (2.0), far (3.0). But the model of near is no better than its most "
    "frequent class, so that its H-score says little: try next too."
  )
  assert ranked(of_three, None, 5.0, 4.0).startswith(
    "Nearest source first, by distances of the inputs alone, as near has no model: near ("
  )
  tied = [s._replace(h_score=None, mean_rank=2.0) for s in of_three.sources]
  told = sentences(of_three._replace(sources=tuple(tied)))
  assert any(s.startswith("Nearest") and s.endswith("their order says nothing.") for s in told)


def test_a_far_source_s_accuracy_is_called_a_guess():
  found = advice([domain("far", 3, 3.0), SAME])
  assert found.sources[0].proxy_a_distance > 1
  assert any("a guess with inputs this far apart" in s for s in found.sentences)
  assert found.sentences[2].startswith(
    "At least 100% of same lie where hardly any source rows are: "
  )
  assert found.sentences[2].endswith("whether there are new classes cannot be told.")
  assert "which with shifted inputs proves little" in found.sentences[1] or (
    found.sources[0].shares is None or found.sources[0].shares.moved
  )


def test_few_target_rows_are_said_first():
  few = of("few", SAME.train.x[:30], None)
  found = advice([SOURCE, domain("other", 5), few])
  assert found.sentences[0] == "few has 30 rows, fewer than 50: all below is a guess."
  assert len(found.sentences) <= 8


def test_methods_are_named_where_there_is_a_shift_and_warned_of_where_shares_moved():
  moved = advice([SOURCE, domain("moved", 2, 0.6)])
  assert [c.method for c in moved.methods] == ["source_only", "dann", "mcc", "afn"]
  assert "--method auto does, and chooses." in moved.sentences[-1]
  assert "known to hurt" not in moved.sentences[-1]
  [only], known = moved.sources, stacked_table.WORTH
  own = worth.features(only.proxy_a_distance, only.stacked.value, only.expected.source_accuracy, 8)
  assert only.worth == pytest.approx(worth.probability(known, own[None])[0])
  assert moved.sentences[-1].endswith(
    f" With a probability of {only.worth:.0%} the best of them gains more than 1 point, if this pair is like "
    f"the {known.pairs} of records, on {known.gained} of which it did."
  )


def test_new_classes_are_told_and_class_shares_do_not_explain_them():
  x, y = blobs(640, 0, 3)
  known = of("source", x[:320][y[:320] < 5], y[:320][y[:320] < 5])
  found = advice([known, of("target", x[320:], None)])
  [only] = found.sources
  assert only.uncovered.seen and only.uncovered.share == pytest.approx(3 / 8, abs=0.1)
  assert not only.explained and only.uncovered.share <= 0.42
  assert any("classes that the source does not have" in s for s in found.sentences)
  assert not any("explain the shift" in s or "known to hurt" in s for s in found.sentences)


def test_shares_that_may_have_moved_widen_the_interval():
  """Inputs of some classes alone are there and all have moved: what explains it cannot be told."""
  x, y = blobs(640, 0, 3)
  keep = (y < 3) & (np.arange(640) >= 320)
  found = advice([of("source", x[:320], y[:320]), of("target", x[keep] + np.float32(0.3), None)])
  [only] = found.sources
  assert only.shares.moved and not only.explained
  assert only.stacked.low < 0.5 and only.stacked.high > 0.9


def test_the_stacked_accuracy_has_an_interval():
  [only] = advice([SOURCE, SAME]).sources
  assert 0 <= only.stacked.low < only.stacked.value <= only.stacked.high <= 1


def test_target_labels_move_nothing():
  other = of("same", SAME.train.x, np.zeros(320, np.int32))
  assert advice([SOURCE, SAME]) == advice([SOURCE, other])
  assert advice([SOURCE, SAME]) == advice([SOURCE, of("same", SAME.train.x, None)])


def test_a_model_that_knows_the_frequent_class_alone_expects_nothing():
  x = RNG.normal(size=(200, 3)).astype(np.float32)
  y = (np.arange(200) < 20).astype(np.int32)
  found = advice([of("source", x, y), of("target", x + np.float32(1), None)])
  [only] = found.sources
  assert not only.informative and only.shares is None
  assert any(s.endswith("what it reaches in target cannot be told.") for s in found.sentences)
  assert found.sentences[1] == (
    "No class shares: the logistic model of source is no better than its most frequent class."
  )


@pytest.mark.parametrize(("labels", "said"), [((0, 0), "one class"), ((0, 1), "one example")])
def test_a_source_without_classes_to_tell_apart_is_compared_all_the_same(labels, said):
  y = np.zeros(40, np.int32)
  y[:2] = labels[::-1]
  found = advice([of("source", SOURCE.train.x[:40], y), SAME])
  [only] = found.sources
  assert only.expected is None and said in only.notes[0] and 0 < only.p_value <= 1


def test_large_sets_are_sampled_and_images_reduced_and_said(monkeypatch):
  monkeypatch.setattr(module, "MOST", 100)
  images = [RNG.integers(0, 255, (n, 9, 9, 3)).astype(np.uint8) for n in (120, 90)]
  y = np.arange(120) % 2
  found = advice([of("a", images[0], y), of("b", images[1], None)])
  assert found.notes == (
    "a: 100 of 120 rows, at random",
    "inputs of shape [9, 9, 3] are 64 principal components here",
  )
  assert found.sources[0].rows == 120 and not found.sources[0].shifted
