import jax
import jax.numpy as jnp
import numpy as np
import own
import pytest
from flax import nnx

from adapt.losses import ops
from adapt.models import modules
from adapt.models import nnx as ours

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (8, 3))
Y = jnp.arange(8) % 3


def started(network, **given):
  net = modules.as_factory(network)(3, **given)
  return net, *jax.jit(net.init)(KEY, X)


def assert_close(ours, theirs):
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6), ours, theirs)


def by_hand(params, stats, x, key):
  """`XNormed` in training: (features, logits), and its new statistics."""
  h = 2 * x @ params["body"]["kernel"] + params["body"]["bias"]
  mean, var = h.mean(0), h.var(0)
  new = {"mean": 0.9 * stats["norm"]["mean"] + 0.1 * mean}
  new["var"] = 0.9 * stats["norm"]["var"] + 0.1 * var
  h = (h - mean) / jnp.sqrt(var + 1e-5) * params["norm"]["scale"] + params["norm"]["bias"]
  stream = jax.random.fold_in(key, 1)  # its place among the module's counts and keys
  kept = jax.random.bernoulli(jax.random.fold_in(stream, 0), 0.5, h.shape)
  h = jnp.where(kept, 2 * h, 0)
  first = params["head_"]["layers"]["0"]
  h = jnp.maximum(h @ first["kernel"] + first["bias"], 0)
  return (h, h @ params["head"]["kernel"] + params["head"]["bias"]), {"norm": new}


@pytest.mark.parametrize("network", [own.normed, own.XNormed(3, 3, rngs=nnx.Rngs(5))])
def test_a_training_pass_and_its_gradient_are_those_by_hand(network):
  net, params, stats = started(network)

  def loss(run):
    def value(params):
      outputs, new = run(params)
      return ops.cross_entropy(outputs[1], Y).mean() + outputs[0].sum(), (outputs, new)

    return jax.jit(jax.value_and_grad(value, has_aux=True))(params)

  assert_close(
    loss(lambda p: net.apply(p, stats, X, True, KEY)), loss(lambda p: by_hand(p, stats, X, KEY))
  )


def test_evaluation_is_the_module_s_own():
  module = own.XNormed(3, 3, rngs=nnx.Rngs(5))
  module.norm.mean[...] = jnp.arange(6.0)
  net, params, stats = started(module)
  (_, logits), new = net.apply(params, stats, X, False, None)
  np.testing.assert_array_equal(new["norm"]["mean"], np.arange(6.0))
  module.eval()
  assert_close(logits, module(X))


def test_the_module_stays_as_it_was():
  module = own.XNormed(3, 3, rngs=nnx.Rngs(5))
  before = jax.tree.map(np.asarray, nnx.to_pure_dict(nnx.state(module, (nnx.Param, nnx.BatchStat))))
  net, params, stats = started(module, axis="devices")
  jax.vmap(lambda x: net.apply(params, stats, x, True, KEY), axis_name="devices")(X[None])
  after = nnx.to_pure_dict(nnx.state(module, (nnx.Param, nnx.BatchStat)))
  jax.tree.map(np.testing.assert_array_equal, before, after)
  assert type(module.body) is nnx.Linear and module.norm.axis_name is None
  assert module.drop.rngs.count[...] == 0


def test_a_start_may_be_donated():
  module = own.XMlp(3, 3, rngs=nnx.Rngs(0))
  net = modules.as_factory(module)(3)
  params, _ = net.init(KEY, X)
  jax.block_until_ready(
    jax.jit(lambda p: jax.tree.map(lambda v: v + 1, p), donate_argnums=0)(params)
  )
  assert np.isfinite(module(X)).all()


def test_a_net_may_be_made_while_a_program_is_traced():
  made = []

  @jax.jit
  def first(key):
    made.append(modules.as_factory(own.normed)(3))
    return made[0].init(key, X)

  params, stats = first(KEY)
  (features, logits), _ = made[0].apply(params, stats, X, True, KEY)
  assert_close(logits, features @ params["head"]["kernel"] + params["head"]["bias"])


def test_a_program_s_random_streams_do_not_run_on():
  net, params, stats = started(own.normed)
  run = jax.jit(lambda key: net.apply(params, stats, X, True, key)[0][0])
  assert_close(run(KEY), run(KEY))
  other = jax.random.key(0, impl="rbg")
  assert run(other).shape == (8, 4)


def test_a_pass_that_draws_needs_a_key():
  net, params, stats = started(own.normed)
  with pytest.raises(ValueError, match="normed draws random numbers in training: give a key"):
    net.apply(params, stats, X, True, None)
  net, params, stats = started(own.xmlp)
  net.apply(params, stats, X, True, None)


def test_layers_of_one_layer_draw_apart():
  class Twice(nnx.Module):
    def __init__(self, classes, *, rngs):
      self.drops = nnx.List([nnx.Dropout(0.5, rngs=rngs) for _ in range(2)])
      self.out = nnx.Linear(6, classes, rngs=rngs)

    def __call__(self, x):
      ones = jnp.ones((len(x), 3))
      return self.out(jnp.concatenate([drop(ones) for drop in self.drops], axis=1))

  net, params, stats = started(Twice)
  (features, _), _ = net.apply(params, stats, X, True, KEY)
  assert (features[:, :3] != features[:, 3:]).any()


def test_a_module_may_take_a_flag_besides():
  class Flagged(nnx.Module):
    def __init__(self, classes, *, rngs):
      self.out = nnx.Linear(3, classes, rngs=rngs)

    def __call__(self, x, train):
      return self.out(-x if train else x)

  net, params, stats = started(Flagged)
  for train, sign in ((True, -1), (False, 1)):
    np.testing.assert_array_equal(net.apply(params, stats, X, train, KEY)[0][0], sign * X)


def test_a_layer_under_two_names_is_one():
  class Named(nnx.Module):
    def __init__(self, classes, *, rngs):
      self.body = nnx.Linear(3, 4, rngs=rngs)
      self.out = nnx.Linear(4, classes, rngs=rngs)
      self.again = self.out

    def __call__(self, x):
      return self.out(self.body(x))

  net, params, stats = started(Named)
  assert set(params) == {"body", "head"}
  moved = {**params, "head": jax.tree.map(lambda v: v + 1, params["head"])}
  (features, logits), _ = net.apply(moved, stats, X, False, None)
  assert_close(logits, features @ moved["head"]["kernel"] + moved["head"]["bias"])


def test_what_is_made_on_the_way_stays_behind():
  class Noting(own.XMlp):
    def __call__(self, x):
      self.seen = nnx.Intermediate(x)
      return super().__call__(x)

  net, params, stats = started(lambda classes, rngs: Noting(3, classes, rngs=rngs))
  assert stats == {} and net.apply(params, stats, X, True, KEY)[1] == {}


class Compiled(own.XMlp):
  @nnx.jit
  def __call__(self, x):
    return super().__call__(x)


class Soft(own.XMlp):
  def __call__(self, x):
    return nnx.log_softmax(super().__call__(x))


@pytest.mark.parametrize(
  ("network", "line"),
  [
    (Compiled(3, 3, rngs=nnx.Rngs(0)), "Compiled calls no dense layer: .* outside of jit"),
    (Soft(3, 3, rngs=nnx.Rngs(0)), "last dense layer of Soft, second, does not give its logits"),
    (nnx.Linear(3, 3, use_bias=False, rngs=nnx.Rngs(0)), "Linear, itself, has no bias"),
  ],
)
def test_a_last_layer_that_is_not_the_head_is_refused(network, line):
  with pytest.raises(ValueError, match=line):
    started(network)


def test_modules_are_told_from_what_makes_them():
  assert ours.is_module(own.XMlp(3, 3, rngs=nnx.Rngs(0)))
  assert not ours.is_module(own.XMlp) and not ours.is_module(own.Mlp(3))
