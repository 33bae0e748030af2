"""What `adapt.fit` returns: a model a seed, and their record."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from adapt import outputs
from adapt.api import arrays, later, notebook
from adapt.api.accuracy import Accuracy, over_seeds
from adapt.api.frames import pandas
from adapt.data import atomic_files
from adapt.deploy import decided, exported, saved
from adapt.deploy.rebuilt import NOTHING_OWN, Own, predicts
from adapt.evaluation import metrics, stacked
from adapt.records.schema import LISTS
from adapt.report import curves, diagnostics, figures, predictions


class Fitted:
  """Trained models, one a seed, as they are after the last step.

  Attributes:
    record: what `--out` would hold of the run, see `adapt.results`.
    classes: the labels, in the order of the columns of `predict_proba`.
    seeds: those that have a model; diverged ones have none.
    notes: what reading has done with the data, a line each: missing cells, ids left out, …; and
      whether the network has learnt nothing of the source.
  """

  def __init__(
    self,
    record: dict[str, Any],
    models: Mapping[int, saved.Model],
    contents: Mapping[int, bytes],
    points: Mapping[str, np.ndarray] | None = None,
    notes: Sequence[str] = (),
  ) -> None:
    self.record, self.notes = record, tuple(notes)
    self._models, self._contents, self._points = dict(models), dict(contents), points
    self.seeds = tuple(self._models)

  def __repr__(self) -> str:
    name = f"{self.record['label']} on {self.record['task']}"
    return f"<adapt.Fitted {name}: {self._shown() or self.accuracy or 'no labelled test set'}>"

  def _shown(self) -> str:
    """The main measure of values or pixels."""
    main = outputs.measure(outputs.main((self.record.get("output") or {}).get("name", "classes")))
    found = [v for v in self.measures.get(main.name, ()) if v is not None]
    if not found or main.name == "accuracy":
      return ""
    return f"{main.title} {main.scale * float(np.mean(found)):.{main.digits}f}{' %' * main.percent}"

  @property
  def classes(self) -> list[str]:
    """Names of the classes."""
    names: list[str] = list(self.record["classes"])
    return names

  @property
  def accuracy(self) -> Accuracy | None:
    """Target test accuracy at the end; None without labels, and of values."""
    return self._of("last", "accuracy")

  @property
  def selected(self) -> Accuracy | None:
    """Target test accuracy at the evaluation that the validator selects."""
    return self._of("selected", "accuracy")

  @property
  def expected(self) -> stacked.Interval | None:
    """Target accuracy expected without target labels; None where there is none."""
    return stacked.over_seeds(self.record.get("expected"))

  @property
  def measures(self) -> dict[str, tuple[float | None, ...]]:
    """Every final target test measure, one per seed; empty without labels."""
    last = self.record["last"] or {}
    return {n: tuple(each) for n, each in last.items() if n not in LISTS}

  def _of(self, section: str, measure: str) -> Accuracy | None:
    found = self.record[section]
    return None if found is None or measure not in found else over_seeds(found[measure])

  @property
  def history(self) -> dict[str, Any]:
    """Curves by name: `step`, and each metric's lists, one a seed."""
    curves: dict[str, Any] = {**self.record["curves"], **self.record["validators"]}
    return curves

  def to_frame(self) -> Any:
    """The history as a pandas frame: a row a seed and evaluation."""
    pd = pandas()
    steps, seeds = self.record["curves"]["step"], self.record["config"]["seeds"]
    rows = [
      {"seed": seed, "step": step}
      | {n: each[i][e] for n, each in self.history.items() if n != "step" and each[i]}
      for i, seed in enumerate(seeds)
      for e, step in enumerate(steps)
    ]
    return pd.DataFrame(rows)

  def predict(self, x: Any, seed: int | None = None, columns_in_order: bool = False) -> np.ndarray:
    """What is predicted of inputs [n, ...].

    Classes [n] as the labels were given, values [n] or [n, d] in their unit, masks [n, h, w] of class
    numbers, or labels [n, k] of 0 and 1.

    Args:
      x: as the target was given, a data set or loader as well; the columns of a frame are matched by
        name.
      seed: whose model; the first one's by default.
      columns_in_order: columns are those of training in the same order, whatever their names are.
    """
    if self._model(seed).scale is not None:
      found = self._outputs(x, seed, columns_in_order)[1]
      return found[:, 0] if found.shape[1] == 1 else found
    about = self._model(seed).about
    said = decided.predicted(about, self._outputs(x, seed, columns_in_order)[1])
    if predicts(about) in ("pixels", "labels"):
      return said
    return later.as_given(about, self.classes, said)

  def predict_proba(
    self, x: Any, seed: int | None = None, columns_in_order: bool = False
  ) -> np.ndarray:
    """Probabilities [n, k], or of pixels [..., k]; arguments as in `predict`."""
    if self._model(seed).scale is not None:
      raise ValueError("values have no probabilities: call predict")
    found = self._outputs(x, seed, columns_in_order)[1]
    return np.asarray(decided.probabilities(self._model(seed).about, found))

  def features(self, x: Any, seed: int | None = None, columns_in_order: bool = False) -> np.ndarray:
    """What the network's last layer reads, [n, d]; arguments as in `predict`."""
    return self._outputs(x, seed, columns_in_order)[0]

  def evaluate(self, x: Any, y: Any = None) -> Accuracy:
    """Accuracy on labelled examples, of every seed's model.

    Raises ValueError for labels of no class.

    Values, pixels and labels have no accuracy: compare `predict` with them.

    Args:
      x: as `predict` takes them, or, where y is None, a data set or (inputs, labels).
      y: labels [n].
    """
    for kind in {predicts(model.about) for model in self._models.values()} - {"classes"}:
      raise ValueError(f"{kind} have no accuracy: compare predict(x) with them")
    read = arrays.given(x)
    if (y := read.named.y if y is None else y) is None:
      raise ValueError("x has no labels: give y")
    if (right := np.asarray(y)).ndim != 1:
      raise ValueError(f"y has shape {list(right.shape)}: give one class an example, [n]")
    if right.dtype.kind == "f" and self._model(None).about.get("label_type") == "int":
      right = np.where(right == np.trunc(right), right.astype(int).astype(str), right.astype(str))
    right = right.astype(str)
    if strange := sorted(set(right.tolist()) - {str(name) for name in self.classes}):
      raise ValueError(
        f"the label {strange[0]!r} is none of the model's classes: {', '.join(self.classes[:10])}"
      )
    each = [self.predict(read, seed).astype(str) for seed in self.seeds]
    if each[0].shape != right.shape:
      raise ValueError(
        f"x makes {len(each[0])} predictions and has {len(right)} labels: compare predict(x) with a label "
        "for each, as of windows of series"
      )
    return over_seeds([float((said == right).mean()) for said in each])

  def _outputs(
    self, x: Any, seed: int | None, in_order: bool = False
  ) -> tuple[np.ndarray, np.ndarray]:
    model = self._model(seed)
    given = later.as_trained(x, model, in_order)
    outputs, blocks = saved.outputs(model), metrics.blocks(given, None)
    parts = [outputs(jnp.asarray(block)) for block in blocks.x]
    fs, ls = (np.concatenate([np.asarray(p[i]) for p in parts])[: len(given)] for i in (0, 1))
    return fs, ls

  def _model(self, seed: int | None) -> saved.Model:
    if not self._models:
      raise ValueError("every seed diverged: lower lr")
    if seed is not None and seed not in self._models:
      raise ValueError(f"no model of seed {seed}: there are {', '.join(map(str, self.seeds))}")
    return self._models[self.seeds[0] if seed is None else seed]

  def plot(self, kind: str = "curves") -> Any:
    """Draws the run; returns matplotlib axes, one or an array of them.

    Args:
      kind: curves, tsne, confusion or reliability; of values predicted or residuals; of two classes roc
        or precision_recall.
    """
    label = self.record["label"]
    points = None if self._points is None else {label: self._points}
    draw = {
      "curves": lambda: curves.figure([self.record]),
      "tsne": lambda: points and figures.tsne_figure([self.record], points),
      "confusion": lambda: self.accuracy and figures.confusion_figure([self.record]),
      "reliability": lambda: diagnostics.reliability_figure([self.record]),
    }
    for name, of in predictions.FIGURES.items():
      draw[name] = functools.partial(of, [self.record], points or {})
    if kind not in draw:
      raise ValueError(f"no picture '{kind}': choose from {', '.join(draw)}")
    if not (figure := draw[kind]()):
      raise ValueError(self._without(kind))
    axes = [axis for axis in figure.axes if axis.get_label() != "<colorbar>"]
    notebook.show(figure)
    return axes[0] if len(axes) == 1 else np.array(axes)

  def _without(self, kind: str) -> str:
    """Why there is no such picture."""
    output = predicts(self.record)
    of = {"predicted": "values", "residuals": "values"}.get(kind, "two classes")
    fits = output == "values" if of == "values" else output == "classes" and len(self.classes) == 2
    if kind in predictions.FIGURES and not fits:
      return f"{kind} is a picture of {of}, and the output is {len(self.classes)} {output}"
    return f"{kind} needs a labelled test set: give test=(inputs, labels)"

  def save(self, file: str | Path, seed: int | None = None) -> Path:
    """Writes one seed's model, for `adapt.load` and `adapt predict`; returns the path."""
    self._model(seed)
    path = Path(file)
    if path.suffix != ".npz":
      raise ValueError(f"{path} is no .npz file: name one, such as model.npz")
    content = self._contents[self.seeds[0] if seed is None else seed]
    atomic_files.replace(path, content, private=True)
    return path

  def export(self, file: str | Path, seed: int | None = None) -> dict[str, Any]:
    """Writes one seed's model as StableHLO; returns its signature.

    jax alone can run it.
    """
    module, signature = exported.export(self._model(seed))
    path = Path(file)
    atomic_files.replace(path, module, private=True)
    atomic_files.write_json(path.with_suffix(".json"), signature)
    return signature


def load(
  file: str | Path, *, method: Any = None, model: Any = None, tuning: Any = None
) -> "Loaded":
  """A model that `Fitted.save` or `--save-model` has written.

  Args:
    file: the model.
    method: the factory, if it was of one's own.
    model: the network, if it was of one's own.
    tuning: the factory, if it was of one's own.
  """
  from adapt import methods, models
  from adapt import tuning as tunings

  own = Own(
    None if method is None else methods.bind(method),
    None if model is None else models.bind(model),
    None if tuning is None else tunings.bind(tuning),
  )
  return Loaded(Path(file), saved.read(file, own if own != Own() else NOTHING_OWN))


class Loaded(Fitted):
  """One saved model, without its record."""

  def __init__(self, file: Path, model: saved.Model) -> None:
    about = model.about
    record = {
      "label": about["label"],
      "task": about["task"],
      "classes": model.classes,
      "last": None,
      "selected": None,
      "curves": {"step": []},
      "validators": {},
      "config": {"seeds": [about["seed"]]},
    }
    super().__init__(record, {about["seed"]: model}, {about["seed"]: file.read_bytes()})
