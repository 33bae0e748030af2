"""Saves and loads a trained model as one file, without pickle.

It holds the arrays that predictions read, and what rebuilds the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from adapt import catalogue, methods, models, tuning
from adapt.data import atomic_files, npy
from adapt.data.label_sets import UNKNOWN
from adapt.deploy import limits, own_code, rebuilt
from adapt.deploy.inputs import Inputs
from adapt.deploy.packed import ABOUT, digest, packed
from adapt.deploy.rebuilt import NOTHING_OWN, Own, describe, empty, name, named, nested, rebuild
from adapt.method import Outputs
from adapt.records import model_schema, schema
from adapt.training import program
from adapt.training.label_scale import Scale
from adapt.training.settings import Settings
from adapt.training.setup import Point, Setup
from adapt.training.task_data import TaskData

KIND, VERSION = "adapt model", 1
SUFFIX = ".model.npz"
_KEYS = {
  *("suite", "task", "label", "date", "seed", "step", "method", "hyperparameters", "tuning"),
  *("settings", "classes", "unknown", "seen", "sources", "labelled"),
  *("inputs", "image_size", "backbone", "environment"),
}
_BACKBONE = "backbone/"


class Model(NamedTuple):
  """A trained model of one seed, after its last step."""

  about: dict[str, Any]
  cells: program.Program
  mapped: program.Mapped  # of one cell
  backbone: Any  # variables of the frozen backbone below it, or None

  @property
  def inputs(self) -> Inputs:
    """Input specification of the model."""
    return Inputs(tuple(self.about["inputs"]["shape"]), self.about["inputs"]["dtype"])

  @property
  def scale(self) -> Scale | None:
    """What brings predicted values to their unit; None where classes are predicted."""
    return rebuilt.scale_of(self.about)

  @property
  def classes(self) -> list[str]:
    """Names of the predictions' columns: classes ("unknown" last) or values."""
    return [*self.about["classes"], *[UNKNOWN] * self.about["unknown"]]


def path(file: Path, seed: int) -> Path:
  """Path of a seed's model, beside the record at `file`."""
  return file.with_name(f"{file.stem}.seed{seed}{SUFFIX}")


def lacking(file: Path, made: Mapping[str, Any]) -> bool:
  """Whether any model of the record at `file` is missing.

  A diverged seed has none, and one of an earlier run is none of this.
  """
  seeds = [s for s in made["config"]["seeds"] if str(s) not in made["diverged"]]
  try:
    return any(_parts(path(file, s), ())[0]["date"] != made["date"] for s in seeds)
  except ValueError:
    return True


def write_models(
  file: Path,
  made: Mapping[str, Any],
  asked: tuple[Setup, Point],
  data: TaskData,
  inputs: Inputs,
  mapped: program.Mapped,
  cells: Sequence[int],
) -> None:
  """Writes a record's final models, one file per seed.

  Args:
    file: the record's.
    made: the record.
    asked: what was trained, and at which point.
    data: what was trained on; none of it is written.
    inputs: see `inputs_of`.
    mapped: the finished program's state.
    cells: the record's places in it, one per seed. Those of diverged seeds are left out.

  Raises:
    ValueError: a file cannot be written.
  """
  setup, point = asked
  about: dict[str, Any] = {"kind": KIND, "version": VERSION}
  about |= {n: made[n] for n in ("suite", "task", "label", "date")}
  about |= describe(setup, point, data)
  about |= {"inputs": inputs._asdict(), "image_size": setup.settings.image_size}
  if (steps := data.target.preprocessing) is not None and any(steps):
    about["preprocessing"] = steps._asdict()
  about["environment"] = made["environment"]["versions"]
  about["own_code"] = own_code.digests({kind: getattr(setup, kind) for kind in own_code.KINDS})
  about["backbone"], backbone = None, {}
  if setup.settings.cache_features:  # what was trained stands on features that this one makes
    from adapt.models import pretrained

    about["backbone"] = {n: getattr(setup.settings, n) for n in ("model", "precision")}
    variables = pretrained.load(setup.settings.model, setup.settings.pretrained)
    backbone = {f"{_BACKBONE}{n}": leaf for n, leaf in named(variables).items()}
  made_anew = rebuild(about, Own(setup.method, data.model, setup.tuning))
  trained = {"params": mapped.ts.params, "state": mapped.ts.state}
  assert list(named(trained)) == list(named(made_anew.trained))
  reads = made_anew.reads()
  # Whole, as a cell is picked on the host without compiling.
  leaves = jax.device_get({n: leaf for n, leaf in named(trained).items() if n in reads})
  done = np.asarray(mapped.ts.step)
  for cell, seed in zip(cells, setup.seeds, strict=True):
    if str(seed) in made["diverged"]:
      continue
    kept = {n: leaf[cell] for n, leaf in leaves.items()}
    own = {**about, "seed": seed, "step": int(done[cell])}
    if "decision" in made:
      own["threshold"] = made["decision"]["threshold"][setup.seeds.index(seed)]
    atomic_files.replace(path(file, seed), packed(own, kept | backbone), private=True)


def read(file: str | Path, own: Own = NOTHING_OWN) -> Model:
  """Reads a model that `write_models` has written, in any process.

  Args:
    file: the model.
    own: entries of one's own that it was trained with, which no name finds.

  Raises:
    ValueError: no such file, not whole, of another version, or made by a method that is not here.
  """
  file = Path(file)
  about, arrays = _parts(file)
  _check_known(file, about, own)
  try:
    made = rebuild(about, own)
    reads = made.reads()
    limits.check_room(made, reads, file.stat().st_size)
  except Exception as error:  # whatever the code of today says to what was made with another
    raise _stranger(file, about, f"{type(error).__name__}: {error}") from error

  def fill(path: Any, leaf: Any) -> Any:
    where = name(path)
    if where not in reads:
      return empty(leaf)
    there = arrays.get(where)
    if there is None or there.shape != leaf.shape[1:]:
      has = "nothing" if there is None else list(there.shape)
      raise _stranger(file, about, f"{where} is {has} in the file, {list(leaf.shape[1:])} here")
    if there.dtype.kind not in "biufV":
      raise _stranger(file, about, f"{where} is of type {there.dtype} in the file")
    # NumPy reads types that are not its own, such as bfloat16, as plain bytes.
    return (there.view(leaf.dtype) if there.dtype.kind == "V" else there.astype(leaf.dtype))[None]

  below = {n.removeprefix(_BACKBONE): a for n, a in arrays.items() if n.startswith(_BACKBONE)}
  try:
    trained = jax.tree_util.tree_map_with_path(fill, made.trained)
    mapped, backbone = jax.device_put((made.mapped(trained), _backbone_of(about, below)))
    model = Model(about, made.cells, mapped, backbone)
    _check_whole(model)
  except _Stranger:
    raise
  except Exception as error:
    raise _stranger(file, about, f"{type(error).__name__}: {error}") from error
  trained = {n: leaf for n, leaf in named(trained).items() if n in reads}
  limits.check_finite(file, trained | below)
  if about.get("digest") not in (None, digest(arrays)):  # files from before it was kept have none
    raise _broken(file, ValueError("its arrays are not those that were written"))
  return model


def _backbone_of(about: Mapping[str, Any], below: Mapping[str, np.ndarray]) -> Any:
  """Variables of the frozen backbone, or None; raises unless they fit."""
  if about["backbone"] is None:
    return None
  from adapt.models import pretrained

  return pretrained.fitting(about["backbone"]["model"], nested(dict(below)))


def _check_whole(model: Model) -> None:
  """Raises unless the model maps its stated inputs to its classes."""
  inputs = model.inputs
  example = jax.ShapeDtypeStruct((2, *inputs.shape), jax.numpy.dtype(inputs.dtype))
  columns, count = jax.eval_shape(predictor(model), example).shape[1:], len(model.classes)
  if columns != rebuilt.made_of(model.about, inputs.shape, count):
    raise ValueError(f"its predictions have {list(columns)} columns for {count} classes")


def predictor(model: Model) -> Callable[[jax.Array], jax.Array]:
  """Returns the evaluation-time function x [b, ...] -> logits of `outputs`."""
  both = outputs(model)
  return lambda x: both(x)[1]


def outputs(model: Model) -> Callable[[jax.Array], Outputs]:
  """Returns the function from inputs to features and logits.

  It maps x [b, ...] to features [b, d] and logits [b, k] of `model.classes`, of pixels [b, h, w,
  k]. Values are in their unit.
  """

  def above(x: jax.Array) -> Outputs:
    features, logits = model.cells.outputs(model.mapped, x)
    return features[0], logits[0] if model.scale is None else model.scale.undone(logits[0])

  if model.backbone is None:
    return above
  frozen = model.about["backbone"]
  extract = jax.jit(models.extractor(frozen["model"], frozen["precision"])[1])
  return lambda x: above(extract(model.backbone, x))


def _parts(
  file: Path, wanted: tuple[str, ...] | None = None
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
  """Reads a model file's description and its (wanted) arrays.

  Raises:
    ValueError: it is not there, not whole, or of another version.
  """
  if not file.is_file():
    raise ValueError(f"no file '{file}': give a model that adapt run --save-model has written")
  try:
    with npy.members(file) as (found, array):
      about = atomic_files.load_json(array(ABOUT).tobytes().decode())
      kind, version = about["kind"], about["version"]
      same = (kind, version) == (KIND, VERSION)
      if same and (lost := _KEYS - set(about)):
        raise ValueError(f"it does not say its {min(lost)}")
      if same and (wrong := model_schema.about(about)):
        raise ValueError(schema.said(wrong))
      names = [n for n in found if n != ABOUT] if wanted is None else wanted
      arrays = {n: array(n) for n in names} if same else {}
  except (ValueError, OSError, LookupError, TypeError) as error:
    raise _broken(file, error) from error
  if not same:
    raise ValueError(
      f"{file} is of '{kind}', version {version}, and this adapt reads '{KIND}', version {VERSION}: "
      "use the adapt that made it, or train it again with --save-model"
    )
  return about, arrays


def _broken(file: Path, error: Exception) -> ValueError:
  return ValueError(
    f"{file} is no whole model ({error}): copy it again, or train it again with --save-model"
  )


def _check_known(file: Path, about: Mapping[str, Any], own: Own) -> None:
  """Refuses a model whose method, network, tuning or setting is unavailable."""
  method, way, network = about["method"], about["tuning"], about["settings"]["model"]
  if own.method is None and method not in methods.names():
    raise ValueError(
      f"{file} was trained by '{method}', which is not here: give --plugins the folder that "
      f"holds {method}.py"
    )
  for kind, asked, there, given in (
    ("tuning", way["name"], tuning.names(), own.tuning),
    ("model", network, models.names(), own.model),
  ):
    if given is None and asked not in there and ":" not in asked:
      raise _stranger(
        file, about, f"no {kind} '{asked}': one's own is given, adapt.load(…, {kind}=…)"
      )
  for what, given, takes in (
    (method, about["hyperparameters"], (own.method or methods.bind(method)).factory),
    (way["name"], way["given"], (own.tuning or tuning.bind(way["name"])).factory),
  ):
    if strange := set(given) - {p.name for p in catalogue.parameters(takes)}:
      raise _stranger(file, about, f"{what} takes no '{min(strange)}'")
  if strange := set(about["settings"]) - set(Settings._fields):
    raise _stranger(file, about, f"there is no setting '{min(strange)}'")
  own_code.check(file, about, own._asdict())


class _Stranger(ValueError):
  """An intact model file that does not match the installed code."""


def _stranger(file: Path, about: Mapping[str, Any], reason: str) -> ValueError:
  versions = ", ".join(f"{n} {about['environment'].get(n)}" for n in ("adapt-jax", "jax"))
  return _Stranger(
    f"{file} does not go with the code that is here ({reason}): use what made it ({versions}), or "
    "train it again with --save-model"
  )
