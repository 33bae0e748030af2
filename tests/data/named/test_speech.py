"""Speakers as series."""

import numpy as np

from adapt.data.named import speech


def test_recordings_have_no_gain():
  x = np.random.default_rng(0).normal(3, 2, (4, 32, 40)).astype(np.float32)
  found = speech.standardised(x)
  np.testing.assert_allclose(found.mean((1, 2)), 0, atol=1e-5)
  np.testing.assert_allclose(found.std((1, 2)), 1, rtol=1e-4)
