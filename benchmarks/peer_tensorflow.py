"""DANN as users of the ADAPT toolbox run it, in Keras.

Every run is the work of ours as far as its public interface goes, but it sees each domain in a pass of
its own, so batch norm has two sets of statistics a step. Its reversed loss is the sum of the domains'
means where ours is their mean: λ is halved, and so is the discriminator's rate.
"""

from typing import Any

import numpy as np

from benchmarks import peer_runs
from benchmarks.contender import Work
from benchmarks.peer_runs import Arrays, Peer


def _layers(work: Work) -> tuple[Any, Any, Any]:
  """(encoder, task, discriminator), layer for layer ours, starting as ours do."""
  from tensorflow import keras

  init = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
  of = keras.layers

  def decay(times: float = 1.0) -> dict[str, Any]:
    # A rate that is halved halves the decay too, if it is in the gradient.
    rule = keras.regularizers.L2(times * work.weight_decay / 2) if work.weight_decay else None
    return {"kernel_regularizer": rule, "bias_regularizer": rule}

  def norm(momentum: float, times: float = 1.0) -> Any:
    rules = decay(times).values()
    names = ("gamma_regularizer", "beta_regularizer")
    return of.BatchNormalization(
      momentum=momentum, epsilon=1e-5, **dict(zip(names, rules, strict=True))
    )

  def dense(units: int, times: float = 1.0, **more: Any) -> Any:
    return of.Dense(units, kernel_initializer=init, **decay(times), **more)

  def conv(channels: int) -> Any:
    return of.Conv2D(channels, 5, kernel_initializer=init, **decay())

  if work.model == "mlp":
    body = [dense(100, activation="sigmoid")]
  else:
    body = [
      *(conv(20), of.MaxPooling2D(), of.ReLU()),
      *(conv(50), of.SpatialDropout2D(0.5), of.MaxPooling2D(), of.ReLU(), of.Flatten()),
      *(dense(500, activation="relu"), of.Dropout(0.5), dense(256), norm(0.9), of.ReLU()),
    ]
  critic: list[Any] = []
  for _ in range(work.depth):
    critic += [dense(work.width, 2.0), norm(0.9, 2.0), of.ReLU()]
  critic.append(dense(1, 2.0, activation="sigmoid"))
  task = [dense(work.classes)]
  inputs = keras.Input(work.shape)
  features = keras.Input((100 if work.model == "mlp" else 256,))
  return (
    keras.Sequential([inputs, *body]),
    keras.Sequential([features, *task]),
    keras.Sequential([features, *critic]),
  )


def _optimizer(work: Work, times: float = 1.0) -> Any:
  """Nesterov's SGD with our schedule, computed in the graph as Keras's own schedules are."""
  import tensorflow as tf

  @tf.keras.utils.register_keras_serializable()
  class Inverse(tf.keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, rate: float, steps: int) -> None:
      self.rate, self.steps = rate, steps

    def __call__(self, step: Any) -> Any:
      return self.rate * (1 + 10 * tf.cast(step, tf.float32) / self.steps) ** -0.75

    def get_config(self) -> dict[str, Any]:
      return {"rate": self.rate, "steps": self.steps}

  return tf.keras.optimizers.SGD(Inverse(times * work.lr, work.run), momentum=0.9, nesterov=True)


def _stop(work: Work) -> Any:
  """Ends training after the last step."""
  import tensorflow as tf

  class Stop(tf.keras.callbacks.Callback):
    taken = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
      self.taken += 1
      self.model.stop_training |= self.taken == work.run

  return Stop()


def toolbox(work: Work, arrays: Arrays, seed: int) -> np.ndarray:
  """ADAPT's DANN, with its callback that moves λ."""
  import tensorflow as tf
  from adapt.feature_based import DANN
  from adapt.utils import UpdateLambda

  tf.keras.utils.set_random_seed(seed)
  encoder, task, discriminator = _layers(work)
  model = DANN(
    encoder,
    task,
    discriminator,
    Xt=arrays.xt,
    lambda_=tf.Variable(0.0),
    copy=False,
    random_state=seed,
    optimizer_enc=_optimizer(work),
    optimizer_disc=_optimizer(work, 0.5),
  )
  # Given to DANN itself, an optimiser is made again from its configuration, and loses its schedule; and
  # compile reads what only fit sets.
  model.pretrain_ = False
  loss = tf.keras.losses.CategoricalCrossentropy(from_logits=True)
  model.compile(optimizer=_optimizer(work), loss=loss)
  most = peer_runs.ramp(work, work.run) / 2
  moves = UpdateLambda(lambda_max=most, max_steps=work.run, gamma=work.ramp)
  each = -(-max(len(arrays.xs), len(arrays.xt)) // work.batch)  # steps of an epoch
  model.fit(
    arrays.xs,
    np.eye(work.classes, dtype=np.float32)[arrays.ys],
    batch_size=work.batch,
    epochs=-(-work.run // each),
    callbacks=[moves, _stop(work)],
    verbose=0,
  )
  return np.asarray(model.predict(arrays.x_test, batch_size=256)).argmax(1)


# Its import name is that of our package, which this environment does not have.
PEERS = {"ADAPT": Peer(toolbox, ("adapt.feature_based",), ("adapt", "tensorflow", "keras"))}

if __name__ == "__main__":
  peer_runs.main(PEERS)
