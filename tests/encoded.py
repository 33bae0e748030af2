"""Made-up encoded images, as prepared sets hold them."""

import io

import numpy as np
from PIL import Image


class Encoded:
  """Images [n, h, w, 3] uint8 as PNG files, one an example."""

  def __init__(self, images: np.ndarray) -> None:
    self.stored = [png(image) for image in images]

  def __len__(self):
    return len(self.stored)

  def read(self, i):
    return self.stored[i]

  def name(self, i):
    return f"image {i}"


def png(image: np.ndarray) -> bytes:
  buffer = io.BytesIO()
  Image.fromarray(image).save(buffer, format="png")
  return buffer.getvalue()
