"""Office-Caltech10 as SURF or DeCAF6 features.

Papers: SURF words, Gong et al., CVPR 2012. DeCAF6, arXiv:1310.1531.

Ten classes that Office-31 and Caltech-256 share, in four domains. Two data sets, because only one
can be downloaded without a person: `office_caltech10_surf`, counts of 800 visual words, and
`office_caltech10_decaf6`, 4096 activations of the sixth layer of a network trained on ImageNet.
Both are stored as published: whoever uses them states the normalisation (see the named domains).
"""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data.builders import base, class_names, layout, mat

SIZES: base.Sizes = {
  "amazon": {"train": 958},
  "caltech10": {"train": 1123},
  "dslr": {"train": 157},
  "webcam": {"train": 295},
}
# Two repositories have the files under two names; the bytes are the same.
MIRRORS = (
  "https://raw.githubusercontent.com/alecamo97/Optimal-Transport-Office-Caltech-dataset/"
  "e3178ef83f02079b423200c7411b6a2f0d22e0dc/Surf/{}.mat",
  "https://raw.githubusercontent.com/viggin/domain-adaptation-toolbox/"
  "2a991816a0ac39043b526c2b0cbe01bc844d8890/ToRelease_GFK/data/{}_SURF_L10.mat",
)
SHA256 = {
  "amazon": "df32548b994e18d364c99e1f317e1fae100597259f0423a41b90f4f68187bb1f",
  "caltech10": "4f9334c8ced489d5054de97a5fd51a61f017f3bcd1f38c9a85c6d78cb9d7bda5",
  "dslr": "44d673c68e1d07b837893aa74dba3b986e4a6cc3fd66f0dd357683bdef059216",
  "webcam": "a6a9c78b4b7181dfbb58bcfd351d4ebd737f171c31247b8884948aa156d3f700",
}

_SURF_CITATION = """\
@inproceedings{gong2012geodesic,
  title = {Geodesic flow kernel for unsupervised domain adaptation},
  author = {Gong, Boqing and Shi, Yuan and Sha, Fei and Grauman, Kristen},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  pages = {2066--2073}, year = {2012}
}"""

_DECAF_CITATION = """\
@inproceedings{donahue2014decaf,
  title = {{DeCAF}: a deep convolutional activation feature for generic visual recognition},
  author = {Donahue, Jeff and Jia, Yangqing and Vinyals, Oriol and Hoffman, Judy and Zhang, Ning and
            Tzeng, Eric and Darrell, Trevor},
  booktitle = {International Conference on Machine Learning}, pages = {647--655}, year = {2014}
}"""


def read_surf(path: Path) -> base.Arrays:
  """Read SURF counts and labels from a .mat file.

  `fts` [n, 800] counts become x uint8. `labels` 1 … 10 become y, 0 … 9.

  Raises:
    ValueError: as `mat.features`; values that are not counts up to 255.
  """
  x, y = mat.features(path, 800, ("fts",), 1, 10)
  if not ((x >= 0) & (x <= 255) & (x == np.floor(x))).all():
    raise ValueError(f"{path} has features that are not counts up to 255: {mat.AGAIN}")
  return x.astype(np.uint8), y


def read_decaf6(path: Path) -> base.Arrays:
  """Read DeCAF6 features and labels from a .mat file.

  `feas` or `fts` [n, 4096] becomes x float32. `labels` 1 … 10 become y. Raises ValueError as
  `mat.features`.
  """
  x, y = mat.features(path, 4096, ("feas", "fts"), 1, 10)
  return x.astype(np.float32), y


def _gfk(name: str) -> str:
  """Return a domain's name in the paper authors' files."""
  return "Caltech10" if name == "caltech10" else name


class _Features(base.ArrayBuilder, skip_registration=True):  # type: ignore[call-arg]
  """Base builder of both feature sets."""

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = class_names.OFFICE_CALTECH10
  SIZES = SIZES
  LICENSE = "No licence is stated for the data."
  BUILDER_CONFIGS = base.configs(SIZES, "Images of {}.")

  def _example(self, x: np.ndarray, y: int) -> dict:
    return {"features": x, "label": int(y)}

  def _features_info(self, width: int, dtype: type, description: str) -> tfds.core.DatasetInfo:
    features = {
      "features": tfds.features.Tensor(shape=(width,), dtype=dtype, encoding="zlib"),
      "label": tfds.features.ClassLabel(names=self.CLASSES),
    }
    return self._described(features, description, ("features", "label"))

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    return self._from_folder(self._fetched()[0].parent)


class OfficeCaltech10Surf(_Features):
  """SURF features: counts of 800 visual words, [800] uint8.

  The examples are in the order of the release.

  A folder given as source holds `office_caltech10/surf/{amazon,caltech10,dslr,webcam}.mat`, or the
  published `{amazon,Caltech10,dslr,webcam}_SURF_L10.mat`.
  """

  HOMEPAGE = "https://github.com/viggin/domain-adaptation-toolbox"
  CITATION = _SURF_CITATION
  FILES = {  # noqa: RUF012
    name: (
      base.Published(
        f"{_gfk(str(name))}_SURF_L10.mat",
        (MIRRORS[0].format(name), MIRRORS[1].format(_gfk(str(name)))),
        SHA256[str(name)],
      ),
    )
    for name in SIZES
  }

  def _info(self) -> tfds.core.DatasetInfo:
    return self._features_info(
      800, np.uint8, "Counts of visual words: SURF descriptors of an image, in a codebook of 800."
    )

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    name = str(self._config())
    file = f"{_gfk(name)}_SURF_L10.mat"
    places = (f"office_caltech10/surf/{name}.mat", file, f"surf/{name}.mat")
    return {"train": read_surf(layout.find(folder, *places))}


class OfficeCaltech10Decaf6(_Features):
  """DeCAF6 activations [4096] float32, in the order of the release.

  A folder given as source holds `{amazon,caltech,dslr,webcam}_decaf.mat` or
  `decaf6/{amazon,caltech10,dslr,webcam}.mat`; both forms are in use.
  """

  HOMEPAGE = "https://github.com/jindongwang/transferlearning/blob/master/data/dataset.md"
  CITATION = _DECAF_CITATION
  MANUAL = (
    "The four files {amazon,caltech,dslr,webcam}_decaf.mat are linked from "
    "https://github.com/jindongwang/transferlearning/blob/master/data/dataset.md "
    "(Office+Caltech, DeCAF6; file hosts). Put them in the folder."
  )
  FILES = {  # noqa: RUF012
    name: (base.Published(f"{str(name).removesuffix('10')}_decaf.mat"),) for name in SIZES
  }

  def _info(self) -> tfds.core.DatasetInfo:
    return self._features_info(
      4096, np.float32, "Activations of the sixth layer of a network trained on ImageNet."
    )

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    name = str(self._config())
    file = f"{name.removesuffix('10')}_decaf.mat"
    places = (file, f"decaf6/{name}.mat", f"office_caltech10/decaf6/{name}.mat")
    return {"train": read_decaf6(layout.find(folder, *places))}
