import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.augment import corruptions


@pytest.fixture(scope="module")
def digits():
  """Four bright shapes on black, [4, 28, 28, 1] uint8."""
  at = np.mgrid[:28, :28] - 13.5
  rings = [np.abs(np.hypot(at[0], at[1] * (1 + 0.2 * i)) - 7) < 1.5 for i in range(4)]
  return jnp.asarray(255 * np.stack(rings)[..., None].astype(np.uint8))


@pytest.fixture(scope="module")
def made(digits):
  """Every kind at severities 0, 1, 3 and 5, and once more at 5."""
  severities = jnp.array([0, 1, 3, 5, 5])
  key = jax.random.key(3)
  found = {}
  for kind in corruptions.KINDS:
    program = jax.jit(lambda s, x, kind=kind: corruptions.corrupted(kind, key, x, s))
    found[kind] = [np.asarray(program(s, digits)) for s in severities]
  return found


@pytest.mark.parametrize("kind", corruptions.KINDS)
def test_more_severe_is_further_from_the_image(kind, made, digits):
  nothing, mild, middle, most, again = (m.astype(float) for m in made[kind])
  clean = np.asarray(digits).astype(float)
  assert (nothing == clean).all() and (most == again).all()
  if kind == "spatter":  # fewer, finer drops in the middle
    middle = (mild + most) / 2
  far = [np.sqrt(np.mean((m - clean) ** 2)) for m in (mild, middle, most)]
  assert 0 < far[0] < far[1] < far[2]


@pytest.mark.parametrize("kind", ["gaussian_noise", "rotate", "dotted_line"])
def test_each_image_and_each_key_has_its_own_noise(kind, digits):
  same = jnp.broadcast_to(digits[:1], (16, 28, 28, 1))
  program = jax.jit(lambda key: corruptions.corrupted(kind, key, same, 5))
  one, other = (program(jax.random.key(k)) for k in (0, 1))
  assert len(np.unique(np.asarray(one).reshape(16, -1), axis=0)) > 1
  assert (one != other).any()


def test_geometry_is_as_told(digits):
  key, x = jax.random.key(0), digits[0].astype(jnp.float32)

  @jax.jit
  def made():
    kinds = ("scale", 5), ("translate", 2), ("stripe", 5), ("rotate", 5)
    return [corruptions.KINDS[kind](key, x, severity) for kind, severity in kinds]

  half, moved, striped, turned = made()
  assert half.sum() == pytest.approx(float(x.sum()) / 4, rel=0.05)
  assert any(np.allclose(np.roll(x, (a, b), (0, 1)), moved) for a in (-2, 2) for b in (-2, 2))
  assert (striped[:, :7] == 255 - x[:, :7]).all() and (striped[:, 7:21] == x[:, 7:21]).all()
  assert turned.sum() == pytest.approx(float(x.sum()), rel=0.02)


@pytest.mark.parametrize(
  ("kind", "x"),
  [
    ("rain", np.zeros((1, 28, 28, 1), np.uint8)),
    ("fog", np.zeros((1, 28, 28, 3), np.uint8)),
    ("fog", np.zeros((1, 28, 28, 1), np.float32)),
  ],
)
def test_other_inputs_are_refused(kind, x):
  with pytest.raises(ValueError, match="corruption"):
    corruptions.corrupted(kind, jax.random.key(0), x, 1)
