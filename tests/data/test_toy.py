"""The toy domains are what the records and golden numbers of the tests were made of."""

import hashlib

import numpy as np
import pytest
import toy as tests_toy

from adapt.data import toy

DIGESTS = {
  "moons": "e94e38b3513a5501",
  "turned": "adbc6846c1892a36",
  "tilted": "e9b229a789d50d26",
  "blobs": "828dfe9e3a167ca1",
  "moved": "6b9de72db6c0b12b",
}


def digest(domain):
  parts = (*domain.train, *domain.test)
  return hashlib.sha256(b"".join(np.ascontiguousarray(p).tobytes() for p in parts)).hexdigest()[:16]


@pytest.mark.parametrize("name", DIGESTS)
def test_a_toy_domain_never_changes(name):
  assert digest(toy.named(name)) == DIGESTS[name]
  assert digest(tests_toy.load(name)) == DIGESTS[name]
  assert toy.named(name).classes == tests_toy.load(name).classes


def test_moons_turn_about_their_centre():
  (x, y), (turned, same) = toy.moons(200, 0, 3), toy.moons(200, 90, 3)
  assert (y == same).all() and set(y) == {0, 1}
  np.testing.assert_allclose(turned, x @ np.array([[0, 1], [-1, 0]]), atol=1e-6)
