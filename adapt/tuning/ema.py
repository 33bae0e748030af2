"""EMA: the average of a run's weights predicts (Arpit et al., 2022, arXiv:2110.10832)."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from adapt.method import Method, Net, Params, State
from adapt.tuning import Tuning, carrying, copied
from adapt.tuning.wise_ft import between


def ema(*, decay: float = 1.0, start: int = 100) -> Tuning:
  """Trains as `full`, and predicts with the weights' average so far.

      min  loss      θ′ predicts
      θ′ ← θ′ + a · (θ − θ′)  after step t,  a = max(1 − decay, 1 / (t − start))
      θ′ = θ while t ≤ start

  With decay 1 all steps since `start` count alike, as in the paper's simple moving average, and a
  smaller one is an exponential moving average that begins as that. The run itself, its losses
  included, is that of `full`; so validators that look at predictions judge the average.

  Where re-implementations go wrong: an exponential average that starts from the random weights of
  step 0 drags them along for thousands of steps; batch-norm's running statistics are averaged
  beside the weights, as the authors' code does, and not left where the last step had them; and the
  average is for prediction alone. Everything else that predictions read is averaged too.

  Args:
    decay: share of the average that a step leaves as it is; 1 for equal weights of all steps.
    start: steps after which the average begins; 100 in the authors' code.
  """
  if not 0 <= decay <= 1:
    raise ValueError(f"decay is {decay}: choose between 0 and 1")
  if start < 0:
    raise ValueError(f"start is {start}: choose a number of steps, 0 or more")

  def begin(params: Params, state: State) -> Any:
    return {"average": copied((params, state)), "steps": jnp.zeros((), jnp.int32)}

  def update(kept: Any, now: Any) -> Any:
    steps = kept["steps"] + 1
    counted = jnp.maximum(steps - start, 1)  # until then the average is what is now
    share = jnp.maximum(1 - decay, 1 / counted)
    return {"average": between(kept["average"], now, share), "steps": steps}

  def adjust(net: Net, method: Method) -> Method:
    del net
    return following(method, "ema", begin, update, lambda kept: kept["average"])

  return Tuning(wrap=lambda net, progress: net, needs_start=False, adjust=adjust)


def following(
  method: Method,
  name: str,
  begin: Callable[[Params, State], Any],
  update: Callable[[Any, Any], Any],
  predicts: Callable[[Any], tuple[Params, State]],
) -> Method:
  """The method with a hidden state entry that predicts.

  The entry follows the method's steps.

  Args:
    method: the method.
    name: of the entry.
    begin: (params, state) before the first step -> the entry.
    update: (entry, (params, state) after a step) -> the entry.
    predicts: the entry -> (params, state) that predict.
  """
  carried = carrying(method, name, begin)

  def after_step(params: Params, state: State) -> State:
    new = carried.after_step(params, state)
    own = {entry: value for entry, value in new.items() if entry != name}
    return {**own, name: update(new[name], (params, own))}

  def predict(params: Params, state: State, x: jax.Array) -> Any:
    del params
    return method.predict(*predicts(state[name]), x)

  return carried._replace(after_step=after_step, predict=predict)
