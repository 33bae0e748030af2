"""Networks as a user writes them, in linen and in nnx, for tests of what makes a `Net` of them."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx


class Mlp(nn.Module):
  """Logits alone, nothing but inputs."""

  classes: int
  width: int = 5

  @nn.compact
  def __call__(self, x):
    x = nn.tanh(nn.Dense(self.width)(x))
    return nn.Dense(self.classes)(x)


class Classifier(nn.Module):
  """The last layer two modules deep, in a module that is called head."""

  classes: int

  @nn.compact
  def __call__(self, x):
    x = nn.relu(nn.Dense(4, name="first")(x))
    return nn.Dense(self.classes, name="last")(x)


class Normed(nn.Module):
  """Batch-norm, dropout, a nested head; features by themselves."""

  classes: int
  dtype: jnp.dtype = jnp.float32

  def setup(self):
    self.body = nn.Dense(6, dtype=self.dtype)
    self.norm = nn.BatchNorm(momentum=0.9, dtype=self.dtype)
    self.drop = nn.Dropout(0.5)
    self.head = Classifier(self.classes)

  def __call__(self, x, training: bool):
    x = self.norm(self.body(x.reshape(len(x), -1)), use_running_average=not training)
    return self.head(self.drop(x, deterministic=not training))


class Pair(nn.Module):
  """(features, logits), and a flag that is off in training."""

  classes: int

  @nn.compact
  def __call__(self, x, deterministic: bool):
    x = nn.Dropout(0.5, deterministic=deterministic)(nn.relu(nn.Dense(5)(x)))
    return x, nn.Dense(self.classes, name="out")(x)


class XMlp(nnx.Module):
  def __init__(self, din, classes, *, rngs, width=5):
    self.first = nnx.Linear(din, width, rngs=rngs)
    self.second = nnx.Linear(width, classes, rngs=rngs)

  def __call__(self, x):
    return self.second(nnx.tanh(self.first(x)))


class XClassifier(nnx.Module):
  def __init__(self, din, classes, *, rngs):
    layers = [nnx.Linear(din, 4, rngs=rngs), nnx.Linear(4, classes, rngs=rngs)]
    self.layers = nnx.List(layers)

  def __call__(self, x):
    return self.layers[1](nnx.relu(self.layers[0](x)))


class XNormed(nnx.Module):
  """As `Normed`, with layers made in another order than they run in, and an array that is constant."""

  def __init__(self, din, classes, *, rngs, scale=2.0):
    self.head = XClassifier(6, classes, rngs=rngs)
    self.drop = nnx.Dropout(0.5, rngs=rngs)
    self.norm = nnx.BatchNorm(6, momentum=0.9, rngs=rngs)
    self.body = nnx.Linear(din, 6, rngs=rngs)
    self.scale = scale * jnp.ones(din)

  def __call__(self, x):
    return self.head(self.drop(self.norm(self.body(self.scale * x))))


def normed(classes, rngs):
  """A factory."""
  return XNormed(3, classes, rngs=rngs)


def xmlp(classes, rngs):
  """A factory."""
  return XMlp(3, classes, rngs=rngs)


def same_weights(linen_params) -> dict[str, jax.Array]:
  """The parameters of `Mlp` in the nesting of `XMlp`."""
  return {"first": linen_params["Dense_0"], "second": linen_params["Dense_1"]}


READY = Mlp(3)  # as text: "own:READY"
NUMBER = 3
TEXT = "mlp"
