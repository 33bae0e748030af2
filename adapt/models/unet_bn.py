"""U-Net with batch norm, for methods that need batch statistics."""

from typing import Any

from adapt.method import Net
from adapt.models.unet import unet


def unet_bn(classes: int, **options: Any) -> Net:
  """`unet` with batch norm in place of group norm.

  Its options are the same.
  """
  return unet(classes, **{"norm": "batch", **options})
