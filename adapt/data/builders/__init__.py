"""The data sets that TFDS lacks, or cannot prepare without TensorFlow, and how to prepare one.

Importing this package imports neither TFDS nor a builder; `prepare` does.
"""

import contextlib
import importlib
import io
import os
from pathlib import Path
from typing import Any

_BUILDERS = {  # name → (module, class, configs)
  "mnist": ("mnist", "MnistDigits", ()),
  "usps": ("usps", "Usps", ()),
  "mnist_m": ("mnist_m", "MnistM", ()),
  "amazon_reviews": (
    "amazon_reviews",
    "AmazonReviews",
    ("books", "dvd", "electronics", "kitchen"),
  ),
}


def names() -> tuple[str, ...]:
  """The data sets that `prepare` knows."""
  return tuple(_BUILDERS)


def default_data_dir() -> Path:
  """TFDS's own data folder: `$TFDS_DATA_DIR`, else `~/tensorflow_datasets`."""
  return Path(os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets")


def import_tfds() -> Any:
  """The module `tensorflow_datasets`, or a ValueError that says how to install it."""
  try:
    import tensorflow_datasets as tfds
  except ImportError as error:
    raise ValueError(
      "this data set needs tensorflow_datasets: pip install 'adapt-jax[tfds]'"
    ) from error
  return tfds


def prepare(
  name: str, source: str | os.PathLike | None = None, data_dir: str | os.PathLike | None = None
) -> dict[str, dict[str, int]]:
  """Prepares a data set as TFDS does, in ArrayRecord files and without TensorFlow.

  A set that is already prepared is left as it is.

  Args:
    name: one of `names()`.
    source: a folder that holds a copy of the data (the layout is in each builder's docstring);
      None downloads them from their public source.
    data_dir: where TFDS keeps its sets; None means `default_data_dir()`.

  Returns:
    The number of examples by split, of each config: {"amazon_reviews/books": {"train": 2000, …}}.

  Raises:
    ValueError: unknown name; files absent, damaged or of another size; failed download.
  """
  if name not in _BUILDERS:
    raise ValueError(f"unknown data set '{name}': choose from {', '.join(_BUILDERS)}")
  if source is not None and not Path(source).is_dir():
    raise ValueError(f"no folder '{source}': give --from the folder that holds the data")
  tfds = import_tfds()
  module, cls_name, configs = _BUILDERS[name]
  cls = getattr(importlib.import_module(f"{__name__}.{module}"), cls_name)
  root = Path(data_dir) if data_dir else default_data_dir()
  counts = {}
  for config in configs or (None,):
    builder = cls(source=source, data_dir=root, config=config, file_format="array_record")
    # TFDS announces itself on stdout, where the caller prints its results.
    with contextlib.redirect_stdout(io.StringIO()):
      try:
        builder.download_and_prepare()
      except (OSError, tfds.download.DownloadError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        raise ValueError(
          f"{name} could not be prepared ({reason}): check the network and the free disk space, "
          "or use --from FOLDER with a copy of the data"
        ) from error
    key = f"{name}/{config}" if config else name
    counts[key] = {split: info.num_examples for split, info in builder.info.splits.items()}
  return counts
