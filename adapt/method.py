"""What everything hangs on: a batch, a network and a method.

Read this file first.

A method is a NamedTuple of pure functions made by a keyword-argument factory, in the shape of
`optax.GradientTransformation`. It never sees the optimiser, the devices, the seeds or the data set:
`training/shared_step.py` has the one step that trains all of them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import optax

Params = dict[str, Any]  # what gradients reach: {"net": …, "critic": …}
State = dict[str, Any]  # what they do not: batch statistics, teachers, memories
Metrics = dict[str, jax.Array]
Outputs = tuple[jax.Array, jax.Array]  # (features [b, d], logits [b, k])


class Batch(NamedTuple):
  """One training batch. Target labels are absent on purpose: nothing can leak."""

  xs: jax.Array  # [b, ...] source inputs
  ys: (
    jax.Array
  )  # [b] source labels, int32; of values [b, d] float32, of pixels [b, h, w], of labels [b, k]
  ws: jax.Array  # [b] weight of each source example, ones unless a weighting is chosen
  ds: jax.Array  # [b, s] one-hot, which of the s source domains; s is 1 unless the task has several
  xt: jax.Array  # [b, ...] target inputs
  # For methods that read "labelled": [k, ...] target examples that the task declares labelled, and
  # [k] their labels. None for the others.
  xl: Any = None
  yl: Any = None
  it: Any = None  # [b] which target training example each row of xt is, int32


class NetInit(Protocol):
  """Initialises a network's parameters and batch statistics.

  Takes a key and inputs [b, ...].
  """

  def __call__(self, key: jax.Array, x: jax.Array, /) -> tuple[Any, Any]: ...


class Apply(Protocol):
  """Runs a network: features [b, d], logits [b, k] and new statistics.

  The inputs x are [b, ...]; the statistics are those after the pass.
  """

  def __call__(
    self, params: Any, stats: Any, x: jax.Array, /, train: bool, key: jax.Array | None
  ) -> tuple[Outputs, Any]: ...


class Output(NamedTuple):
  """What a network predicts, one of adapt/outputs: classes, values, pixels or labels.

  `loss(outputs [b, k], labels)` is per example, [b]: of classes the cross-entropy of labels [b], in
  nats; of values a distance to labels [b, k], standardised by the source's training labels; of pixels
  (segmentation), whose outputs are [b, h, w, k], the mean cross-entropy of labels [b, h, w], int32,
  over the pixels whose label is not below 0; of labels (multi-label) the mean sigmoid cross-entropy of
  labels [b, k], int32, over those not below 0. A loss that depends on how many source examples each class
  has is `by_counts(counts [k])`; training puts it in the place of `loss`.
  """

  kind: str = "classes"
  loss: Callable[[jax.Array, jax.Array], jax.Array] = (
    optax.losses.softmax_cross_entropy_with_integer_labels
  )
  by_counts: Callable[[jax.Array], Callable[[jax.Array, jax.Array], jax.Array]] | None = None


def itself(gradients: Any) -> Any:
  """The default `average`: there is one device, or it sees the whole."""
  return gradients


class Net(NamedTuple):
  """A network as pure functions; hides which module library built it.

  `params` is a dict whose entry "head" is the last, linear layer; `stats` is what a training pass
  updates without gradients (batch statistics). Features are what the head reads; where it reads pixels,
  their mean over an image.

  `kind` says what the inputs are (image, series, vector, counts or tokens; empty where nobody has
  said), for methods whose views of the inputs depend on it. `targets` is how many target training
  examples there are (0 where nobody has said), for methods that are `sized`. Training sets both from
  the data, and `output`, what the logits are. `average` is for methods that take a gradient by the
  parameters within their loss: devices that share a batch find parts of it, whose mean is the whole.
  """

  init: NetInit
  apply: Apply
  kind: str = ""
  targets: int = 0
  output: Output = Output()
  average: Callable[[Any], Any] = itself


class Init(Protocol):
  """Initialises a method: parameters that are trained, and other state.

  The batch gives shapes alone.
  """

  def __call__(self, key: jax.Array, batch: Batch, /) -> tuple[Params, State]: ...


class Loss(Protocol):
  """Returns the loss, the state after it, and metrics [].

  The loss is a scalar to minimise; progress [] runs from 0 to 1.
  """

  def __call__(
    self,
    params: Params,
    state: State,
    batch: Batch,
    key: jax.Array,
    progress: jax.Array | float,
    /,
  ) -> tuple[jax.Array, tuple[State, Metrics]]: ...


class Predict(Protocol):
  """Returns features [b, d] and logits [b, k] of target inputs.

  The inputs x are [b, ...].
  """

  def __call__(self, params: Params, state: State, x: jax.Array, /) -> Outputs: ...


class AfterStep(Protocol):
  """Updates state that follows the parameters, after each step.

  A teacher's moving averages are such state.
  """

  def __call__(self, params: Params, state: State, /) -> State: ...


class Constrain(Protocol):
  """Projects the parameters before each step.

  For example, it brings rows back to length 1.
  """

  def __call__(self, params: Params, /) -> Params: ...


class Refresh(Protocol):
  """Updates the state from the whole training sets.

  They are xs [n, ...], ys [n] and xt [m, ...].
  """

  def __call__(
    self, params: Params, state: State, xs: jax.Array, ys: jax.Array, xt: jax.Array, /
  ) -> State: ...


class Phase(NamedTuple):
  """One minimisation of a method that alternates several (MCD, ADDA, WDGRL)."""

  loss: Loss
  trains: tuple[str, ...]  # the entries of params that this phase moves
  repeat: int = 1  # times per step


def keep(params: Params, state: State) -> State:
  """The default `after_step`: nothing happens between steps."""
  del params
  return state


class Method(NamedTuple):
  """A way to adapt.

  `progress` runs from 0 to 1 over training and drives every schedule; no step counter lives here.
  `loss` may be a tuple of phases (`Phase`), minimised in order within each step.
  """

  init: Init
  loss: Loss | tuple[Phase, ...]
  predict: Predict
  after_step: AfterStep = keep
  constrain: Constrain | None = None
  refresh: Refresh | None = None
  # How many times a run looks: before its first step, and then after equal shares of its steps.
  # Evaluations have no part in it.
  refreshes: int = 1
  sized: bool = False  # whether its state has a place for each target example, by `net.targets`
  reads: tuple[str, ...] = ("source", "target")  # of "source", "target", "labelled", "all_labelled"
  starts: str = "scratch"  # or "source": the network of source_only with the same seed
  sources: int = 1  # source domains that it needs at least
  by_example: bool = False  # whether the loss is a mean over examples, so that it can be private
  # Of "closed", "partial", "open" and "universal": how the domains' classes may relate.
  serves: tuple[str, ...] = ("closed", "partial")
  outputs: tuple[str, ...] = ("classes",)  # its network may predict, of adapt/outputs
