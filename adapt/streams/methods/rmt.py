"""RMT: a robust mean teacher, contrast to prototypes, replay (Döbler et al., 2023, arXiv:2211.13081)."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from adapt.augment import test_time_views
from adapt.losses import ops, soft_labels
from adapt.models.test_time import Forward
from adapt.streams.online import Online


def rmt(
  forward: Forward,
  *,
  rate: jax.Array | float = 1e-3,
  decay: jax.Array | float = 0.999,
  contrast: jax.Array | float = 1.0,
  replay: jax.Array | float = 1.0,
  temperature: jax.Array | float = 0.1,
  width: int = 128,
  warm_up: int = 250,
  source_batch: int = 64,
  mirror: bool = False,
  noise: jax.Array | float = 0.1,
) -> Online:
  """All weights follow a mean teacher by a symmetric loss.

  Source prototypes and examples pull them back.

  One Adam step lowers the symmetric cross-entropy of each example and of its view with the teacher, a
  contrastive loss that draws both to the nearest source prototype, and the cross-entropy of source
  examples. The sum of student's and teacher's logits predicts, before the step. The pair is warmed up
  on the source, at a rising rate.

  Departs from the authors' code in labels of the source, which are the source model's own predictions
  here, as no labels come with its inputs; in views (see `augment.test_time_views`), in no flips unless
  asked for, and in source batches of one size, whatever the stream's.

  Where re-implementations go wrong: a symmetric loss twice as large, prototypes of the adapted
  model, gradients into the teacher, the student's prediction alone.

  Args:
    forward: the network.
    rate: Adam's learning rate; 0.001 for CIFAR-10 in the paper.
    decay: of the teacher's average.
    contrast: weight of the contrastive loss.
    replay: weight of the source examples; 0 is the source-free form.
    temperature: of the contrastive loss.
    width: of the projection under it.
    warm_up: steps before the stream; 50,000 examples in batches of 200 in the paper.
    source_batch: source examples in a step.
    mirror: whether views of images are flipped; True in the paper, False for digits.
    noise: of views that are no images, in the inputs' units.
  """
  optimizer = optax.adam(rate)

  def logits(params: Any, stats: Any, x: jax.Array) -> jax.Array:
    return forward(params, stats, x, source=0.0)[1]

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    features, found = forward(params, stats, xs, source=1.0)
    trained = params, projection(features.shape[-1], width)
    batches = xs[turn(jnp.arange(warm_up)[:, None], source_batch, len(xs))]
    started = warmed(optimizer, lambda p, x: logits(p, stats, x), trained, batches, decay)
    kept = stats, xs, found.argmax(axis=-1), means(features, found)
    return *started, jnp.int32(0), kept

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    trained, moments, teacher, count, (stats, xs, labels, prototypes) = state
    key = jax.random.fold_in(jax.random.key(0), count)
    seen = test_time_views.view(key, x, noise, mirror, forward.net.kind)
    taught, rows = logits(teacher, stats, x), turn(count + warm_up, source_batch, len(xs))

    def loss(trained: Any) -> tuple[jax.Array, jax.Array]:
      student, head = trained
      (plain, own), (changed, other) = (forward(student, stats, v, source=0.0) for v in (x, seen))
      both = sum(soft_labels.symmetric_cross_entropy(v, taught) for v in (own, other))
      near = nearest(jax.lax.stop_gradient(plain), *prototypes)
      drawn = projected(head, jnp.concatenate([near, plain, changed]))
      again = ops.cross_entropy(logits(student, stats, xs[rows]), labels[rows]).mean()
      pulled = contrast * contrastive(drawn, len(x), temperature)
      return 0.5 * jnp.mean(both) + pulled + replay * again, own

    gradient, own = jax.grad(loss, has_aux=True)(trained)
    updates, moments = optimizer.update(gradient, moments)
    trained = optax.apply_updates(trained, updates)
    teacher = ops.ema(teacher, trained[0], decay)
    return own + taught, (trained, moments, teacher, count + 1, state[-1])

  return Online(init, step)


def turn(i: jax.Array, size: int, n: int) -> jax.Array:
  """Rows of the i-th batch of n examples, round and round."""
  return (i * size + jnp.arange(size)) % n


def warmed(
  optimizer: optax.GradientTransformation,
  logits: Callable[[Any, jax.Array], jax.Array],
  trained: Any,
  batches: jax.Array,
  decay: jax.Array | float,
) -> tuple[Any, Any, Any]:
  """Student with projection, moments and teacher, after source batches.

  The batches are [n, b, ...], the rate rises.
  """

  def one(carry: Any, item: tuple[jax.Array, jax.Array]) -> tuple[Any, None]:
    (trained, moments, teacher), (i, x) = carry, item
    targets = logits(teacher, x)

    def loss(trained: Any) -> jax.Array:
      return soft_labels.symmetric_cross_entropy(logits(trained[0], x), targets).mean()

    updates, moments = optimizer.update(jax.grad(loss)(trained), moments)
    updates = jax.tree.map(lambda u: u * (i + 1) / len(batches), updates)
    trained = optax.apply_updates(trained, updates)
    return (trained, moments, ops.ema(teacher, trained[0], decay)), None

  start = trained, optimizer.init(trained), trained[0]
  after: tuple[Any, Any, Any] = jax.lax.scan(one, start, (jnp.arange(len(batches)), batches))[0]
  return after


def means(features: jax.Array, logits: jax.Array) -> tuple[jax.Array, jax.Array]:
  """Means [k, d] of features [n, d] by predicted class.

  And which classes have any.
  """
  members = jax.nn.one_hot(logits.argmax(axis=-1), logits.shape[-1])
  sizes = members.sum(axis=0)
  sums = jnp.matmul(members.T, features, precision=jax.lax.Precision.HIGHEST)
  return sums / jnp.maximum(sizes, 1.0)[:, None], sizes > 0


def projection(features: int, width: int) -> Any:
  """Weights of two layers, as PyTorch starts them: uniform within ±1/√(inputs)."""
  layers = []
  for key, size in zip(jax.random.split(jax.random.key(1)), (features, width), strict=True):
    drawn = jax.random.uniform(key, (size + 1, width), minval=-1.0, maxval=1.0) / jnp.sqrt(size)
    layers.append({"kernel": drawn[:-1], "bias": drawn[-1]})
  return layers


def projected(head: Any, x: jax.Array) -> jax.Array:
  """Projections [n, w] of features [n, d], of length 1."""
  hidden = jax.nn.relu(x @ head[0]["kernel"] + head[0]["bias"])
  out = hidden @ head[1]["kernel"] + head[1]["bias"]
  return out / jnp.maximum(ops.length(out)[:, None], 1e-12)


def nearest(features: jax.Array, prototypes: jax.Array, known: jax.Array) -> jax.Array:
  """Of each feature [n, d] the known prototype of highest cosine.

  Prototypes are [k, d].
  """
  a, b = (
    v / jnp.maximum(jnp.linalg.norm(v, axis=-1, keepdims=True), 1e-8)
    for v in (features, prototypes)
  )
  cosines = jnp.matmul(a, b.T, precision=jax.lax.Precision.HIGHEST)
  return prototypes[jnp.where(known, cosines, -jnp.inf).argmax(axis=-1)]


def contrastive(z: jax.Array, b: int, temperature: jax.Array | float) -> jax.Array:
  """Contrastive loss of unit vectors z [v · b, w].

  Those of one example are positives.

  Khosla et al., 2020 (arXiv:2004.11362), eq. 2: the mean over an anchor's positives outside the logarithm.
  """
  alike = jnp.matmul(z, z.T, precision=jax.lax.Precision.HIGHEST) / temperature
  itself = jnp.eye(len(z), dtype=bool)
  log_p = alike - jax.nn.logsumexp(jnp.where(itself, -jnp.inf, alike), axis=1, keepdims=True)
  owner = jnp.arange(len(z)) % b
  positives = (owner == owner[:, None]) & ~itself
  return -(jnp.where(positives, log_p, 0.0).sum(axis=1) / positives.sum(axis=1)).mean()
