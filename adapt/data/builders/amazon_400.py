"""Amazon reviews as 400 word frequencies (Gong et al., ICML 2013).

Paper: Gong, Grauman and Sha, ICML 2013.

The reviews are those of Blitzer, Dredze and Pereira (2007). A row holds the shares of the 400 words
that are most frequent over the domains and sums to 1. The files do not say which label is positive:
it is 1, as the number of negative and of positive reviews with a word shows (label 0 has "waste" and
"supposed" in as many reviews as the negative reviews themselves).
"""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data.builders import base, class_names, layout, mat

WORDS = 400
SIZES: base.Sizes = {
  "books": {"train": 2000},
  "dvd": {"train": 1999},
  "electronics": {"train": 1998},
  "kitchen": {"train": 1999},
}
URL = (
  "https://raw.githubusercontent.com/luffy-yu/transfer_learning_baseline_toolbox_oop/"
  "9420fd2dc5b74c665883adebc73d4162eb21e6eb/dataset/amazon_review/amazon_review/"
)
MATS = {
  "books": "books_400.mat",
  "dvd": "dvd_400.mat",
  "electronics": "elec_400.mat",
  "kitchen": "kitchen_400.mat",
}
SHA256 = {
  "books": "7a53b54f0c0e81e7ee4774d762a927399cede9a802a2409732ba00cc1c23a17a",
  "dvd": "13a71d399f9c7ae57064952979c830455057ffd0a8da73f2c9075338d64d98ce",
  "electronics": "f1dd6e01c1eed956d3abe6493a6bb5efc95e6585b8b9b2d856c0c07e12893a35",
  "kitchen": "b1f4e5ddfbd7b37ad2638fccbf83bd8558abf63b3e8d69a9d5bca77b1a49fed5",
}

_CITATION = """\
@inproceedings{gong2013connecting,
  title = {Connecting the dots with landmarks: discriminatively learning domain-invariant features
           for unsupervised domain adaptation},
  author = {Gong, Boqing and Grauman, Kristen and Sha, Fei},
  booktitle = {International Conference on Machine Learning}, pages = {222--230}, year = {2013}
}"""


def read_shares(path: Path) -> base.Arrays:
  """Read word shares and sentiment labels from a .mat file.

  `fts` is [n, 400] with rows that sum to 1. `labels` is 0 for negative and 1 for positive.

  Returns:
    x [n, 400] float64 and y [n] int64.

  Raises:
    ValueError: as `mat.features`; a row that is no distribution.
  """
  x, y = mat.features(path, WORDS, ("fts",), 0, 1)
  if (x < 0).any() or not np.allclose(x.sum(1), 1):
    raise ValueError(f"{path} has rows that do not sum to 1: {mat.AGAIN}")
  return x.astype(np.float64), y


class Amazon400(base.ArrayBuilder):
  """Amazon reviews as word shares [400] float64.

  Each domain has 1998 to 2000 reviews. A feature is a word's share among 400 words.

  A folder given as source holds `{books,dvd,elec,kitchen}_400.mat`, itself or in `amazon/top400`.
  """

  name = "amazon_400"
  VERSION = tfds.core.Version("1.0.0")
  CLASSES = class_names.SENTIMENTS
  SIZES = SIZES
  LICENSE = "No licence is stated for the data; MIT for the repository that publishes it."
  HOMEPAGE = "https://github.com/luffy-yu/transfer_learning_baseline_toolbox_oop"
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    name: (base.Published(mat_name, (URL + mat_name,), SHA256[name]),)
    for name, mat_name in MATS.items()
  }
  BUILDER_CONFIGS = base.configs(SIZES, "Reviews of {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    features = {
      "shares": tfds.features.Tensor(shape=(WORDS,), dtype=np.float64, encoding="zlib"),
      "label": tfds.features.ClassLabel(names=self.CLASSES),
    }
    return self._described(
      features, "Shares of the 400 most frequent words in product reviews.", ("shares", "label")
    )

  def _example(self, x: np.ndarray, y: int) -> dict:
    return {"shares": x, "label": int(y)}

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    file = MATS[str(self._config())]
    return {"train": read_shares(layout.find(folder, f"amazon/top400/{file}", file))}

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    return self._from_folder(self._fetched()[0].parent)
