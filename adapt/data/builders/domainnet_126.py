"""DomainNet-126, a subset of DomainNet (Peng et al., 2019, arXiv:1812.01754).

It has four domains and 126 classes.

Two lists are in use, and numbers on them differ. The configs `real`, `clipart`, `painting` and
`sketch` follow the lists over the cleaned DomainNet, without its duplicates, 142334 images (Chen et
al., 2022, arXiv:2204.10377). The configs ending in `_mme` follow those that named the subset, 145145
images (Saito et al., 2019, arXiv:1904.06487); some of theirs are not in the cleaned DomainNet.
"""

from collections.abc import Callable, Sequence

import tensorflow_datasets as tfds

from adapt.data.builders import base, class_names_126, tree

_SITE = "csr.bu.edu/ftp/visda/2019/multi-source/"
_LISTS = (
  "https://raw.githubusercontent.com/DianCh/AdaContrast/"
  "e8053164a2a078cda722af9c1536032fa6985288/datasets/domainnet-126/"
)
_MME = (
  "https://raw.githubusercontent.com/VisionLearningGroup/SSDA_MME/"
  "39df479c3894fa8aa8589b0833d45e3112f872a0/data/txt/multi/"
)
_KNOWN = {  # SHA-256 and bytes of the lists
  "real": ("c567b5ddc123a243f010d2048123d57c987717febd064a298e2c155d24795af8", 2503856),
  "clipart": ("057b0496db8b60a90804b1267b65d64e6f9bd548ef555521b4d63d9cfb3bdb6e", 782730),
  "painting": ("0d91298e5777ff28b8d1dabf673af566d1002e2331bea1972ac9dea27978f0db", 1312543),
  "sketch": ("4c52172cc37acc3bda07adf14e8ec8c7e542886175844ef2186ac787ea7a3c44", 963323),
  "real_mme": ("7a6e2eb06c4540acfbecb256be5cc2b40e5cb51ac407c87322b9801891def899", 2530617),
  "clipart_mme": ("8f241bd8400c2e1676c8ff96a63b8917e488cc318cbcc4e97883d15567d03d92", 790199),
  "painting_mme": ("eafd460aa2fcc401b179ec3ca30f2519bf5977f94479be8d4def9cfeeba995e0", 1378083),
  "sketch_mme": ("27f361fe47db52c522f84d7c0faf7801fe0e632ef9d2585cb31f68f794cb3d36", 980924),
}
_DOMAINS = ("real", "clipart", "painting", "sketch")
_CLEANED = {"clipart": "groundtruth/clipart", "painting": "groundtruth/painting"}

_CITATION = """\
@inproceedings{peng2019moment,
  title = {Moment matching for multi-source domain adaptation},
  author = {Peng, Xingchao and Bai, Qinxun and Xia, Xide and Huang, Zijun and Saenko, Kate and
            Wang, Bo},
  booktitle = {International Conference on Computer Vision}, pages = {1406--1415}, year = {2019}
}"""


def _zip(domain: str, place: str) -> base.Published:
  """The images of a domain, at most 16 GiB."""
  return base.Published(f"{domain}.zip", base.https_first(f"{_SITE}{place}.zip"), most=2**34)


class Domainnet126(base.ImageBuilder):
  """DomainNet-126 builder.

  It has 69622 images of real, 18523 of clipart, 30042 of painting and 24147 of sketch.

  A folder given as source holds, for each domain, the list `real_list.txt` (for `real_mme`:
  `labeled_source_images_real.txt`) with lines "real/zebra/real_344_000001.jpg 125", and either
  `real.zip` or the unpacked `real/`. The `_mme` configs are prepared only from a folder that has
  their lists, with the zips of the original DomainNet.
  """

  name = "domainnet_126"  # TFDS would write it without the underscore
  VERSION = tfds.core.Version("1.0.0")
  CLASSES = class_names_126.CLASSES
  SIZES = {  # noqa: RUF012
    "real": {"train": 69622},
    "clipart": {"train": 18523},
    "painting": {"train": 30042},
    "sketch": {"train": 24147},
    "real_mme": {"train": 70358},
    "clipart_mme": {"train": 18703},
    "painting_mme": {"train": 31502},
    "sketch_mme": {"train": 24582},
  }
  HOMEPAGE = "http://ai.bu.edu/M3SDA/"
  LICENSE = "See the homepage; the images were collected from the web."
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    **{
      domain: (
        base.Published(f"{domain}_list.txt", (f"{_LISTS}{domain}_list.txt",), *_KNOWN[domain]),
        _zip(domain, _CLEANED.get(domain, domain)),
      )
      for domain in _DOMAINS
    },
    **{
      f"{domain}_mme": (
        base.Published(
          f"labeled_source_images_{domain}.txt",
          (f"{_MME}labeled_source_images_{domain}.txt",),
          *_KNOWN[f"{domain}_mme"],
        ),
        _zip(domain, domain),
      )
      for domain in _DOMAINS
    },
  }
  BUILDER_CONFIGS = base.configs(SIZES, "The domain {}.")

  def is_absent(self) -> bool:
    return str(self._config()).endswith("_mme") and not self._has_any((self._list(),))

  def _list(self) -> str:
    return self.FILES[self._config()][0].name

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info("Photographs, clip art, paintings and sketches of 126 classes.")

  def _members(self, names: Sequence[str], read: Callable[[str], bytes]) -> list[tuple[int, str]]:
    name = tree.listed(names, f"domainnet_126/{self._config()}", self._list())
    return tree.by_list(names, read(name), name, "", 3, len(self.CLASSES))
