"""nets: which statistics, keys and modes the two domains run under."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.method import Batch, Net
from adapt.models import nets

KEY = jax.random.key(3)


def normal(seed, *shape):
  return jnp.asarray(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


XS, XT = normal(0, 5, 2), normal(1, 3, 2) + 4.0  # unequal sizes, shifted target
BATCH = Batch(XS, jnp.zeros(5, int), jnp.ones(5), jnp.zeros(5, int), XT)
PARAMS = {"body": normal(2, 2, 4), "head": {"kernel": normal(3, 4, 3), "bias": normal(4, 3)}}
STATS = {"mean": normal(5, 4)}


def make(rate):
  """A linear layer, centred by a batch mean, dropout of the given rate, a head."""

  def init(key, x):
    assert len(key.shape) == 0
    shape = (x.shape[1], 4)
    return {**PARAMS, "body": jax.random.normal(key, shape)}, {"mean": jnp.zeros(4)}

  def apply(params, stats, x, train, key):
    h = x @ params["body"]
    mean = h.mean(axis=0) if train else stats["mean"]
    new = {"mean": 0.9 * stats["mean"] + 0.1 * mean} if train else stats
    features = h - mean
    if train and rate:
      features = features * jax.random.bernoulli(key, 1 - rate, features.shape)
    return (features, features @ params["head"]["kernel"] + params["head"]["bias"]), new

  return Net(init, apply)


PLAIN, DROPPING = make(0.0), make(0.5)


def same(a, b):
  assert jax.tree.structure(a) == jax.tree.structure(b)
  jax.tree.map(np.testing.assert_array_equal, a, b)


@pytest.mark.parametrize("net", [PLAIN, DROPPING], ids=["plain", "dropout"])
def test_joint_is_one_pass_over_the_concatenation(net):
  (fs, ls), (ft, lt), stats = nets.both(net, PARAMS, STATS, BATCH, KEY, joint=True)
  whole = net.apply(PARAMS, STATS, jnp.concatenate([XS, XT]), True, KEY)
  assert len(fs) == len(ls) == 5
  assert len(ft) == len(lt) == 3
  same(((jnp.concatenate([fs, ft]), jnp.concatenate([ls, lt])), stats), whole)


def test_joint_centres_the_mixture_not_the_domains():
  (fs, _), (ft, _), _ = nets.both(PLAIN, PARAMS, STATS, BATCH, KEY, joint=True)
  np.testing.assert_allclose(jnp.concatenate([fs, ft]).mean(axis=0), 0, atol=1e-5)
  assert jnp.abs(fs.mean(axis=0)).min() > 0.1


def test_separate_is_two_passes_each_under_its_own_statistics():
  source, target, _ = nets.both(PLAIN, PARAMS, STATS, BATCH, KEY, joint=False)
  same(source, PLAIN.apply(PARAMS, STATS, XS, True, KEY)[0])
  same(target, PLAIN.apply(PARAMS, STATS, XT, True, KEY)[0])
  np.testing.assert_allclose(source[0].mean(axis=0), 0, atol=1e-5)
  np.testing.assert_allclose(target[0].mean(axis=0), 0, atol=1e-5)


def test_separate_passes_move_the_statistics_source_first():
  _, _, stats = nets.both(PLAIN, PARAMS, STATS, BATCH, KEY, joint=False)
  source, target = (np.asarray((x @ PARAMS["body"]).mean(axis=0)) for x in (XS, XT))
  expected = 0.9 * (0.9 * np.asarray(STATS["mean"]) + 0.1 * source) + 0.1 * target
  np.testing.assert_allclose(stats["mean"], expected, rtol=1e-5)


def test_separate_passes_drop_different_units():
  twice = BATCH._replace(xt=XS)
  (fs, _), (ft, _), _ = nets.both(DROPPING, PARAMS, STATS, twice, KEY, joint=False)
  assert np.any((fs == 0) != (ft == 0))
  again = nets.both(DROPPING, PARAMS, STATS, twice, KEY, joint=False)
  same((fs, ft), (again[0][0], again[1][0]))


def test_predictor_runs_in_evaluation_mode():
  features, logits = nets.predictor(DROPPING)({"net": PARAMS}, {"stats": STATS}, XT)
  np.testing.assert_array_equal(features, XT @ PARAMS["body"] - STATS["mean"])
  head = PARAMS["head"]
  np.testing.assert_array_equal(logits, features @ head["kernel"] + head["bias"])


def test_start_gives_weights_and_the_features_that_size_a_critic():
  params, stats, features = nets.start(DROPPING, KEY, BATCH)
  same((params, stats), DROPPING.init(KEY, XS))
  assert features.shape == (5, 4)
  np.testing.assert_array_equal(features, XS @ params["body"])  # evaluation mode, mean 0


def test_beginning_at_starts_from_the_given_weights_whatever_the_key():
  net = nets.beginning_at(DROPPING, PARAMS, STATS)
  assert net.apply is DROPPING.apply
  for seed in (0, 1):
    params, stats, features = nets.start(net, jax.random.key(seed), BATCH)
    same((params, stats), (PARAMS, STATS))
    np.testing.assert_array_equal(features, XS @ PARAMS["body"] - STATS["mean"])
