"""Measures of labels against scikit-learn, with absent labels, ties and unknown ones."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from adapt.evaluation import label_measures
from adapt.evaluation.metrics import blocks, looked


def _case(seed, n=None):
  rng = np.random.default_rng(seed)
  n, k = n or int(rng.integers(2, 40)), int(rng.integers(2, 6))
  y = (rng.random((n, k)) < rng.uniform(0, 1, k)).astype(np.int32)
  logits = rng.normal(size=(n, k)).astype(np.float32) + y
  if seed % 3 == 0:
    logits = np.round(logits)  # ties
  if seed % 5 == 0:
    y[:, 0], y[:, 1] = 0, 1
  return logits, y


@pytest.mark.parametrize("seed", range(50))
def test_measures_are_scikit_learns(seed):
  logits, y = _case(seed)
  found, said = label_measures.of_logits(logits, y), logits > 0
  there = [c for c in range(y.shape[1]) if y[:, c].any()]
  both = [c for c in there if not y[:, c].all()]

  def mean(measure, columns):
    values = [measure(y[:, c], logits[:, c]) for c in columns]
    return pytest.approx(np.mean(values)) if values else None

  assert found["map"] == mean(metrics.average_precision_score, there)
  assert found["auroc"] == mean(metrics.roc_auc_score, both)
  macro = metrics.f1_score(y, said, average="macro", labels=there or [0], zero_division=0)
  assert found["f1"] == (pytest.approx(macro) if there else None)
  micro = metrics.f1_score(y, said, average="micro", zero_division=0)
  assert found["micro_f1"] == pytest.approx(micro)
  assert found["subset_accuracy"] == pytest.approx(metrics.accuracy_score(y, said))
  assert found["hamming_loss"] == pytest.approx(metrics.hamming_loss(y, said))


def test_unknown_labels_count_nowhere():
  logits, y = _case(3, n=30)
  y[:7, 0], y[20:, 1] = -1, -1
  found = label_measures.of_logits(logits, y)
  each = [
    metrics.average_precision_score(y[own, c], logits[own, c])
    for c in range(y.shape[1])
    if y[own := y[:, c] >= 0, c].any()
  ]
  assert found["map"] == pytest.approx(np.mean(each))
  whole = (y >= 0).all(axis=1)
  assert found["subset_accuracy"] == np.mean(((logits > 0) == y)[whole].all(axis=1))
  assert found["hamming_loss"] == pytest.approx(np.mean(((logits > 0) != y)[y >= 0]))
  assert set(label_measures.of_logits(logits, np.full_like(y, -1)).values()) == {None}


@pytest.mark.parametrize("seed", [3, 5])
def test_blocks_on_the_device_give_the_same_map(seed):
  logits, y = _case(seed, n=700)  # two blocks, the second padded
  y[::9, 1] = -1
  y[:, 0] = 0
  over = blocks(logits, y)
  look = lambda _, x, y, valid: (label_measures.count(x, y, valid), x[None])
  counts, kept = looked(look, None, over, over.examples)
  counts = label_measures.ranked(counts, kept, over.y, over.valid)
  assert np.isnan(counts.precision[0, 0])
  found = label_measures.mean_precision(counts)[0]
  assert found == pytest.approx(label_measures.of_logits(logits, y)["map"], rel=1e-5)
  assert counts.examples == 700 and counts.finite == pytest.approx(logits.sum(), rel=1e-3)


def test_only_labels_of_this_kind_are_ranked():
  assert label_measures.marks(jnp.zeros((3, 2), jnp.int32))
  assert not label_measures.marks(jnp.zeros((3, 2)))
  assert not label_measures.marks(jnp.zeros(3, jnp.int32))
