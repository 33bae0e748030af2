"""Rebuilds the prediction program from a saved model's description."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt import methods, models, outputs, tuning
from adapt.catalogue import Bound
from adapt.method import Batch
from adapt.training import program
from adapt.training.devices import Layout
from adapt.training.label_scale import Scale
from adapt.training.settings import Settings
from adapt.training.setup import Point, Setup
from adapt.training.task_data import TaskData

Named = dict[str, Any]  # leaves of a tree by their paths, e.g. "params/net/head/kernel"


class Own(NamedTuple):
  """The user's own entries that a model's file cannot name."""

  method: Bound | None = None  # None: the catalogue's entry of that name
  model: Bound | None = None
  tuning: Bound | None = None


NOTHING_OWN = Own()


class Rebuilt(NamedTuple):
  """A one-cell program and the shapes of its training state."""

  about: Mapping[str, Any]
  cells: program.Program
  state: Any  # TrainState of shapes, each with a leading 1

  @property
  def trained(self) -> Named:
    """Shapes of the trained arrays: {"params": …, "state": …}."""
    return {"params": self.state.params, "state": self.state.state}

  def mapped(self, trained: Any) -> program.Mapped:
    """Builds a cell's state from trained params and state.

    What only training reads is empty.
    """
    rest = jax.tree.map(empty, self.state._replace(key=(), params=(), state=(), opt=()))
    step = jnp.asarray([self.about.get("step", 0)], jnp.int32)
    key = program.keys((self.about.get("seed", 0),))
    return program.Mapped(
      rest._replace(step=step, key=key, opt={}, **trained), _swept(self.about), None
    )

  def reads(self) -> set[str]:
    """Paths of the arrays that predictions depend on.

    A critic or a queue of examples is not among them.
    """

    from jax import export  # not at the top: it is slow to import

    def logits(trained: Any, x: jax.Array) -> Any:
      return self.cells.outputs(self.mapped(trained), x)[1]

    made = export.export(jax.jit(logits))(self.trained, _inputs(self.about, 2))
    kept = set(made.module_kept_var_idx)
    return {path for i, path in enumerate(named(self.trained)) if i in kept}


def describe(setup: Setup, point: Point, data: TaskData) -> dict[str, Any]:
  """Describes a model as JSON, with all that `rebuild` needs."""
  # Published weights are where training starts; what became of them is in the arrays.
  settings = data.settings._replace(lr=point.lr, pretrained="")
  x = data.target.train.x
  reads = setup.traits([point]).reads
  return {
    "method": setup.method.name,
    "hyperparameters": point.hyperparameters,
    "tuning": {"name": setup.tuning.name, "given": dict(setup.tuning.given)},
    "settings": settings._asdict(),
    "classes": list(data.classes),
    **({} if data.output == "classes" else {"output": _output(setup, data.scale)}),
    **({"label_type": kind} if (kind := data.sources[0].label_type) else {}),
    "unknown": data.unknown,
    "seen": {"shape": list(x.shape[1:]), "dtype": str(x.dtype)},
    "sources": len(data.sources),
    "labelled": bool({"labelled", "all_labelled"} & set(reads)),
  }


def _output(setup: Setup, scale: Scale | None) -> dict[str, Any]:
  """What is predicted and what undoes the standardisation; the loss plays no part in predictions."""
  undone = {} if scale is None else {n: list(v) for n, v in scale._asdict().items()}
  return {"name": outputs.kind(setup.output), **undone}


def predicts(about: Mapping[str, Any]) -> str:
  """The output kind of a model."""
  return str(about.get("output", {}).get("name", "classes"))


def made_of(about: Mapping[str, Any], inputs: Sequence[int], columns: int) -> tuple[int, ...]:
  """Shape of one example's predictions: [k], of pixels [h, w, k]."""
  return (*inputs[:2], columns) if predicts(about) == "pixels" else (columns,)


def scale_of(about: Mapping[str, Any]) -> Scale | None:
  """What undoes the standardisation of predictions; None without values."""
  if predicts(about) != "values":
    return None
  output = about["output"]
  scale = Scale(tuple(output["mean"]), tuple(output["std"]))
  if {len(scale.mean), len(scale.std)} != {len(about["classes"])}:
    raise ValueError(f"its output is not of {len(about['classes'])} values")
  return scale


def rebuild(about: Mapping[str, Any], own: Own = NOTHING_OWN) -> Rebuilt:
  """Rebuilds a program from its description, without computing initial values.

  Args:
    about: as `describe` made it.
    own: entries to take in place of those that it names.

  Raises:
    Exception: whatever a method, tuning or network says to what it was not made for.
  """
  settings = Settings(**about["settings"])
  hyper = {n: hashable(v) for n, v in about["hyperparameters"].items()}
  method, network = own.method or methods.bind(about["method"]), own.model
  way, given = own.tuning, about["tuning"]["given"]
  if way is None:
    way = tuning.bind(about["tuning"]["name"], **{n: hashable(v) for n, v in given.items()})
  spec = program.Spec(
    method=method.factory,
    hyperparameters=tuple((n, v) for n, v in hyper.items() if not isinstance(v, float)),
    # Predictions ask no optimizer, which may be one that is not here.
    settings=settings._replace(lr=0.0, shots=0, evaluations=0, optimizer="sgd"),
    model=(network or models.bind(settings.model)).key,
    classes=len(about["classes"]),
    tuning=way.key,
    layout=Layout(),
    warm=False,
    unknown=about["unknown"],
    output=outputs.bind(predicts(about)).key,
  )
  cells = program.program(spec)
  batch = _batch(about, settings.batch_size)
  state = jax.eval_shape(cells.init, program.keys((0,)), _swept(about), (), (), batch)
  return Rebuilt(about, cells, state)


def named(tree: Any) -> Named:
  """Maps paths to the leaves of a tree."""
  return {name(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def name(path: Any) -> str:
  """Formats a path as text, its parts between slashes."""
  return jax.tree_util.keystr(path, simple=True, separator="/")


def nested(leaves: Named) -> dict[str, Any]:
  """Builds nested dicts from leaves by path."""
  tree: dict[str, Any] = {}
  for path, leaf in leaves.items():
    *above, last = path.split("/")
    place = tree
    for part in above:
      place = place.setdefault(part, {})
    place[last] = leaf
  return tree


def empty(leaf: Any) -> Any:
  """Zeros of that shape and type; for random keys, key 0."""
  if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
    return jnp.broadcast_to(jax.random.key(0), leaf.shape)
  return np.zeros(leaf.shape, leaf.dtype)


def hashable(value: Any) -> Any:
  """Converts JSON's lists back to tuples."""
  return tuple(map(hashable, value)) if isinstance(value, list) else value


def _batch(about: Mapping[str, Any], b: int) -> Batch:
  """Returns the shapes of a batch."""

  def of(dtype: Any, *shape: int) -> Any:
    return jax.ShapeDtypeStruct(shape, dtype)

  x, it = _inputs(about, b), of(jnp.int32, b)
  columns = len(about["classes"])
  labels = {
    "values": (jnp.float32, b, columns),
    "pixels": (jnp.int32, *x.shape[:3]),
    "labels": (jnp.int32, b, columns),
  }
  y = of(*labels.get(predicts(about), (jnp.int32, b)))
  xl, yl = (x, y) if about["labelled"] else (None, None)
  return Batch(x, y, of(jnp.float32, b), of(jnp.float32, b, about["sources"]), x, xl, yl, it)


def _inputs(about: Mapping[str, Any], n: int) -> Any:
  return jax.ShapeDtypeStruct((n, *about["seen"]["shape"]), jnp.dtype(about["seen"]["dtype"]))


def _swept(about: Mapping[str, Any]) -> dict[str, jax.Array]:
  """Returns the hyper-parameters that are the program's inputs."""
  floats = {n: v for n, v in about["hyperparameters"].items() if isinstance(v, float)}
  return {n: jnp.asarray([v]) for n, v in {**floats, "lr": about["settings"]["lr"]}.items()}
