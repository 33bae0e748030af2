"""Classes or values in shallow runs: who learns and judges them."""

from types import ModuleType
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from adapt import data, outputs, weights
from adapt.data.domain import Domain, output_of
from adapt.evaluation import metrics, value_measures
from adapt.shallow import classifier, regressor


class Judged(NamedTuple):
  """What one seed's predictions of the test examples are worth."""

  confusion: np.ndarray | None  # of classes
  measures: dict[str, Any]


def learners(source: Domain) -> ModuleType:
  """The module that has what learns a source's kind of labels.

  Raises:
    ValueError: pixels, or labels.
  """
  kind = output_of(source)
  if kind == "pixels":
    raise ValueError(f"{source.name} has masks: shallow alignment predicts classes or values")
  if kind == "labels":
    raise ValueError(
      f"{source.name} has several labels an example: shallow alignment predicts classes or values"
    )
  return regressor if kind == "values" else classifier


def main(source: Domain) -> str:
  """The measure by which runs are told apart."""
  return outputs.main(output_of(source))


def check(source: Domain, target: Domain, count: int, weighting: str) -> None:
  """Refuses labels that differ in kind, and what values have not.

  Args:
    source: labelled.
    target: to be predicted.
    count: labelled source examples drawn of each class; 0: all are.
    weighting: a name in adapt/weights, or "".

  Raises:
    ValueError: one line with the remedy.
  """
  if source.train.y is None or target.test.y is None:
    return  # of no kind: the run says what lacks labels
  kind = output_of(source)
  if output_of(target) != kind:
    raise ValueError(f"{source.name} has {kind} and {target.name} {output_of(target)}")
  if kind == "values" and count:
    raise ValueError(f"{source.name} has values, and {count} examples of each class are asked for")
  if weighting and kind not in weights.outputs_of(weighting):
    raise ValueError(f"{weighting} looks at classes, and {source.name} has {kind}")


def drawn(y: np.ndarray, shots: int, seed: int) -> np.ndarray:
  """Rows of labelled target examples: of each class, or in all."""
  if y.ndim > 1 and shots > len(y):
    raise ValueError(f"{shots} labelled target examples are asked for, and there are {len(y)}")
  return data.labelled_rows(y, shots, seed)


def judged(predicted: np.ndarray, y: np.ndarray, source: Domain) -> Judged:
  """Measures of a test set.

  An SVM gives no probabilities, so it has no calibration error.
  """
  if output_of(source) == "values":
    return Judged(None, value_measures.of_predictions(np.asarray(predicted), y))
  certain = 100 * np.eye(len(source.classes), dtype=np.float32)[predicted]
  counts = metrics.count(jnp.asarray(certain), jnp.asarray(y), jnp.ones(len(y)))
  found = metrics.measures(counts)
  del found["calibration_error"]
  return Judged(np.asarray(counts.confusion).astype(int), found)


def described(source: Domain) -> dict[str, Any]:
  """What a record says of the output: names, and values' scale."""
  if output_of(source) == "classes":
    return {"classes": list(source.classes)}
  y = np.asarray(source.train.y, np.float64)
  width = y.shape[1]
  names = ["value"] if width == 1 else [f"value {i + 1}" for i in range(width)]
  scale = {"mean": y.mean(axis=0).tolist(), "std": y.std(axis=0).tolist()}
  return {"classes": names, "output": {"name": "values", **scale}}
