"""`adapt predict` and `adapt export` for saved models.

Predict applies a model to data. Export writes the model for jax alone.
"""

import argparse
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapt import catalogue, data
from adapt.cli import plugins, reading_flags
from adapt.data import atomic_files, encode, images, label_map, preprocessing, whole
from adapt.data.domain import Domain, Split, output_of
from adapt.data.preprocessing import Preprocessing
from adapt.deploy import decided, exported, predictions, saved
from adapt.deploy.rebuilt import predicts
from adapt.deploy.saved import Model
from adapt.evaluation import metrics, value_measures
from adapt.experiments import own_data
from adapt.outputs import values

_WHERE = "NAME, tfds:NAME, a folder, or a file (.npz, .npy, .csv, .jsonl, .parquet and others)"

_EXPORTS = "exported"  # not among the records, whose names end in .json too


def main(argv: Sequence[str]) -> int:
  """Runs `adapt predict …` or `adapt export …`.

  Returns:
    0.

  Raises:
    ValueError: bad input; one line with the remedy, and nothing is written.
  """
  arguments = parser(argv[0]).parse_args(argv[1:])
  for folder in arguments.plugins:
    catalogue.plugins(folder)
  return _predict(arguments) if argv[0] == "predict" else _export(arguments)


def parser(command: str) -> argparse.ArgumentParser:
  """The flags of `adapt predict` or `adapt export`."""
  from adapt.cli.command import Parser

  if command == "predict":
    made = Parser(prog="adapt predict", description="Predicts with a saved model.")
    made.add_argument("--data", required=True, metavar="DATA", help=_WHERE)
    made.add_argument(
      "--out",
      required=True,
      metavar="FILE",
      help="FILE.npz for probability, predicted and classes; FILE.csv for a row an example",
    )
    made.add_argument("--data-dir", metavar="FOLDER", help="where prepared data sets lie")
    made.add_argument(
      "--columns-in-order",
      action="store_true",
      help="columns are those of training in the same order, whatever their names are",
    )
    reading_flags.add(made.add_argument_group("reading your files, where not as in training"))
  else:
    made = Parser(
      prog="adapt export", description="Writes a saved model as StableHLO, which jax alone can run."
    )
    made.add_argument("--out", metavar="FOLDER", help=f"default: {_EXPORTS}/ beside the model")
  made.add_argument(
    "--model",
    required=True,
    metavar=f"NAME{saved.SUFFIX}",
    help="a model that adapt run --save-model has written",
  )
  plugins.add(made)
  return made


def _predict(arguments: argparse.Namespace) -> int:
  out = Path(arguments.out)
  _check_out(out, arguments)
  model = saved.read(arguments.model)
  if (kind := predicts(model.about)) == "pixels" and out.suffix == ".csv":
    raise ValueError(f"{out}: masks are no table: give --out FILE.npz")
  domain, ids = _read(arguments, model)
  places = whole.places(arguments.data, domain)
  splits = [_fitting(arguments.data, split, model) for split in _numbered(domain, model)]
  atomic_files.check_writable(out.parent)
  found = {n: np.concatenate(parts) for n, parts in _outputs(model, splits).items()}
  arrays: dict[str, Any] = {n: v[np.argsort(places)] for n, v in found.items()}
  shown = arrays["predicted" if model.scale else "probability"].reshape(len(places), -1)
  if void := int((~np.isfinite(shown).all(axis=1)).sum()):
    raise ValueError(
      f"the predictions for {void} of {len(shown)} examples of {arguments.data} are "
      "not finite: look for numbers in it that are far from those that the model was trained on"
    )
  label = arrays.pop("label")
  if kind == "pixels":
    arrays["predicted"] = arrays["predicted"].astype(np.uint8)
  if out.suffix == ".csv":
    named = {n: v[np.argsort(places)] for n, v in ids.items()}
    atomic_files.replace(out, predictions.csv(arrays, model.classes, named))
  else:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, classes=np.array(model.classes, np.str_))
    atomic_files.replace(out, buffer.getvalue())
  for note in domain.notes:
    print(f"note: {note}")
  print(f"{out}: {len(label)} predictions{_judged(arrays['predicted'], label)}")
  return 0


def _judged(predicted: np.ndarray, label: np.ndarray) -> str:
  """What known labels say of predictions; those of pixels below 0 are not scored."""
  if label.ndim == 3:
    right = (predicted == label)[label >= 0]
    return f", {100 * right.mean():.1f} % of the pixels right" if right.size else ""
  if label.ndim == 2 and label.dtype.kind != "f":
    right = (predicted == label)[label >= 0]
    return f", {100 * right.mean():.1f} % of {right.size} labels right" if right.size else ""
  if label.ndim == 2:
    found = value_measures.of_predictions(predicted, label)
    told = [f"{m.title} {found[m.name]:.3f}" for m in values.MEASURES if found[m.name] is not None]
    return "".join(f", {each}" for each in told)
  right = (predicted == label)[label >= 0]
  return f", {100 * right.mean():.1f} % of {len(right)} labels right" if len(right) else ""


def _read(arguments: argparse.Namespace, model: Model) -> tuple[Domain, dict[str, np.ndarray]]:
  """The data as the model takes them, and columns of ids; read as in training, but for flags."""
  made = preprocessing.of(model.about)
  reading = preprocessing.for_later(made or Preprocessing({}), reading_flags.of(arguments).given)
  domain = data.read(arguments.data, arguments.data_dir, reading)._replace(name=arguments.data)
  domain = _comparable(label_map.renamed(domain, label_map.parsed(reading.label_map)), model)
  if made is None:
    return encode.plain(domain), {}
  return encode.later(domain, made, arguments.columns_in_order), encode.ids(domain, made)


def _comparable(domain: Domain, model: Model) -> Domain:
  """The domain without labels where they are numbers and the model's are names, or vice versa."""
  if (kind := predicts(model.about)) in ("values", "labels"):
    if output_of(domain) == kind or not domain.classes:
      return domain
    raise ValueError(f"{domain.name} has labels of classes, and the model predicts {kind}")
  mine = domain._replace(name="the model", classes=tuple(model.about["classes"]))
  numbers, names = (domain, mine) if label_map.numbered(domain) else (mine, domain)
  if not domain.classes or label_map.numbered(mine) == label_map.numbered(domain):
    return domain
  train, test = (split._replace(y=None) for split in (domain.train, domain.test))
  note = f"no accuracy is stated: {label_map.mixed(numbers, names)}"
  return domain._replace(train=train, test=test, classes=(), notes=(*domain.notes, note))


def _check_out(out: Path, arguments: argparse.Namespace) -> None:
  if out.suffix not in (".npz", ".csv") or out.is_dir():
    raise ValueError(
      f"--out {out} is no .npz or .csv file to write: name one, e.g. --out predicted.csv"
    )
  for flag in "data", "model":
    if out.resolve() == Path(getattr(arguments, flag)).resolve():
      raise ValueError(f"--out {out} would replace the --{flag}: name another file")


def _numbered(domain: Domain, model: Model) -> tuple[Split, Split]:
  """Renumber the labels of splits to the model's classes.

  Classes match by name.

  Raises:
    ValueError: labels of classes that the model has not.
  """
  if predicts(model.about) in ("values", "labels"):
    return domain.train, domain.test
  names = tuple(model.about["classes"])
  mine = domain._replace(classes=names)
  domain = own_data.matched([mine, domain])[1]
  known = len(names)

  def of(split: Split) -> Split:
    if split.y is None or split.y.max(initial=0) < known:
      return split
    if model.about["unknown"]:
      return split._replace(y=np.minimum(split.y, known))
    strange = int(split.y.max())
    called = domain.classes[strange] if strange < len(domain.classes) else str(strange)
    raise ValueError(
      f"the data has the class '{called}', and the model knows {known}: {_some(names)}; leave out "
      "the labels, or those examples"
    )

  return of(domain.train), of(domain.test)


def _some(names: Sequence[str]) -> str:
  return ", ".join(names[:10]) + (", …" if len(names) > 10 else "")


def _fitting(name: str, split: Split, model: Model) -> Split:
  """Resize a split's images to the model's size.

  Raises ValueError for what the model does not take.
  """
  x, (shape, dtype) = split.x, model.inputs
  if model.about["image_size"] and x.ndim == 4:
    x = images.resized(x, shape[0])
  if x.shape[1:] != shape:
    raise ValueError(
      f"{name} has examples of shape {list(x.shape[1:])}, and the model takes {list(shape)}: give "
      "data as it was trained on"
    )
  if str(x.dtype) != dtype:
    raise ValueError(
      f"{name} is {x.dtype}, and the model takes {dtype} (uint8 images are scaled to [-1, 1], floats "
      "are used as they are): convert it"
    )
  return split._replace(x=x)


def _outputs(model: Model, splits: Sequence[Split]) -> dict[str, list[np.ndarray]]:
  """Predict a split block by block.

  Yields probabilities, predicted classes, labels (-1: unknown) and names of images; of values no
  probabilities, and labels that are NaN where unknown.
  """
  from rich.console import Console
  from rich.progress import Progress

  of_values = model.scale is not None
  found: dict[str, list[np.ndarray]] = {"predicted": [], "label": []}
  if not of_values:
    found["probability"] = []
  logits_of = saved.predictor(model)
  with Progress(console=Console(stderr=True)) as bars:
    bar = bars.add_task("predict", total=sum(len(s.x) for s in splits))
    for x, y in splits:
      before, done, shown = sum(map(len, found["predicted"])), 0, metrics.blocks(x, None)
      for block in shown.x:
        logits, left = logits_of(block), shown.examples - done
        if of_values:
          found["predicted"].append(np.asarray(logits)[:left])
        else:
          shares = decided.probabilities(model.about, logits)
          found["probability"].append(np.asarray(shares)[:left])
          found["predicted"].append(decided.predicted(model.about, logits)[:left])
        done += len(found["predicted"][-1])
        bars.update(bar, completed=before + done)
      unknown = np.full((len(x), len(model.classes)), np.nan) if of_values else np.full(len(x), -1)
      found["label"].append(unknown if y is None else y)
  encoded = [s.x for s in splits if isinstance(s.x, images.Images)]
  if len(encoded) == len(splits):
    found["name"] = [np.array([x.name(i) for i in range(len(x))], np.str_) for x in encoded]
  return found


def _export(arguments: argparse.Namespace) -> int:
  file = Path(arguments.model)
  model = saved.read(file)
  folder = Path(arguments.out) if arguments.out else file.parent / _EXPORTS
  atomic_files.check_writable(folder)
  module, signature = exported.export(model)
  where = folder / f"{file.name.removesuffix(saved.SUFFIX)}.stablehlo"
  atomic_files.replace(where, module, private=True)
  atomic_files.write_json(where.with_suffix(".json"), signature)
  shown = [
    f"{side['dtype']} [{', '.join(map(str, side['shape']))}]"
    for side in (signature["input"], signature["output"])
  ]
  platforms = ", ".join(signature["platforms"])
  made = "probabilities" if model.scale is None else "values"
  print(f"{where}: {shown[0]} → {made}, {shown[1]}; for {platforms}")
  return 0
