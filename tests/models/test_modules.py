import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import own
import pytest
from flax import nnx

from adapt import methods, models, tuning
from adapt.experiments.suite import Settings
from adapt.losses import ops
from adapt.method import Batch
from adapt.models import mlp, modules
from adapt.training import shared_step

KEY, KEYS = jax.random.key(0), jax.random.split(jax.random.key(2), 2)
X = jax.random.normal(jax.random.key(1), (8, 3))
Y = jnp.arange(8) % 3
MADE = {
  "linen class": own.Mlp,
  "linen module": own.Normed(3),
  "linen pair": own.Pair,
  "nnx class": functools.partial(own.XMlp, 3),
  "nnx factory": own.normed,
  "nnx module": own.XNormed(3, 3, rngs=nnx.Rngs(5)),
}
every = pytest.mark.parametrize("network", MADE.values(), ids=MADE.keys())


def started(network, classes=3, x=X, key=KEY, **given):
  """(net, params, stats) of a user's network."""
  net = modules.as_factory(network)(classes, **given)
  return net, *jax.jit(net.init)(key, x)


def moved(tree):
  """The tree with other numbers in it: what starts at 0 or 1 hides where it stands."""
  return jax.tree.map(lambda v: v + jnp.linspace(0.1, 0.3, v.size).reshape(v.shape), tree)


def assert_close(ours, theirs, rtol=1e-5):
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-6), ours, theirs)


@every
@pytest.mark.parametrize("train", [False, True])
def test_features_are_what_the_head_reads(network, train):
  net, params, stats = started(network)
  params, stats = moved(params), moved(stats)
  run = jax.jit(net.apply, static_argnums=3)
  (features, logits), new = run(params, stats, X, train, KEY if train else None)
  assert features.dtype == logits.dtype == jnp.float32
  assert_close(logits, features @ params["head"]["kernel"] + params["head"]["bias"])
  assert jax.tree.structure(new) == jax.tree.structure(stats)
  changed = any(jax.tree.leaves(jax.tree.map(lambda a, b: bool((a != b).any()), new, stats)))
  assert changed == (train and bool(stats))


@pytest.mark.parametrize(
  ("module", "flag", "body"),
  [
    (own.Mlp(3), {}, {"Dense_0": ("Dense_0",), "head": ("Dense_1",)}),
    (own.Pair(3), {"deterministic": False}, {"Dense_0": ("Dense_0",), "head": ("out",)}),
    (
      own.Normed(3),
      {"training": True},
      {n: (n,) for n in ("body", "norm")} | {"head_": ("head",), "head": ("head", "last")},
    ),
  ],
)
def test_a_training_pass_is_that_of_linen_by_hand(module, flag, body):
  net, params, stats = started(module)
  params = moved(params)
  assert params.keys() == body.keys()

  def by_hand(params):
    whole = {}
    for name, path in body.items():
      place = functools.reduce(lambda d, n: d.setdefault(n, {}), path, whole)
      place.update(params[name])
    out, new = module.apply(
      {"params": whole, **stats}, X, rngs={"dropout": KEY}, mutable=["batch_stats"], **flag
    )
    return out[1] if isinstance(out, tuple) else out, new

  def ours(params):
    (_, logits), new = net.apply(params, stats, X, True, KEY)
    return logits, new

  results = []
  for run in (ours, by_hand):
    loss = lambda params, run=run: (ops.cross_entropy(run(params)[0], Y).mean(), run(params))
    results.append(jax.jit(jax.value_and_grad(loss, has_aux=True))(params))
  assert_close(*results)
  assert all(np.any(g != 0) for g in jax.tree.leaves(results[0][1]["head"]))


def test_linen_and_nnx_of_one_network_agree_with_that_of_the_catalogue():
  module = mlp.Module(3, jnp.float32, width=5)
  net, params, stats = started(lambda classes: module)
  x_net = modules.as_factory(functools.partial(SigmoidMlp, 3))(3)
  twin = models.linen.as_net(module)

  def loss(net, params):
    (features, logits), _ = net.apply(params, stats, X, True, KEY)
    return ops.cross_entropy(logits, Y).mean() + features.sum()

  first, second, third = (
    jax.value_and_grad(functools.partial(loss, n))(params) for n in (net, twin, x_net)
  )
  assert_close(first, second, rtol=1e-6)
  assert_close(first, third, rtol=1e-6)


class SigmoidMlp(nnx.Module):
  """The catalogue's mlp in nnx; its last layer is not called head."""

  def __init__(self, din, classes, *, rngs):
    self.out, self.hidden = nnx.Linear(5, classes, rngs=rngs), nnx.Linear(din, 5, rngs=rngs)

  def __call__(self, x):
    return self.out(nnx.sigmoid(self.hidden(x)))


@every
def test_seeds_start_apart_unless_the_module_has_its_values(network):
  net = modules.as_factory(network)(3)
  params, _ = jax.jit(jax.vmap(net.init, in_axes=(0, None)))(KEYS, X)
  again, _ = jax.jit(net.init)(KEYS[0], 2 * X)
  assert_close(jax.tree.map(lambda v: v[0], params), again)
  kernel = params["head"]["kernel"]
  assert bool((kernel[0] != kernel[1]).any()) == (network is not MADE["nnx module"])


@every
def test_every_key_drops_other_features_and_evaluation_none(network):
  net, params, stats = started(network)
  run = lambda train, key: net.apply(params, stats, X, train, key)[0]
  assert_close(run(False, None), run(False, KEY))
  assert_close(run(True, KEY), run(True, KEY))
  drops = network not in (MADE["linen class"], MADE["nnx class"])
  assert bool((run(True, KEYS[0])[0] != run(True, KEYS[1])[0]).any()) == drops


@every
def test_maps_over_seeds_and_passes_by_forward_mode(network):
  net, params, stats = started(network)
  two = jax.tree.map(lambda v: jnp.stack([v, 2 * v]), params)
  one = lambda params, key: net.apply(params, stats, X, True, key)[0]
  mapped, in_turn = jax.vmap(one)(two, KEYS), jax.lax.map(lambda v: one(*v), (two, KEYS))
  assert_close(mapped, in_turn)
  jax.linearize(lambda x: net.apply(params, stats, x, True, KEY)[0][1], X)[1](X)


BATCH = Batch(X, Y, jnp.ones(8), jnp.ones((8, 1)), X[::-1] + 1, None, None, jnp.arange(8))
SETTINGS = Settings(lr=0.05, momentum=0.9, weight_decay=0.0, schedule="constant")


# Every module under one method; one of each library under what reaches into a network in other ways.
TRAINED = [(module, "dann", "full") for module in MADE]
REACHING = [("dann", "linear_probe"), ("dann", "lora"), ("mdd", "lora"), ("mcd", "full")]
REACHING += [("shot", "full")]
TRAINED += [(module, *how) for module in ("linen module", "nnx factory") for how in REACHING]


@pytest.mark.parametrize(("module", "name", "tuned"), TRAINED)
def test_trains_under_methods_and_tunings_without_a_second_trace(module, name, tuned):
  net = tuning.get(tuned)().wrap(modules.as_factory(MADE[module])(3), 0.0)
  # Heads like the module's own: deeper ones are networks of ours, and cost seconds of compilation.
  method = methods.get(name)(net, **({"depth": 0} if name in ("mcd", "mdd") else {}))
  opt = shared_step.optimizer(SETTINGS, 0.05)
  ts = jax.jit(lambda key: shared_step.init(method, opt, key, BATCH))(KEY)
  step = jax.jit(lambda ts: shared_step.step(method, opt, 10, ts, BATCH))
  if method.refresh is not None:
    ts = ts._replace(state=method.refresh(ts.params, ts.state, X, Y, X))
  after, metrics = step(ts)
  after, _ = step(after)
  assert step._cache_size() == 1
  assert np.isfinite(metrics["loss"]) and after.alive
  before, now = jax.tree.leaves(ts.params), jax.tree.leaves(after.params)
  assert any((a != b).any() for a, b in zip(before, now, strict=True))


@pytest.mark.parametrize("network", [MADE["linen module"], MADE["nnx factory"]])
def test_batch_statistics_are_averaged_over_an_axis(network):
  net, params, stats = started(network, axis="devices")
  shards = jnp.stack([X[:2], 3 * X[2:4]])
  run = lambda x: net.apply(params, stats, x, True, KEY)[1]
  new = jax.vmap(run, axis_name="devices")(shards)
  jax.tree.map(lambda s: np.testing.assert_allclose(s[0], s[1], rtol=1e-6), new)
  assert network is not MADE["linen module"] or own.Normed(3) == network
  alone = modules.as_factory(network)(3).apply(params, stats, X, True, KEY)
  assert np.isfinite(jax.tree.leaves(alone)[0]).all()


@every
def test_pixels_are_scaled_on_the_device(network):
  net, params, stats = started(network)
  pixels = jnp.arange(24, dtype=jnp.uint8).reshape(8, 3) * 10
  scaled = pixels.astype(jnp.float32) / 127.5 - 1
  seen, wanted = (net.apply(params, stats, x, False, None)[0] for x in (pixels, scaled))
  assert_close(seen, wanted)


def test_a_compile_type_reaches_what_takes_one():
  net, params, stats = started(own.Normed, dtype=jnp.bfloat16)
  exact = modules.as_factory(own.Normed)(3)
  assert {v.dtype for v in jax.tree.leaves(params)} == {jnp.dtype("float32")}
  ours, theirs = (n.apply(params, stats, X, False, None)[0][1] for n in (net, exact))
  assert ours.dtype == jnp.float32 and (ours != theirs).any()
  np.testing.assert_allclose(ours, theirs, atol=0.05)


def test_other_collections_travel_and_sown_values_do_not_grow():
  class Counting(nn.Module):
    @nn.compact
    def __call__(self, x, train=False):
      self.sow("losses", "mean", x.mean())
      calls = self.variable("calls", "n", lambda: jnp.zeros(()))
      if train:
        calls.value += 1
      return nn.Dense(3)(x)

  net, params, stats = started(Counting())
  new = net.apply(params, stats, X, True, KEY)[1]
  assert jax.tree.structure(new) == jax.tree.structure(stats)
  assert new["calls"]["n"] == 1 and net.apply(params, new, X, False, None)[1]["calls"]["n"] == 1


def test_a_layer_that_is_its_parent_s_is_one_call():
  class Own(nn.Dense):
    def __call__(self, inputs):
      return super().__call__(inputs)

  net, params, stats = started(lambda classes: nn.Sequential([nn.Dense(4), Own(classes)]))
  assert set(params) == {"layers_0", "head"}
  (features, _), _ = net.apply(params, stats, X, False, None)
  assert features.shape == (8, 4)


def test_a_net_and_what_makes_one_stay_as_they_are():
  net = models.build("mlp", 3)
  assert modules.as_factory(net)(7) is net
  seen = {}
  make = lambda classes, *, dtype, axis=None: seen.update(c=classes, d=dtype, a=axis) or net
  assert modules.as_factory(make)(4, dtype=jnp.bfloat16, axis="devices") is net
  assert seen == {"c": 4, "d": jnp.bfloat16, "a": "devices"}


def returning(after):
  """A linen module whose last layer's features and output go through a function."""

  class Changed(nn.Module):
    @nn.compact
    def __call__(self, x):
      return after(x, nn.Dense(3, name="last")(x))

  return Changed()


class Always(nn.Module):
  @nn.compact
  def __call__(self, x):
    return nn.Dense(3)(nn.BatchNorm(use_running_average=False)(x))


class Tied(nn.Module):
  @nn.compact
  def __call__(self, x):
    layer = nn.Dense(3)
    return layer(nn.relu(layer(x)))


class Masked(nn.Module):
  @nn.compact
  def __call__(self, x, mask):
    return nn.Dense(3)(x * mask)


LAST = "last, does not"
WRONG = [
  (3, "a network cannot be a int: give"),
  (Masked, r"Masked cannot be called as Masked\(classes\) \(too many"),
  (Masked(), "Masked cannot be called with inputs alone .*mask.*let its __call__ take x"),
  (lambda: own.Mlp(3), r"cannot be called as <lambda>\(classes\) .*give a function that can"),
  (own.XMlp, r"XMlp cannot be called as XMlp\(classes, rngs\) .*din.*give a function that can"),
  (lambda classes: own.XMlp(3, 3, rngs=nnx.Rngs(0)), "same weights for every seed: .*rngs"),
  (lambda classes: 3, "<lambda> makes a int: let it make a linen or nnx module"),
  (lambda classes, rngs: own.Mlp(3), "takes rngs and gives a Mlp: let it give an nnx module"),
  (own.Mlp(4), "Mlp gives 4 logits for 3 classes: make it with 3, or give a function"),
  (own.XMlp(3, 5, rngs=nnx.Rngs(0)), "XMlp gives 5 logits for 3 classes: make it with 3"),
  (nn.Conv(3, (1,)), r"Conv calls no dense layer: let its last layer be nn.Dense\(classes\)"),
  (nn.Dense(3, use_bias=False), "the last dense layer of Dense, itself, has no bias"),
  (Tied(), "the last dense layer of Tied, Dense_0, is called 2 times"),
  (Always(), "Always updates its variables in evaluation too.* take train"),
  (returning(lambda x, y: nn.log_softmax(y)), f"{LAST} give its logits: return what it gives"),
  (returning(lambda x, y: y / 2), f"{LAST} give its logits"),
  (returning(lambda x, y: (nn.relu(x), y)), f"{LAST} read its features: return what it reads"),
  (returning(lambda x, y: (y, x, y)), r"Changed returns \(.*\) for two examples: return logits"),
  (returning(lambda x, y: {"l": y}), r"Changed returns \(dict\) for two examples"),
  (returning(lambda x, y: y[:, None]), r"Changed returns \(\(2, 1, 3\)\) for two examples"),
]


@pytest.mark.parametrize(("network", "line"), WRONG)
def test_what_cannot_be_a_network_is_answered_in_one_line(network, line):
  x = X[:, None] if isinstance(network, nn.Conv) else X
  if isinstance(network, nn.Conv):
    network = lambda classes, conv=network: Flat(conv)
    line = line.replace("Conv", "<lambda>")
  with pytest.raises(ValueError, match=line) as error:
    started(network, x=x)
  assert "\n" not in str(error.value)


class Flat(nn.Module):
  inner: nn.Module

  @nn.compact
  def __call__(self, x):
    return self.inner(x)[:, 0]


@pytest.mark.parametrize("network", [own.Mlp, own.Mlp(3), MADE["nnx module"], own.normed])
def test_a_compile_type_that_would_be_ignored_is_refused(network):
  with pytest.raises(ValueError, match="has no argument dtype: leave the precision at f32"):
    modules.as_factory(network)(3, dtype=jnp.bfloat16)
