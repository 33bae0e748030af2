"""Amazon reviews, sentiment in four product domains, 5000 unigram and bigram counts.

The reviews are those of Blitzer, Dredze and Pereira (2007); these counts and this split are the
ones of the DANN paper's experiments (Ganin et al., 2016, arXiv:1505.07818, table 1).
"""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data.builders import base, citations

URL = (
  "https://raw.githubusercontent.com/GRAAL-Research/domain_adversarial_neural_network/"
  "74eec5e0ae06bd6614bce048abba492c16a633e3/data/"
)
WORDS = 5000
FILES = {  # SHA-256 and bytes
  ("books", "train"): ("317f9a2ec34b81de770b63a84d8c5cc2dc16bd0be6e079d2ff5b5bad5213ea19", 1134070),
  ("books", "test"): ("fe4605c7dcf0e0a9410fd2a32f247caaf9abb352cc6e4c3e0f400853163ad9c4", 2426071),
  ("dvd", "train"): ("95f602aa08bf6b55758f7b0b18df3882fe30acb11987ee60b6b4bb3c44cba733", 1133356),
  ("dvd", "test"): ("4fe1b1a15010f78d8d0c49fe362d35fd4677463a45f1ac02a9f410ae1e638060", 2039832),
  ("electronics", "train"): (
    "7d0061f03ff3827e4f8036b051b5e5828fddc0cd115aa5b212cd28d624dc14e4",
    872265,
  ),
  ("electronics", "test"): (
    "641783bc941839c3a111d3488a1b7e3bd820a61ec14a129e7429b47703aa961d",
    2461224,
  ),
  ("kitchen", "train"): (
    "a70b5ebfe1413e0e16280360905f5c3b64389c435cd20c0165dc9d7f293b31b5",
    771076,
  ),
  ("kitchen", "test"): (
    "e1502b97a824eb12314be4447394fa736fecb781c0724e6529cd6733ac7ff6d8",
    2280620,
  ),
}
TEST_SIZES = {"books": 4465, "dvd": 3586, "electronics": 5681, "kitchen": 5945}


def read_svmlight(path: Path) -> base.Arrays:
  """Read reviews from svmlight lines, "label index:count …".

  Indices are zero-based. The label is 0 or -1, or 1.

  Returns:
    x [n, 5000] uint8 counts and y [n] int64, 0 negative and 1 positive.

  Raises:
    ValueError: no such file, or another format, label, index or count.
  """
  path = Path(path)
  if not path.is_file():
    raise ValueError(f"no file '{path}': give --from the folder that holds it")
  lines = [line.split() for line in path.read_text("ascii", "replace").splitlines() if line.strip()]
  x, y = np.zeros((len(lines), WORDS), np.uint8), np.empty(len(lines), np.int64)
  try:
    for i, (label, *entries) in enumerate(lines):
      y[i] = {-1: 0, 0: 0, 1: 1}[int(float(label))]
      pairs = np.array([entry.split(":") for entry in entries], np.float64).reshape(-1, 2)
      index, count = pairs.T
      if not ((index >= 0) & (count >= 0) & (count <= 255) & (count == count.round())).all():
        raise ValueError
      x[i, index.astype(np.int64)] = count
  except (ValueError, KeyError, IndexError) as error:
    raise ValueError(
      f"{path} line {i + 1} is not 'label index:count …' with label 0 or 1, indices below {WORDS} "
      "and counts up to 255: fetch the file again"
    ) from error
  return x, y


class AmazonReviews(base.ArrayBuilder):
  """Amazon reviews: 2000 training and 3586 to 5945 test reviews a domain.

  A folder given as source holds `amazon/bow5000/{domain}_{train,test}.svmlight`. The reviews of a
  training split are balanced; no vocabulary is published.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = ("negative", "positive")
  SIZES = {  # noqa: RUF012
    domain: {"train": 2000, "test": size} for domain, size in TEST_SIZES.items()
  }
  HOMEPAGE = "https://www.cs.jhu.edu/~mdredze/datasets/sentiment/"
  LICENSE = "BSD-style, as stated by the repository that publishes these counts."
  CITATION = citations.BLITZER_2007
  FILES = {  # noqa: RUF012
    domain: tuple(
      base.Published(
        f"{domain}_{split}.svmlight",
        (f"{URL}{domain}_{split}.svmlight",),
        *FILES[domain, split],
      )
      for split in ("train", "test")
    )
    for domain in TEST_SIZES
  }
  BUILDER_CONFIGS = [  # noqa: RUF012
    tfds.core.BuilderConfig(name=domain, description=f"Reviews of {domain}.")
    for domain in TEST_SIZES
  ]

  def _info(self) -> tfds.core.DatasetInfo:
    features = {
      # Nearly all counts are zero: compressed, a review takes 160 bytes instead of 5000.
      "counts": tfds.features.Tensor(shape=(WORDS,), dtype=np.uint8, encoding="zlib"),
      "label": tfds.features.ClassLabel(names=self.CLASSES),
    }
    return self._described(
      features,
      "Counts of the 5000 most frequent unigrams and bigrams in product reviews, negative (1 or 2 "
      "stars) or positive (4 or 5 stars).",
      ("counts", "label"),
    )

  def _example(self, x: np.ndarray, y: int) -> dict:
    return {"counts": x, "label": int(y)}

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    stem = folder / "amazon" / "bow5000" / self.builder_config.name
    return {split: read_svmlight(Path(f"{stem}_{split}.svmlight")) for split in self._sizes()}

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    return dict(zip(("train", "test"), map(read_svmlight, self._fetched()), strict=True))
