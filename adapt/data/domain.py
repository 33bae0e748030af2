"""Data types `Domain` and `Split` of arrays and class names.

This is what a data set is to the rest of the code. A domain has a training and a test split.
"""

from typing import NamedTuple

import numpy as np

from adapt.data.images import Images

Inputs = np.ndarray | Images


class Split(NamedTuple):
  """Examples of one split.

  Images are [n, h, w, c] uint8 (scaled to [-1, 1] on the device, where they are used), encoded or
  not, or float32 (used as they are); feature vectors are [n, d] float32, token ids [n, l] int32,
  series [n, t, c, 1] float32.
  """

  x: Inputs
  y: np.ndarray | None  # [n] int32, 0 … K-1; None where the labels are unknown


class Domain(NamedTuple):
  """A domain: training inputs and labels, and a test split.

  A method may see the training inputs. It is judged on the test split.
  """

  name: str
  train: Split
  test: Split
  classes: tuple[str, ...]
