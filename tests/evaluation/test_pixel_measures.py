"""Measures of pixels against scikit-learn, and counts of padded blocks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from adapt.evaluation import pixel_measures
from adapt.evaluation.metrics import blocks, pooled

count = jax.jit(pixel_measures.count)


@pytest.mark.parametrize("seed", range(50))
def test_measures_are_scikit_learns(seed):
  rng = np.random.default_rng(seed)
  k = [2, 3, 6][seed % 3]
  allowed = rng.permutation(k)[: rng.integers(1, k + 1)]  # others are absent
  labels = rng.choice(allowed, (3, 4, 5))
  logits = rng.normal(size=(3, 4, 5, k)).astype(np.float32)
  if seed % 4 == 0:
    logits[..., allowed[0]] += 5  # hardly another is predicted
  labels[rng.random(labels.shape) < 0.2] = -1
  counts = count(jnp.asarray(logits), jnp.asarray(labels), jnp.ones(3))
  scored = labels >= 0
  true, predicted = labels[scored], logits.argmax(-1)[scored]
  matrix = metrics.confusion_matrix(true, predicted, labels=range(k))
  np.testing.assert_array_equal(counts.confusion, matrix)
  found = pixel_measures.measures(counts)
  each = metrics.jaccard_score(true, predicted, average=None, labels=range(k), zero_division=0)
  there = (matrix.sum(0) + matrix.sum(1)) > 0
  assert [v is not None for v in found["class_iou"]] == there.tolist()
  np.testing.assert_allclose([v or 0.0 for v in found["class_iou"]], each)
  assert found["miou"] == pytest.approx(metrics.jaccard_score(true, predicted, average="macro"))
  average = {"average": "macro"} if k > 2 else {"labels": [1], "average": "macro"}
  f1 = metrics.f1_score(true, predicted, zero_division=0, **average)
  assert found["dice"] == pytest.approx(f1)
  assert found["pixel_accuracy"] == pytest.approx(np.mean(true == predicted))


def test_padded_blocks_and_unlabelled_images_count_as_they_should():
  rng = np.random.default_rng(0)
  logits = rng.normal(size=(510, 2, 2, 3)).astype(np.float32)
  labels = rng.integers(-1, 3, (510, 2, 2)).astype(np.int32)
  counts = pooled(lambda _, x, y, valid: count(x, y, valid), None, blocks(logits, labels))
  whole = count(jnp.asarray(logits), jnp.asarray(labels), jnp.ones(510))
  for name, value in counts._asdict().items():
    np.testing.assert_allclose(value, getattr(whole, name), rtol=1e-4, err_msg=name)
  assert counts.examples == 510 * 4 and counts.confusion.sum() == (labels >= 0).sum()
  unknown = count(jnp.asarray(logits), jnp.full(510, -1), jnp.ones(510))
  assert unknown.confusion.sum() == 0 and unknown.images == 0 and unknown.entropy == whole.entropy


def test_nothing_scored_is_no_number_that_misleads():
  counts = count(jnp.zeros((1, 2, 2, 3)), jnp.full((1, 2, 2), -1), jnp.ones(1))
  found = pixel_measures.measures(counts)
  assert found["class_iou"] == [None] * 3 and found["miou"] == 0.0


def test_counts_of_pixels_come_back_from_a_checkpoint():
  from adapt.training.history import History

  kept = count(jnp.ones((1, 2, 2, 3)), jnp.zeros((1, 2, 2), int), jnp.ones(1))
  past = History()
  past.stepped([(1, {"loss": np.ones((1, 1), np.float32)})])
  past.add({"target_train": jax.tree.map(lambda v: v[None], kept)}, {})
  past.settle(0, lambda *_: None)
  found = History.of_arrays(past.arrays()).counts[0]["target_train"]
  assert isinstance(found, pixel_measures.PixelCounts)
  np.testing.assert_array_equal(found.confusion[0], kept.confusion)
