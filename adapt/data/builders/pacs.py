"""PACS, four image styles of seven classes (Li et al., 2017).

Paper: arXiv:1710.03077. The styles are photographs, art, cartoons and sketches.

The release is on Google Drive, which has no address that a program can fetch; the download takes the
copy per domain that the Transfer Learning Library publishes, with the same folders.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import tensorflow_datasets as tfds

from adapt.data.builders import base, tree

_CITATION = """\
@inproceedings{li2017deeper,
  title = {Deeper, broader and artier domain generalization},
  author = {Li, Da and Yang, Yongxin and Song, Yi-Zhe and Hospedales, Timothy M.},
  booktitle = {International Conference on Computer Vision}, pages = {5542--5550}, year = {2017}
}"""


def _copy(domain: str, key: str) -> tuple[base.Published, ...]:
  return (base.Published(f"{domain}.tgz", (f"https://cloud.tsinghua.edu.cn/f/{key}/?dl=1",)),)


def read_packed(path: Path, domain: str) -> tuple[list[str], Callable[[str], bytes]]:
  """Read a domain of concatenated encoded images from an .npz file.

  The images lie end to end.

  Args:
    path: has `data` [bytes] uint8, `offsets` [n + 1] into it, and `names` [n], "class/file".
    domain: what to put before the names.

  Returns:
    The names, "domain/class/file", and a function from a name to the bytes.

  Raises:
    ValueError: one line that names the file: an array is absent, or the offsets do not fit.
  """
  data, offsets, names = base.read_array_file(path, ("data", "offsets", "names"))
  fits = len(offsets) == len(names) + 1 and offsets[0] == 0 and offsets[-1] == len(data)
  if not fits or (offsets[1:] < offsets[:-1]).any():
    raise ValueError(f"{path} has offsets that do not fit its data and names: fetch it again")
  places = {f"{domain}/{name}": i for i, name in enumerate(names)}

  def read(name: str) -> bytes:
    i = places[name]
    return data[offsets[i] : offsets[i + 1]].tobytes()

  return list(places), read


class Pacs(base.ImageBuilder):
  """PACS: four domains with seven classes.

  It has 2048 images of art_painting, 2344 of cartoon, 1670 of photo and 3929 of sketch.

  A folder given as source holds {art_painting,cartoon,photo,sketch}.tgz, or the folders
  `art_painting/dog/pic_001.jpg`, … (the release has them in `kfold/`), or the images packed in
  `art_painting.npz`, … (see `read_packed`), in itself or in `pacs/`.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.words("dog elephant giraffe guitar horse house person")
  SIZES = {  # noqa: RUF012
    "art_painting": {"train": 2048},
    "cartoon": {"train": 2344},
    "photo": {"train": 1670},
    "sketch": {"train": 3929},
  }
  HOMEPAGE = "https://domaingeneralization.github.io/#data"
  LICENSE = "No licence is stated."
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    "art_painting": _copy("art_painting", "4eb7db4f3eec41719856"),
    "cartoon": _copy("cartoon", "d847ac22497b4826889f"),
    "photo": _copy("photo", "458ad21483da4a45935b"),
    "sketch": _copy("sketch", "c892ac2d94a44b1196b8"),
  }
  BUILDER_CONFIGS = base.configs(SIZES, "The domain {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info("Photographs, paintings, cartoons and sketches of seven classes.")

  @contextlib.contextmanager
  def _opened(self) -> Iterator[tuple[list[str], Callable[[str], bytes]]]:
    domain = str(self._config())
    if self._source is not None and (packed := self._folder() / f"{domain}.npz").is_file():
      yield read_packed(packed, domain)
      return
    with super()._opened() as found:
      yield found

  def _members(self, names: Sequence[str], read: Callable[[str], bytes]) -> list[tuple[int, str]]:
    return tree.by_folder(names, (str(self._config()),), self.CLASSES)
