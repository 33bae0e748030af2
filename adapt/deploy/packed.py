"""A model's description and arrays as the bytes of one file."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from adapt.training import pytree_io

ABOUT = "about"  # the entry that says what the others are: JSON in UTF-8


def packed(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
  """The .npz of arrays and their description, with a digest."""
  told = {**about, "digest": digest(arrays)}
  text = json.dumps(told, ensure_ascii=False).encode("utf-8", "backslashreplace")
  buffer = io.BytesIO()
  everything: dict[str, Any] = {ABOUT: np.frombuffer(text, np.uint8), **arrays}
  np.savez(buffer, **everything)
  return buffer.getvalue()


def digest(arrays: Mapping[str, np.ndarray]) -> str:
  """SHA-256 of names, types, shapes and bytes, the same once read again."""
  # NumPy reads types that are not its own, such as bfloat16, as plain bytes.
  plain = {n: a.view(f"V{a.itemsize}") if a.dtype.kind == "V" else a for n, a in arrays.items()}
  return pytree_io.digest(plain)
