"""Base builder of sets whose examples are float arrays of one shape."""

from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from adapt.data.builders import base


class VectorBuilder(base.ArrayBuilder, skip_registration=True):  # type: ignore[call-arg]
  """A builder whose examples are float32 arrays of one shape.

  NaN marks a missing cell. Labels are classes, or one float32 each (regression) where the set has
  no classes.
  """

  def _example(self, x: np.ndarray, y: Any) -> dict[str, Any]:
    return {"features": x, "label": int(y) if self.CLASSES else np.float32(y)}

  def _vector_info(self, shape: tuple[int, ...], description: str) -> tfds.core.DatasetInfo:
    features: dict[str, Any] = {
      "features": tfds.features.Tensor(shape=shape, dtype=np.float32, encoding="zlib"),
      "label": tfds.features.Scalar(dtype=np.float32),
    }
    if self.CLASSES:
      features["label"] = tfds.features.ClassLabel(names=self.CLASSES)
    return self._described(features, description, ("features", "label"))
