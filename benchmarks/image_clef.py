"""ImageCLEF-DA: Caltech-256, ImageNet and Pascal VOC pictures of 12 classes, 6 pairs, ResNet-50.

Untried here for want of a GPU.
"""

import sys

from adapt import cli
from adapt.experiments.suite import PHOTOS, Suite, Task, by_recipe, row
from benchmarks import photo_recipes

PAIRS = ("i_p", "p_i", "i_c", "c_i", "c_p", "p_c")
_CDAN = "Long et al. (2018, arXiv:1705.10667), Table 2, ResNet-50"
_PROTOCOL = "all images of both domains, mean of 3 runs"
_ROWS = {
  ("source only", "source_only"): "74.8 83.9 91.5 78.0 65.5 91.2",
  ("DAN", "dan"): "74.5 82.2 92.8 86.3 69.2 89.8",
  ("DANN", "dann"): "75.0 86.0 96.2 87.0 74.3 91.5",
  ("JAN", "jan"): "76.8 88.0 94.7 89.5 74.2 91.7",
  ("CDAN", "cdan"): "76.7 90.6 97.0 90.5 74.5 93.5",
}
_XU = "jihanyang/AFN @ d96515b, vanilla/README.md"

SUITE = Suite(
  name="image_clef",
  tasks=tuple(Task(p, (f"image_clef_{p[0]}",), f"image_clef_{p[-1]}") for p in PAIRS),
  settings=PHOTOS,
  protocol=(
    "transductive: all source images with labels, all target images without, accuracy on those "
    "target images; 224 pixels cut from 256, last iterate, no target label anywhere"
  ),
  reported=(
    *(row(a, b, _CDAN, _PROTOCOL, PAIRS, p) for (a, b), p in _ROWS.items()),
    row("SAFN", "afn", _XU, _PROTOCOL, PAIRS, "78.0 91.7 96.2 91.1 77.0 94.7"),
  ),
  recipes=(photo_recipes.afn_clef(PAIRS),),
)
SUITE = SUITE._replace(reported=(*SUITE.reported, *by_recipe(SUITE)))

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
