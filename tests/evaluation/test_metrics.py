"""evaluate against scikit-learn and a loop over calibration bins."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from adapt.evaluation import metrics as evaluate
from adapt.evaluation.metrics import BINS, block_size, blocks, looked, measures, pooled

K = 5
RNG = np.random.default_rng(0)
BLOCK = block_size((4,))  # any small shape
N = 2 * BLOCK + 123  # two full blocks and a padded one
LABELS = RNG.integers(0, K - 1, N).astype(np.int32)  # class 4 does not occur
LOGITS = (RNG.normal(size=(N, K)) + 1.5 * np.eye(K)[LABELS]).astype(np.float32)
LOGITS[:, 1] = -9.0  # class 1 occurs, but is never predicted
PREDICTED = LOGITS.argmax(axis=1)
P = np.exp(LOGITS.astype(np.float64))
P /= P.sum(axis=1, keepdims=True)
one_block = jax.jit(evaluate.count)


def counted(logits, labels, valid=None):
  valid = np.ones(len(labels), np.float32) if valid is None else valid
  return one_block(*map(jnp.asarray, (logits, labels, valid)))


@functools.cache
def whole():
  return counted(LOGITS, LABELS)


def close(a, b):
  for name, u, v in zip(a._fields, a, b, strict=True):
    np.testing.assert_allclose(u, v, rtol=1e-4, atol=1e-3, err_msg=name)


def test_confusion_is_scikit_learns():
  expected = metrics.confusion_matrix(LABELS, PREDICTED, labels=range(K))
  np.testing.assert_array_equal(whole().confusion, expected)
  assert expected[:, 1].sum() == 0
  assert expected[:, 4].sum() > 0  # the data covers both odd cases


def test_measures_are_scikit_learns_over_the_classes_that_occur():
  options = {"labels": np.unique(LABELS), "average": "macro", "zero_division": 0}
  ours = measures(whole())
  assert ours["accuracy"] == pytest.approx(metrics.accuracy_score(LABELS, PREDICTED))
  for name in ("precision", "recall", "f1"):
    theirs = getattr(metrics, f"{name}_score")(LABELS, PREDICTED, **options)
    assert ours[name] == pytest.approx(theirs), name


def test_per_class_is_each_classes_accuracy():
  expected = [np.mean(PREDICTED[k == LABELS] == k) for k in range(K - 1)]
  assert measures(whole())["per_class"] == pytest.approx([*expected, 0.0])


def test_calibration_error_is_a_loop_over_bins():
  confidence, right = P.max(axis=1), PREDICTED == LABELS
  error, used = 0.0, 0
  for i in range(BINS):
    inside = (confidence > i / BINS) & (confidence <= (i + 1) / BINS)
    if inside.any():
      used += 1
      error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
  assert BINS == 15
  assert used > 8
  assert measures(whole())["calibration_error"] == pytest.approx(error, rel=1e-4)


def test_certain_predictions_fall_into_the_last_bin():
  logits = np.zeros((4, K), np.float32)
  logits[:, 2] = 100.0
  counts = counted(logits, np.array([2, 2, 2, 0], np.int32))
  np.testing.assert_allclose(counts.bins[-1], [4, 4, 3])
  assert measures(counts)["calibration_error"] == pytest.approx(0.25)


def test_entropy_and_probability_are_sums_over_examples():
  np.testing.assert_allclose(whole().entropy, -(P * np.log(P)).sum(), rtol=1e-4)
  np.testing.assert_allclose(whole().probability, P.sum(axis=0), rtol=1e-4)
  assert whole().examples == N


def test_padding_counts_nowhere():
  valid = (np.arange(N) < 700).astype(np.float32)
  close(counted(LOGITS, LABELS, valid), counted(LOGITS[:700], LABELS[:700]))


def test_unknown_labels_count_for_entropy_and_probability_only():
  labels = np.where(np.arange(N) < 700, LABELS, -1).astype(np.int32)
  counts, known = counted(LOGITS, labels), counted(LOGITS[:700], LABELS[:700])
  np.testing.assert_array_equal(counts.confusion, known.confusion)
  np.testing.assert_allclose(counts.bins, known.bins, rtol=1e-4, atol=1e-3)
  np.testing.assert_allclose(counts.entropy, whole().entropy, rtol=1e-6)
  np.testing.assert_allclose(counts.probability, whole().probability, rtol=1e-6)
  assert counts.examples == N
  for name, value in measures(known).items():
    assert measures(counts)[name] == pytest.approx(value, rel=1e-4), name


def test_no_label_at_all_gives_zeros_not_nan():
  found = measures(counted(LOGITS, np.full(N, -1, np.int32)))
  assert found.pop("per_class") == [0.0] * K
  assert set(found.values()) == {0.0}


def test_blocks_cut_and_pad():
  cut = blocks(LOGITS, LABELS)
  assert {len(piece) for pieces in cut[:3] for piece in pieces} == {BLOCK}
  assert cut.examples == N
  assert [float(v.sum()) for v in cut.valid] == [BLOCK, BLOCK, 123]
  np.testing.assert_array_equal(np.concatenate(cut.x)[:N], LOGITS)
  np.testing.assert_array_equal(np.concatenate(cut.y)[:N], LABELS)


def test_blocks_without_labels_say_unknown():
  cut = blocks(LOGITS, None)
  np.testing.assert_array_equal(np.concatenate(cut.y)[:N], -1)


def test_blocks_of_full_size_need_no_padding():
  assert len(blocks(LOGITS[: 2 * BLOCK], LABELS[: 2 * BLOCK]).x) == 2


def test_pooled_blocks_equal_one_count_over_the_whole():
  scale = 0.5
  counting = lambda mapped, x, y, valid: one_block(mapped * x, y, valid)
  close(pooled(counting, scale, blocks(LOGITS, LABELS)), counted(scale * LOGITS, LABELS))


def test_looked_keeps_the_outputs_of_the_first_blocks():
  over, seen = blocks(LOGITS, LABELS), []

  def looking(mapped, x, y, valid):
    seen.append(x)
    return one_block(x, y, valid), x + mapped

  for most, kept in (0, 0), (1, 1), (BLOCK, 1), (BLOCK + 1, 2), (10 * BLOCK, 3):
    counts, outputs = looked(looking, 2.0, over, most)
    assert len(outputs) == kept and len(seen) == 3
    for x, output in zip(seen, outputs, strict=False):
      np.testing.assert_array_equal(output, x + 2)
    seen.clear()
  close(counts, counted(LOGITS, LABELS))


def test_gram_has_the_squared_singular_values():
  found = np.linalg.eigvalsh(np.asarray(whole().gram, np.float64))
  expected = np.sort(np.linalg.svd(P, compute_uv=False) ** 2)
  np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_h_score_and_its_parts_are_means_of_recalls():
  confusion = np.zeros((5, 5))
  confusion[0], confusion[1] = [8, 0, 0, 0, 2], [1, 3, 0, 0, 0]  # classes 2 and 3 do not occur
  confusion[4] = [5, 0, 1, 0, 4]
  counts = evaluate.Counts(confusion, np.zeros((BINS, 3)), 0.0, np.zeros(5), 24, np.zeros((5, 5)))
  found = measures(counts, unknown=True)
  known, rejected = (8 / 10 + 3 / 4) / 2, 4 / 10
  assert found["os_star"] == pytest.approx(known)
  assert found["unknown"] == pytest.approx(rejected)
  assert found["os"] == pytest.approx((8 / 10 + 3 / 4 + 4 / 10) / 3)
  assert found["h_score"] == pytest.approx(2 / (1 / known + 1 / rejected))
  assert found["accuracy"] == pytest.approx(15 / 24)
  closed = measures(counts)
  assert not {"os_star", "unknown", "os", "h_score"} & set(closed)
  assert {k: v for k, v in found.items() if k in closed} == closed


def test_who_never_says_unknown_has_no_h_score():
  counts = counted(np.asarray(evaluate.columns(jnp.asarray(LOGITS), K, True)), LABELS + 1)
  found = measures(counts, unknown=True)
  assert found["unknown"] == found["h_score"] == 0.0
  assert found["os_star"] > 0
  np.testing.assert_allclose(counts.entropy, whole().entropy, rtol=1e-5)  # no NaN of 0 · -inf


def test_a_column_for_unknown_is_read_only_where_there_is_an_unknown_class():
  logits = jnp.arange(8.0).reshape(2, 4)
  np.testing.assert_array_equal(evaluate.columns(logits, 3, False), logits[:, :3])
  np.testing.assert_array_equal(evaluate.columns(logits, 3, True), logits)
  np.testing.assert_array_equal(evaluate.columns(logits, 4, False), logits)
  assert evaluate.columns(logits, 4, True).argmax(1).tolist() == [3, 3]


def test_means_of_all_are_scikit_learns_default():
  found = evaluate.macro_of_all(np.asarray(whole().confusion))
  expected = metrics.precision_recall_fscore_support(
    LABELS, PREDICTED, average="macro", zero_division=0
  )
  assert list(found.values()) == pytest.approx(expected[:3])
  assert found["precision"] != pytest.approx(measures(whole())["precision"])


@pytest.mark.parametrize(("right", "n"), [(0, 5), (5, 5), (17, 60), (900, 1000)])
def test_intervals_are_wilson_s(right, n):
  stats = pytest.importorskip("scipy.stats")
  expected = stats.binomtest(right, n).proportion_ci(0.95, "wilson")
  assert evaluate.wilson(right, n) == pytest.approx((expected.low, expected.high), abs=1e-9)
  assert evaluate.wilson(0, 0) == (0, 1)
