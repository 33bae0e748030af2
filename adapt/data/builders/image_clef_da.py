"""ImageCLEF-DA, four photograph collections (Caputo et al., ImageCLEF 2014).

They share twelve classes.

The domains are Bing (b), Caltech-256 (c), ImageNet ILSVRC 2012 (i) and Pascal VOC 2012 (p), each
with 50 images a class; most papers leave Bing out.
"""

from collections.abc import Callable, Sequence

import tensorflow_datasets as tfds

from adapt.data.builders import base, tree

_CITATION = """\
@inproceedings{caputo2014imageclef,
  title = {{ImageCLEF} 2014: overview and analysis of the results},
  author = {Caputo, Barbara and M{\\"u}ller, Henning and Martinez-Gomez, Jesus and others},
  booktitle = {Conference and Labs of the Evaluation Forum}, pages = {192--211}, year = {2014}
}"""

_MANUAL = """\
ImageCLEF-DA is linked from https://www.imageclef.org/2014/adaptation and from pages of papers that
use it, without a stable address. Put image_CLEF.zip, or what it unpacks to, in a folder: the images in
b/, c/, i/ and p/, and the lists bList.txt, cList.txt, iList.txt and pList.txt."""


class ImageClefDa(base.ImageBuilder):
  """ImageCLEF-DA: 600 images of each domain, in 12 classes.

  A folder given as source holds `image_CLEF.zip`, or what it unpacks to: a list for each domain,
  `bList.txt` or `b_list.txt`, with lines "b/1.jpg 0", and the images. The class names are in the
  lists' order, which is alphabetical; the lists have numbers alone.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.words("aeroplane bike bird boat bottle bus car dog horse monitor motorbike people")
  SIZES = {domain: {"train": 600} for domain in "bcip"}  # noqa: RUF012
  HOMEPAGE = "https://www.imageclef.org/2014/adaptation"
  LICENSE = "No licence is stated."
  CITATION = _CITATION
  MANUAL = MANUAL_DOWNLOAD_INSTRUCTIONS = _MANUAL
  FILES = {domain: (base.Published("image_CLEF.zip"),) for domain in "bcip"}  # noqa: RUF012
  BUILDER_CONFIGS = base.configs(SIZES, "The domain {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info(
      "Photographs of twelve classes from Bing, Caltech, ImageNet and Pascal."
    )

  def _members(self, names: Sequence[str], read: Callable[[str], bytes]) -> list[tuple[int, str]]:
    domain = str(self._config())
    name = tree.listed(names, "image_clef_da", f"{domain}List.txt", f"{domain}_list.txt")
    return tree.by_list(names, read(name), name, "", 2, len(self.CLASSES))
