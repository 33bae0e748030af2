"""What logits say of classes and of labels."""

import numpy as np

from adapt.deploy import decided

LOGITS = np.array([[2.0, 1.0], [-1.0, 0.5], [0.0, -3.0]], np.float32)


def test_classes_share_one_probability_and_labels_have_their_own():
  of_labels = {"output": {"name": "labels"}}
  np.testing.assert_allclose(decided.probabilities({}, LOGITS).sum(axis=1), 1, rtol=1e-6)
  expected = 1 / (1 + np.exp(-LOGITS))
  np.testing.assert_allclose(decided.probabilities(of_labels, LOGITS), expected, rtol=1e-6)
  assert decided.predicted({}, LOGITS).tolist() == [0, 1, 0]
  assert decided.predicted(of_labels, LOGITS).tolist() == [[1, 1], [0, 1], [0, 0]]
