"""MDAN's network: its layers, and that the suite's step takes 20 reviews of each of three sources."""

import jax
import numpy as np

from adapt import models
from benchmarks.amazon_several import SUITE


def test_it_has_three_rectified_layers():
  net = models.build("mlp3", 2)
  x = jax.random.normal(jax.random.key(1), (3, 7))
  params, stats = net.init(jax.random.key(0), x)
  assert not stats
  h = np.asarray(x)
  for i, width in enumerate((1000, 500, 100)):
    layer = params[f"hidden{i}"]
    assert layer["kernel"].shape == (h.shape[1], width)
    assert np.abs(layer["kernel"]).max() <= h.shape[1] ** -0.5  # as PyTorch starts them
    h = np.maximum(h @ layer["kernel"] + layer["bias"], 0)
  (features, logits), _ = net.apply(params, stats, x, train=False, key=None)
  np.testing.assert_allclose(features, h, rtol=1e-4, atol=1e-5)
  expected = h @ params["head"]["kernel"] + params["head"]["bias"]
  np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_the_suite_has_the_budget_of_the_authors_code():
  assert all(len(task.source) == 3 for task in SUITE.tasks)
  assert SUITE.settings.batch_size == 60 and SUITE.settings.steps == 1500
  printed = {"MLPNet": 80.62, "cDANN": 82.01, "MDAN S-Max": 82.72}
  rows = {r.label: np.mean(list(r.accuracy.values())) for r in SUITE.reported}
  assert all(abs(rows[label] - value) < 0.01 for label, value in printed.items())
