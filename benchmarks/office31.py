"""Office-31: objects in a shop's pictures and before two cameras, 31 classes, 6 pairs, ResNet-50.

About 40 minutes a pair, seed and method on one recent GPU is to be expected; untried here. The
weights are ImageNet's, as published for torchvision: give them as --pretrained FILE.
"""

import sys

from adapt import cli
from adapt.experiments.suite import PHOTOS, Suite, Task, by_recipe, row
from benchmarks import photo_recipes

PAIRS = (
  "amazon_webcam",
  "dslr_webcam",
  "webcam_dslr",
  "amazon_dslr",
  "dslr_amazon",
  "webcam_amazon",
)
_TLLIB = "TLlib, Office-31 accuracy on ResNet-50 (its README)"
_BEST = "ResNet-50, the epoch that is best on the target's labels, one seed"
_ROWS = {
  ("ERM", "source_only"): "75.8 95.5 99.0 79.3 63.6 63.8",
  ("DANN", "dann"): "91.4 97.9 100.0 83.6 73.3 70.4",
  ("ADDA", "adda"): "94.6 97.5 99.7 90.0 69.6 72.5",
  ("BSP", "bsp"): "92.7 97.9 100.0 88.2 74.1 73.8",
  ("DAN", "dan"): "84.2 98.4 100.0 87.3 66.9 65.2",
  ("JAN", "jan"): "93.7 98.4 100.0 89.4 69.2 71.0",
  ("CDAN", "cdan"): "93.8 98.5 100.0 89.9 73.4 70.4",
  ("MCD", "mcd"): "90.4 98.5 100.0 87.3 68.3 67.6",
  ("AFN", "afn"): "94.0 98.9 100.0 94.4 72.9 71.1",
  ("MDD", "mdd"): "95.6 98.6 100.0 94.4 76.6 72.2",
  ("MCC", "mcc"): "94.1 98.4 99.8 95.6 75.5 74.2",
  ("FixMatch", "fixmatch"): "86.4 98.2 100.0 95.4 70.0 68.1",
}
_LONG = "Long et al. (2018, arXiv:1705.10667), Table 1, ResNet-50"
_MEAN = "mean of 3 runs; rows other than CDAN's are quoted by that paper"
_LONG_ROWS = {
  ("ResNet-50", "source_only"): "68.4 96.7 99.3 68.9 62.5 60.7",
  ("DAN", "dan"): "80.5 97.1 99.6 78.6 63.6 62.8",
  ("DANN", "dann"): "82.0 96.9 99.1 79.7 68.2 67.4",
  ("ADDA", "adda"): "86.2 96.2 98.4 77.8 69.5 68.9",
  ("JAN", "jan"): "85.4 97.4 99.8 84.7 68.6 70.0",
  ("CDAN", "cdan"): "93.1 98.2 100.0 89.8 70.1 68.0",
  ("CDAN+E", "cdan-entropy=True"): "94.1 98.6 100.0 92.9 71.0 69.3",
}
_ZHU = "easezyc/deep-transfer-learning @ 2969ed6, its README"
_ZHU_HOW = "ResNet-50, the epoch that is best on the target's labels, mean"
_XU = "jihanyang/AFN @ d96515b, vanilla/README.md"
_XU_HOW = "ResNet-50, mean of 3 runs"


def _task(pair: str) -> Task:
  source, target = pair.split("_")
  return Task(pair, (f"office31_{source}",), f"office31_{target}")


SUITE = Suite(
  name="office31",
  tasks=tuple(_task(pair) for pair in PAIRS),
  settings=PHOTOS,
  protocol=(
    "transductive: all source images with labels, all target images without, accuracy on those "
    "target images; 224 pixels cut from 256, last iterate, no target label anywhere"
  ),
  reported=tuple(
    row(a, b, source, how, PAIRS, percents)
    for source, how, rows in (
      (_TLLIB, _BEST, _ROWS),
      (_LONG, _MEAN, _LONG_ROWS),
      (_ZHU, _ZHU_HOW, {("DSAN", "dsan"): "93.6 98.4 100.0 90.2 73.5 74.8"}),
      (_XU, _XU_HOW, {("SAFN", "afn"): "88.8 98.4 99.8 87.7 69.8 69.7"}),
    )
    for (a, b), percents in rows.items()
  ),
  recipes=(*photo_recipes.DSAN, *photo_recipes.AFN_OFFICE, photo_recipes.MCC),
)
SUITE = SUITE._replace(reported=(*SUITE.reported, *by_recipe(SUITE)))

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
