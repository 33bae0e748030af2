"""Prepare data sets that TFDS lacks or needs TensorFlow for.

Importing this package imports neither TFDS nor a builder; `prepare` does.
"""

import contextlib
import importlib
import importlib.util
import io
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adapt import catalogue, extras
from adapt.data import atomic_files

_BUILDERS = {  # name → (module, class, configs)
  "mnist": ("mnist", "MnistDigits", ()),
  "usps": ("usps", "Usps", ()),
  "mnist_m": ("mnist_m", "MnistM", ()),
  "amazon_reviews": (
    "amazon_reviews",
    "AmazonReviews",
    ("books", "dvd", "electronics", "kitchen"),
  ),
  "office31": ("office31", "Office31", ("amazon", "dslr", "webcam")),
  "office_caltech10": (
    "office_caltech10",
    "OfficeCaltech10",
    ("amazon", "caltech", "dslr", "webcam"),
  ),
  "office_home": ("office_home", "OfficeHome", ("art", "clipart", "product", "real_world")),
  "image_clef_da": ("image_clef_da", "ImageClefDa", ("b", "c", "i", "p")),
  "visda2017": ("visda2017", "Visda2017", ("synthetic", "real", "test")),
  "domainnet_126": (
    "domainnet_126",
    "Domainnet126",
    (
      *("real", "clipart", "painting", "sketch"),
      *("real_mme", "clipart_mme", "painting_mme", "sketch_mme"),
    ),
  ),
  "pacs": ("pacs", "Pacs", ("art_painting", "cartoon", "photo", "sketch")),
  "syn_digits": ("syn_digits", "SynDigits", ()),
  "gtsrb": ("gtsrb", "Gtsrb", ()),
  "syn_signs": ("syn_signs", "SynSigns", ()),
  "office_caltech10_surf": (
    "office_caltech10_features",
    "OfficeCaltech10Surf",
    ("amazon", "caltech10", "dslr", "webcam"),
  ),
  "office_caltech10_decaf6": (
    "office_caltech10_features",
    "OfficeCaltech10Decaf6",
    ("amazon", "caltech10", "dslr", "webcam"),
  ),
  "amazon_400": ("amazon_400", "Amazon400", ("books", "dvd", "electronics", "kitchen")),
  "camvid": ("camvid", "Camvid", ("day", "dusk")),
  "retina": ("retina", "Retina", ("drive", "chase")),
  "amazon_text": ("amazon_text", "AmazonText", ("books", "dvd", "electronics", "kitchen")),
  "heart": ("heart", "Heart", ("cleveland", "hungarian", "switzerland", "va")),
  "beijing_air": (
    "beijing_air",
    "BeijingAir",
    (
      *("aotizhongxin", "changping", "dingling", "dongsi", "guanyuan", "gucheng"),
      *("huairou", "nongzhanguan", "shunyi", "tiantan", "wanliu", "wanshouxigong"),
    ),
  ),
  "spoken_digits": (
    "spoken_digits",
    "SpokenDigits",
    ("george", "jackson", "lucas", "nicolas", "theo", "yweweler"),
  ),
  "cwru_bearings": ("cwru_bearings", "CwruBearings", ("1730", "1750", "1772", "1797")),
}


class Description(NamedTuple):
  """Facts about a data set, known before it is prepared."""

  name: str
  configs: tuple[str, ...]  # empty where there is one alone
  classes: tuple[str, ...]
  sizes: dict[str | None, dict[str, int]]  # examples by config (None: no configs) and split
  license: str
  homepage: str
  manual: str  # how a person gets it; empty where the download is automatic
  automatic: bool


def names() -> tuple[str, ...]:
  """Return the data sets that `prepare` knows."""
  return tuple(_BUILDERS)


def describe(name: str) -> Description:
  """Describe a data set without preparing it.

  Without tensorflow_datasets its name and configs alone are known, and the rest is empty.

  Raises ValueError for a name that is not in `names()`.
  """
  if name in _BUILDERS and importlib.util.find_spec("tensorflow_datasets") is None:
    return Description(name, _BUILDERS[name][2], (), {}, "", "", "", True)
  cls, configs = _builder(name)
  sizes = dict(cls.SIZES)
  if not any(isinstance(splits, dict) for splits in sizes.values()):
    sizes = {None: sizes}
  manual = " ".join(cls.MANUAL.split())
  return Description(
    name, configs, tuple(cls.CLASSES), sizes, cls.LICENSE, cls.HOMEPAGE, manual, not manual
  )


def default_data_dir() -> Path:
  """TFDS's own data folder: `$TFDS_DATA_DIR`, else `~/tensorflow_datasets`.

  ValueError where there is neither that nor a home folder.
  """
  if told := os.environ.get("TFDS_DATA_DIR"):
    return Path(told)
  try:
    return Path.home() / "tensorflow_datasets"
  except RuntimeError as error:
    raise ValueError("there is no home folder for data sets: set TFDS_DATA_DIR") from error


def import_tfds() -> Any:
  """Import `tensorflow_datasets`, or raise ValueError with install instructions."""
  try:
    import tensorflow_datasets as tfds
  except ImportError as error:
    raise ValueError(
      f"this data set needs tensorflow_datasets: {extras.install('tfds')}"
    ) from error
  return tfds


def prepare(
  name: str, source: str | os.PathLike | None = None, data_dir: str | os.PathLike | None = None
) -> dict[str, dict[str, int]]:
  """Prepare a data set as TFDS ArrayRecord files, without TensorFlow.

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
  cls, configs = _builder(name)
  if source is not None and not Path(source).is_dir():
    raise ValueError(f"no folder '{source}': give --from the folder that holds the data")
  root = Path(data_dir) if data_dir else default_data_dir()
  lock = root / f".{cls.name}.lock"
  with atomic_files.one_at_a_time(lock, f"prepares {name} in {root}"):
    return _prepared(name, cls, configs, source, root)


def _prepared(
  name: str,
  cls: Any,
  configs: Sequence[str],
  source: str | os.PathLike | None,
  root: Path,
) -> dict[str, dict[str, int]]:
  """Prepare what is not there yet, while no other process does; as `prepare`."""
  tfds, counts = import_tfds(), {}
  for config in configs or (None,):
    builder = cls(source=source, data_dir=root, config=config, file_format="array_record")
    if builder.is_absent() and not (builder.data_path / "dataset_info.json").exists():
      continue
    _sweep(Path(builder.data_path))
    # TFDS announces itself on stdout, where the caller prints its results.
    with contextlib.redirect_stdout(io.StringIO()):
      try:
        builder.download_and_prepare()
      # ArrayRecord reports a full disk as a RuntimeError.
      except (OSError, RuntimeError, tfds.download.DownloadError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
        raise ValueError(
          f"{name} could not be prepared ({reason}): check the network and the free disk space, "
          "or use --from FOLDER with a copy of the data"
        ) from error
    key = f"{name}/{config}" if config else name
    counts[key] = {split: info.num_examples for split, info in builder.info.splits.items()}
  return counts


def _sweep(prepared: Path) -> None:
  """Remove what killed processes have left of a set: folders as large as the set itself.

  Only whoever holds the set's lock may call it, so no living process writes in them.
  """
  for folder in prepared.parent.glob(f"incomplete.*_{prepared.name}"):
    if folder.is_dir() and not folder.is_symlink():
      shutil.rmtree(folder, ignore_errors=True)


def _builder(name: str) -> tuple[Any, tuple[str, ...]]:
  """Return the builder class of a data set, and its configs."""
  if name not in _BUILDERS:
    raise ValueError(catalogue.unknown("data set", name, _BUILDERS))
  import_tfds()  # says how to install it, which the builder's own import does not
  module, cls_name, configs = _BUILDERS[name]
  return getattr(importlib.import_module(f"{__name__}.{module}"), cls_name), configs
