"""stochnorm through a linen network, channel by channel, and where it is refused."""

import jax
import numpy as np
import pytest
import toy  # adds the folder of test networks

from adapt import models
from adapt.method import Net
from adapt.tuning.stochnorm import stochnorm

TRAINABLE = []  # it refuses the network of the shared tests

X = jax.random.normal(jax.random.key(5), (8, 2)) * 2 + 1
KEY = jax.random.key(3)
assert toy.needs("tent").model == "normed"


def jitted(net):
  return Net(jax.jit(net.init), jax.jit(net.apply, static_argnums=3))


def begun(p):
  net = jitted(stochnorm(p=p).wrap(models.build("normed", 2), 0.0))
  params, stats = net.init(jax.random.key(0), X)
  stats["norm"] = {"mean": stats["norm"]["mean"] + 0.3, "var": stats["norm"]["var"] * 2.5}
  return net, params, stats


@pytest.mark.compares("both normalisations by NumPy")
def test_each_channel_is_one_of_two():
  net, params, stats = begun(0.5)
  (features, _), new = net.apply(params, stats, X, True, KEY)
  hidden = np.asarray(X @ params["hidden"]["kernel"] + params["hidden"]["bias"], np.float64)
  usual = lambda mean, var: np.maximum((hidden - mean) / np.sqrt(var + 1e-5), 0)  # scale 1, shift 0
  by_batch = usual(hidden.mean(axis=0), hidden.var(axis=0))
  by_running = usual(*(np.asarray(stats["norm"][n], np.float64) for n in ("mean", "var")))
  drawn = 0
  for c in range(16):
    matches = [
      np.allclose(features[:, c], other[:, c], rtol=1e-3, atol=1e-4)
      for other in (by_batch, by_running)
    ]
    assert any(matches)
    drawn += matches[0] and not matches[1]
  assert 2 < drawn < 14
  # The running statistics move once, by the batch's, whatever was drawn.
  np.testing.assert_allclose(
    new["norm"]["mean"],
    0.9 * stats["norm"]["mean"] + 0.1 * hidden.mean(axis=0),
    rtol=1e-4,
    atol=1e-5,
  )


def test_p_is_the_probability_of_the_batchs_statistics():
  plain = jitted(models.build("normed", 2))
  for p, train in ((1.0, True), (0.0, False)):
    net, params, stats = begun(p)
    (features, _), _ = net.apply(params, stats, X, True, KEY)
    (expected, _), _ = plain.apply(params, stats, X, train, None)
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5)


def test_evaluation_draws_nothing_and_another_key_draws_anew():
  net, params, stats = begun(0.5)
  plain = jitted(models.build("normed", 2))
  evaluated, same = net.apply(params, stats, X, False, None)
  jax.tree.map(
    np.testing.assert_array_equal, evaluated, plain.apply(params, stats, X, False, None)[0]
  )
  jax.tree.map(np.testing.assert_array_equal, same, stats)
  first, again, other = (
    net.apply(params, stats, X, True, k)[0][0] for k in (KEY, KEY, jax.random.key(4))
  )
  np.testing.assert_array_equal(first, again)
  assert (first != other).any()


def test_a_network_without_batch_normalisation_is_refused():
  net = stochnorm().wrap(models.build("mlp", 2), 0.0)
  with pytest.raises(ValueError, match="choose another --model"):
    net.init(KEY, X)
  with pytest.raises(ValueError, match="between 0 and 1"):
    stochnorm(p=2.0)
