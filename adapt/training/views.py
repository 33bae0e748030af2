"""How settings show inputs to the network, training and evaluating."""

import jax

from adapt.augment import named_views
from adapt.method import Batch
from adapt.training import shared_step
from adapt.training.settings import Settings


def inputs(batch: Batch) -> dict[str, jax.Array]:
  """Returns the parts of a batch that a network sees."""
  parts = {"xs": batch.xs, "xt": batch.xt, "xl": batch.xl}
  return {name: x for name, x in parts.items() if x is not None}


def test(settings: Settings, x: jax.Array) -> jax.Array:
  """Inputs [b, ...] as they are seen in evaluation."""
  if settings.augment == "none":
    return x
  return named_views.test_view(x, settings.augment, settings.image_size)


def train(settings: Settings, ts: shared_step.TrainState, batch: Batch) -> Batch:
  """Applies random augmentation to the batch.

  The view differs at each step and is the same for each device layout.
  """
  if settings.augment == "none":
    return batch
  key = jax.random.fold_in(jax.random.fold_in(ts.key, shared_step.AUGMENT), ts.step)
  keys = jax.random.split(key, 3)
  seen = {
    name: named_views.train_view(k, x, settings.augment, settings.image_size)
    for k, (name, x) in zip(keys, inputs(batch).items(), strict=False)
  }
  return batch._replace(**seen)
