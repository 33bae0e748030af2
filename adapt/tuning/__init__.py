"""Ways to fine-tune, by name: each file is one tuning.

A tuning chooses what moves and what holds it near the start. A tuning wraps a network, so that
every method runs under every tuning unchanged. The wrapped `init` returns as params only what
moves; the rest travels in the stats, where neither gradients nor the optimiser's state reach it:
stats = {"inner": the network's own stats, "frozen": …}. A warm start is made below the tuning, by a
network whose `init` returns the source model.

What a tuning needs of a method, it gets around it (`Tuning.adjust`): a term of the loss, another
prediction, an entry of the state that the method never sees.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax.traverse_util import flatten_dict, unflatten_dict

from adapt import catalogue
from adapt.method import Method, Net, Params, State

Path = tuple[str, ...]  # of a leaf in the nested dict of parameters, e.g. ("conv1", "kernel")
Progress = jax.Array | float  # from 0 to 1, as a method's; traced during training
Loss = Callable[..., Any]  # as Method.loss where it is one function


class Tuning(NamedTuple):
  """A way to fine-tune.

  `pull(progress, weight_decay)` makes a transformation of the gradients of params["net"], put
  before the optimiser in place of the weight decay. `needs_start` says that a random start makes no
  sense, because what is frozen, or held to, would be random. `adjust(net, method)`, with the
  wrapped network, is what the tuning changes around the method. `reads`, if given, names what a
  method must read one of: "labelled", "all_labelled". `outputs` are the kinds of predictions served.
  """

  wrap: Callable[[Net, Progress], Net]
  pull: Callable[[Progress, float], optax.GradientTransformation] | None = None
  needs_start: bool = True
  adjust: Callable[[Net, Method], Method] | None = None
  reads: tuple[str, ...] = ()
  outputs: tuple[str, ...] = ("classes", "values", "pixels", "labels")


def names() -> tuple[str, ...]:
  """Every tuning, sorted."""
  return catalogue.names(__name__)


def get(name: str) -> Callable[..., Tuning]:
  """The factory of that name; ValueError for an unknown one.

  The message lists the names.
  """
  factory: Callable[..., Tuning] = catalogue.get(__name__, name)
  return factory


def bind(tuning: str | Callable[..., Any] | catalogue.Bound, **given: Any) -> catalogue.Bound:
  """A named tuning, or one's own factory, with given arguments set.

  Raises:
    ValueError: an unknown name, or an argument that it does not take.
  """
  if isinstance(tuning, catalogue.Bound):
    return catalogue.bound(tuning.name, tuning.factory, {**tuning.given, **given}, tuning.package)
  if isinstance(tuning, str):
    return catalogue.bound(tuning, get(tuning), given, __name__)
  return catalogue.bound(tuning.__name__, tuning, given)


def only(net: Net, moves: Callable[[Path], bool], *, body_trains: bool = True) -> Net:
  """The network with only some of its parameters left to training.

  Args:
    net: the network, started from the source model.
    moves: whether the leaf at a path is trained.
    body_trains: False to run the network in evaluation mode even in training: running batch
      statistics are used and stay as they are, dropout is off.

  Returns:
    A Net whose params are the moving leaves in their places, and whose stats carry the others.

  Raises:
    ValueError: at init, if nothing moves.
  """

  def init(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
    params, stats = net.init(key, x)
    leaves = flatten_dict(params)
    moving = {path: leaf for path, leaf in leaves.items() if moves(path)}
    frozen = {path: leaf for path, leaf in leaves.items() if path not in moving}
    if not moving:
      raise ValueError("this tuning trains no parameter of this network: choose another tuning")
    return unflatten_dict(moving), {"inner": stats, "frozen": unflatten_dict(frozen)}

  def apply(params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None) -> Any:
    whole = merged(params, stats["frozen"])
    outputs, inner = net.apply(whole, stats["inner"], x, train and body_trains, key)
    return outputs, {"inner": inner, "frozen": stats["frozen"]}

  return Net(init, apply)


def merged(moving: Any, frozen: Any) -> Any:
  """One nested dict from two that share no leaf."""
  return unflatten_dict({**flatten_dict(frozen), **flatten_dict(moving)})


def copied(tree: Any) -> Any:
  """A copy of the tree in buffers of its own.

  A start that shared its buffers would forbid donating the params.
  """
  return jax.tree.map(jnp.copy, tree)


def penalised(net: Net, penalty: Callable[[jax.Array, Any, jax.Array], jax.Array]) -> Net:
  """The network with a penalty on its features.

  The penalty is added up over training passes in the network's stats.

  It is in the stats and not injected into a gradient, because then a pass whose stats the method
  drops adds nothing (the perturbed ones of VADA, which are differentiated forward as well), and
  every derivative stays that of a function. `penalty_in_loss` brings it into the loss.

  Args:
    net: the network.
    penalty: (features [b, d], net's stats, x [b, ...]) -> scalar, of one pass.

  Returns:
    A Net with stats {"inner": net's own, "penalty": []}.
  """

  def init(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
    params, stats = net.init(key, x)
    return params, {"inner": stats, "penalty": jnp.zeros(())}

  def apply(params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None) -> Any:
    outputs, inner = net.apply(params, stats["inner"], x, train, key)
    total = stats["penalty"]
    if train:
      total = total + penalty(outputs[0], stats["inner"], x)
    return outputs, {"inner": inner, "penalty": total}

  return Net(init, apply)


def penalty_in_loss(net: Net, method: Method) -> Method:
  """The `Tuning.adjust` of a `penalised` network: adds its penalty to the loss.

  The penalty is that of the passes whose stats end in state["stats"]; a metric of its name is the
  last phase's.
  """
  del net

  def change(loss: Loss) -> Loss:
    def with_penalty(params: Any, state: Any, batch: Any, key: Any, progress: Any) -> Any:
      cleared = {**state, "stats": {**state["stats"], "penalty": jnp.zeros(())}}
      value, (new, metrics) = loss(params, cleared, batch, key, progress)
      penalty = new["stats"]["penalty"]
      return value + penalty, (new, {**metrics, "penalty": penalty})

    return with_penalty

  return with_loss(method, change)


def with_loss(method: Method, change: Callable[[Loss], Loss]) -> Method:
  """The method with its loss changed.

  In a method with phases, those that train the network change.
  """
  if callable(method.loss):
    return method._replace(loss=change(method.loss))
  phases = (p._replace(loss=change(p.loss)) if "net" in p.trains else p for p in method.loss)
  return method._replace(loss=tuple(phases))


def carrying(method: Method, name: str, begin: Callable[[Params, State], Any]) -> Method:
  """The method with a hidden state entry, for a tuning's memory.

  The method itself never sees the entry.

  Args:
    method: the method.
    name: of the entry.
    begin: (params, state) before the first step -> the entry. It stays as it is, unless a loss put
      around this method's returns another.
  """

  def init(key: jax.Array, batch: Any) -> tuple[Params, State]:
    params, state = method.init(key, batch)
    return params, {**state, name: begin(params, state)}

  def own(state: State) -> State:
    return {entry: value for entry, value in state.items() if entry != name}

  def change(loss: Loss) -> Loss:
    def carried(params: Any, state: Any, batch: Any, key: Any, progress: Any) -> Any:
      value, (new, metrics) = loss(params, own(state), batch, key, progress)
      return value, ({**new, name: state[name]}, metrics)

    return carried

  def predict(params: Params, state: State, x: jax.Array) -> Any:
    return method.predict(params, own(state), x)

  def after_step(params: Params, state: State) -> State:
    return {**method.after_step(params, own(state)), name: state[name]}

  def refresh(params: Params, state: State, xs: Any, ys: Any, xt: Any) -> State:
    assert method.refresh is not None
    return {**method.refresh(params, own(state), xs, ys, xt), name: state[name]}

  losses = method.loss
  if callable(losses):
    losses = change(losses)
  else:  # all phases, also those that do not train the network: each returns the state
    losses = tuple(phase._replace(loss=change(phase.loss)) for phase in losses)
  again = refresh if method.refresh is not None else None
  return method._replace(
    init=init, loss=losses, predict=predict, after_step=after_step, refresh=again
  )
