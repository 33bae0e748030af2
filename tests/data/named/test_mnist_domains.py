"""Rotated and coloured MNIST: dealt without overlap, turned and coloured as their names say."""

import numpy as np
import pytest

from adapt import data
from adapt.data import prepared
from adapt.data.named import mnist_domains

N = 3600


@pytest.fixture(autouse=True)
def fake(monkeypatch):
  """Images that are told apart by a bright row of their number's bits."""

  def arrays(name, split, data_dir=None):
    assert name == "mnist_digits"
    numbers = np.arange(N)[: N // 2] if split == "train" else np.arange(N)[N // 2 :]
    x = np.zeros((len(numbers), 28, 28, 1), np.uint8)
    x[:, 13, :12, 0] = 255 * (numbers[:, None] >> np.arange(12) & 1)
    x[:, 0, 0] = 9  # so that no image is black
    return x, numbers % 10

  mnist_domains._ordered.cache_clear()
  monkeypatch.setattr(prepared, "arrays", arrays)
  yield
  mnist_domains._ordered.cache_clear()


def numbers(domain, channel=0):
  """Which image each example of both splits is, training first."""
  x = np.concatenate([domain.train.x, domain.test.x])
  bits = x.max(axis=-1) if channel is None else x[..., channel]
  return ((bits[:, 13, :12] > 100) << np.arange(12)).sum(axis=1)


def test_every_image_is_in_one_domain_and_split():
  for names in ([0, 15, 30, 45, 60, 75], ["plus90", "plus80", "minus90"]):
    kind = "rotated" if len(names) == 6 else "colored"
    found = [data.load(f"{kind}_mnist_{name}") for name in names]
    assert {len(d.test.x) for d in found} == {N // len(names) // 5}
    if kind == "colored":
      seen = np.concatenate([numbers(d, None) for d in found])
      assert sorted(seen.tolist()) == list(range(N))
  first = data.load("rotated_mnist_0")
  assert len({*numbers(first).tolist()}) == N // 6
  labels = np.concatenate([first.train.y, first.test.y])
  np.testing.assert_array_equal(labels, numbers(first) % 10)
  np.testing.assert_array_equal(first.train.x, data.load("rotated_mnist_0").train.x)


def test_a_rotation_is_counter_clockwise_about_the_middle():
  image = np.zeros((1, 28, 28, 1), np.uint8)
  image[0, 13:15, 18:26] = 255  # to the right of the middle
  np.testing.assert_array_equal(mnist_domains.turned(image, 0), image)
  up = mnist_domains.turned(image, 90)
  np.testing.assert_array_equal(up[0, :, :, 0], np.rot90(image[0, :, :, 0]))
  rows, columns = np.nonzero(mnist_domains.turned(image, 45)[0, :, :, 0] > 100)
  assert rows.max() < 14 < columns.min() + 1  # above, and still to the right
  assert data.load("rotated_mnist_45").train.x.dtype == np.uint8


@pytest.mark.parametrize(("name", "agrees"), [("plus90", 0.9), ("plus80", 0.8), ("minus90", 0.1)])
def test_colour_and_label_agree_as_often_as_the_name_says(name, agrees):
  domain = data.load(f"colored_mnist_{name}")
  x, y = (np.concatenate([getattr(s, n) for s in (domain.train, domain.test)]) for n in "xy")
  bright = x.reshape(len(x), -1, 2).sum(axis=1, dtype=int)
  assert (bright.min(axis=1) == 0).all() and (bright.max(axis=1) > 0).all()  # one channel alone
  assert np.mean(bright.argmax(axis=1) == y) == pytest.approx(agrees, abs=0.03)
  digits = numbers(domain, None) % 10
  assert np.mean((digits < 5) == y) == pytest.approx(0.75, abs=0.04)
  assert domain.classes == ("5 to 9", "0 to 4")
