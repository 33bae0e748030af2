"""swad's valley equals a list of intervals sorted by hand; training is full's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods
from adapt.method import Method, Phase
from adapt.tuning.full import full
from adapt.tuning.swad import swad

TRAINABLE = ["body", "norm", "head"]


def by_hand(losses, converge, tolerate, tolerance):
  """Which intervals the valley has, None before it begins, by the authors' queues."""
  for first in range(len(losses) - converge + 1):
    window = losses[first : first + converge]
    if np.argmin(window) == 0:
      threshold = np.mean(window) * (1 + tolerance)
      valley = [first]
      for i in range(first + 1, len(losses)):
        if min(losses[i : i + tolerate]) > threshold:
          break
        valley.append(i)
      return valley
  return None


def followed(losses, **given):
  """The mean of the numbers of the intervals that predict, when step n has weights n // 2."""
  plain = Method(
    lambda key, batch: ({"net": jnp.zeros(())}, {"stats": jnp.zeros(())}),
    lambda params, state, batch, key, progress: (batch, (state, {})),
    lambda params, state, x: (params["net"], state["stats"]),
  )
  method = swad(interval=2, **given).adjust(None, plain)
  params, state = method.init(None, None)

  def step(state, now):
    number, loss = now
    _, (state, _) = method.loss(params, state, loss, None, 0.0)
    return method.after_step({"net": number}, state), None

  number = jnp.repeat(jnp.arange(len(losses), dtype=jnp.float32), 2)
  height = jnp.repeat(jnp.asarray(losses, jnp.float32), 2) + jnp.tile(
    jnp.asarray([0.1, -0.1]), len(losses)
  )
  state, _ = jax.jit(lambda s: jax.lax.scan(step, s, (number, height)))(state)
  return float(method.predict(params, state, None)[0])


SERIES = [
  [5, 4, 3, 3.5, 3.2, 3.1, 3.3, 3.4],  # settles, and goes on
  [5, 4, 3, 3.5, 3.2, 9, 3.1, 9, 9, 3, 8],  # what is high waits for what is low again
  [5, 4, 3, 3.5, 3.2, 3.3, 9, 9, 9, 3, 3, 3],  # over after three
  [5, 2, 4, 1, 3, 3, 3, 1, 1],  # a lower one begins anew
  [6, 5, 4, 3, 2, 1],  # never settles
  [2, 2, 2, 2],
]


@pytest.mark.compares("the authors' queues by hand")
@pytest.mark.parametrize("losses", SERIES)
def test_the_valley_is_that_of_the_authors_queues(losses):
  given = {"converge": 3, "tolerate": 3, "tolerance": 0.3}
  valley = by_hand(losses, **given)
  expected = len(losses) - 1 if valley is None else np.mean(valley)
  np.testing.assert_allclose(followed(losses, **given), expected, rtol=1e-5)


@pytest.mark.parametrize(
  ("told", "followed"),
  [
    ([{"label_loss": 2.0}, {}], 2.0),  # as of mcd, whose last phase is a discrepancy
    ([{}, {"label_loss": 2.0}], 2.0),
    ([{"label_loss": 3.0}, {"label_loss": 2.0}], 2.0),
    ([{}, {}], 7.0),  # no label loss at all: the whole loss
  ],
)
def test_of_phases_the_label_loss_is_followed(told, followed):
  def phase(metrics):
    return Phase(lambda params, state, batch, key, progress: (7.0, (state, metrics)), ("net",))

  plain = Method(
    lambda key, batch: ({"net": jnp.zeros(())}, {"stats": jnp.zeros(())}),
    tuple(phase(metrics) for metrics in told),
    lambda params, state, x: (params["net"], state["stats"]),
  )
  method = swad(interval=3).adjust(None, plain)
  params, state = method.init(None, None)
  for _ in range(2):
    for each in method.loss:
      _, (state, _) = each.loss(params, state, None, None, 0.0)
    state = method.after_step(params, state)
  assert float(state["swad"]["total"]) == 2 * followed


@pytest.mark.compares("NumPy's mean of an interval's weights")
def test_training_is_fulls_and_one_interval_predicts_its_mean(tiny, batch, states):
  way = swad(interval=9)
  ours = states(way, "fine_tune", tiny, batch, 3, 3)
  fulls = states(full(), "fine_tune", tiny, batch, 3, 3)
  for (a, loss_a), (b, loss_b) in zip(ours, fulls, strict=True):
    jax.tree.map(np.testing.assert_array_equal, a.params, b.params)
    assert loss_a == loss_b
  mean = lambda *trees: jax.tree.map(lambda *v: np.mean(v, axis=0), *trees)
  net = mean(*(ts.params["net"] for ts, _ in fulls[1:]))
  stats = mean(*(ts.state["stats"] for ts, _ in fulls[1:]))
  (_, logits), _ = tiny.apply(net, stats, batch.xt, False, None)
  last = ours[-1][0]
  found = way.adjust(tiny, methods.get("fine_tune")(tiny)).predict(
    last.params, last.state, batch.xt
  )
  np.testing.assert_allclose(found[1], logits, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("wrong", [{"interval": 0}, {"converge": 1}, {"tolerate": 0}])
def test_numbers_that_make_no_valley_are_refused(wrong):
  with pytest.raises(ValueError, match="choose at least"):
    swad(**wrong)
