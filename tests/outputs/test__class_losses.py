"""Losses for unequal classes equal their papers' formulas in NumPy, with finite gradients at the ends."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import outputs

RNG = np.random.default_rng(0)
LOGITS, LABELS = 2 * RNG.normal(size=(7, 4)), RNG.integers(0, 4, 7)
COUNTS = np.array([90, 10, 30, 2])
SHARES = COUNTS / COUNTS.sum()


def chosen(values):
  return values[np.arange(len(values)), LABELS]


def focal(gamma):
  p = chosen(np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True))
  return -((1 - p) ** gamma) * np.log(p)


def adjusted(tau):
  """Menon et al.'s eq. 10: log(1 + Σ_{j ≠ y} (π_j / π_y)^τ exp(l_j - l_y))."""
  odds = (SHARES / SHARES[LABELS][:, None]) ** tau * np.exp(LOGITS - chosen(LOGITS)[:, None])
  return np.log(odds.sum(1))


def balanced():
  """Ren et al.'s eq. 4."""
  parts = COUNTS * np.exp(LOGITS)
  return -np.log(chosen(parts) / parts.sum(1))


def margins(margin, scale):
  """Cao et al.'s eq. 13 with Δ = C / n^(1/4), of which the largest is `margin`."""
  delta = margin * COUNTS**-0.25 / (COUNTS**-0.25).max()
  own = np.exp(scale * (chosen(LOGITS) - delta[LABELS]))
  others = np.exp(scale * LOGITS).sum(1) - np.exp(scale * chosen(LOGITS))
  return -np.log(own / (own + others))


CASES = [
  ({"loss": "focal"}, focal(2.0)),
  ({"loss": "focal", "gamma": 0.5}, focal(0.5)),
  ({"loss": "logit_adjusted"}, adjusted(1.0)),
  ({"loss": "logit_adjusted", "tau": 1.7}, adjusted(1.7)),
  ({"loss": "balanced_softmax"}, balanced()),
  ({"loss": "ldam"}, margins(0.5, 1.0)),
  ({"loss": "ldam", "margin": 0.9, "scale": 3.0}, margins(0.9, 3.0)),
]


def made(given, counts=COUNTS):
  output = outputs.bind("classes", **given)()
  return output.by_counts(jnp.asarray(counts, jnp.float32)) if output.by_counts else output.loss


@pytest.mark.parametrize(("given", "expected"), CASES, ids=str)
def test_losses_equal_the_published_formulas(given, expected):
  found = made(given)(jnp.asarray(LOGITS, jnp.float32), jnp.asarray(LABELS))
  np.testing.assert_allclose(found, expected, rtol=2e-5)


@pytest.mark.parametrize("given", [c[0] for c in CASES], ids=str)
def test_gradients_are_finite_of_sure_examples_and_of_classes_without_any(given):
  counts = np.array([5, 0, 3, 1])
  sure = jnp.asarray([[200.0, 0, 0, 0], [0.0, -300, 0, 0]])
  loss = made(given, counts)
  value, slope = jax.value_and_grad(lambda x: loss(x, jnp.asarray([0, 1])).sum())(sure)
  assert jnp.isfinite(value) and jnp.isfinite(slope).all()


@pytest.mark.parametrize(
  ("given", "said"),
  [
    ({"loss": "focla"}, "loss is 'focla': choose cross_entropy, .* or ldam"),
    ({"gamma": 1.0}, "gamma belongs to the loss focal, and the loss is cross_entropy"),
    ({"loss": "focal", "smoothing": 0.1}, "smoothing belongs to the loss cross_entropy"),
    ({"loss": "focal", "gamma": -1.0}, "gamma is -1.0: give a number from 0"),
    ({"loss": "ldam", "scale": 0.0}, "scale is 0.0: give a number above 0"),
  ],
)
def test_what_has_no_meaning_is_refused(given, said):
  with pytest.raises(ValueError, match=said):
    outputs.bind("classes", **given)
  with pytest.raises(ValueError, match="pixels has no 'loss': it takes nothing"):
    outputs.bind("pixels", loss="focal")


def test_the_usual_loss_is_the_usual_output():
  assert outputs.bind("classes", loss="cross_entropy", gamma=2.0) == outputs.CLASSES
