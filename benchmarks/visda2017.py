"""VisDA-2017: 152,397 rendered objects → 55,388 photographs, 12 classes, ResNet-101.

Images are streamed: decoded they would take 35 GB. Untried here for want of a GPU.
"""

import sys

from adapt import cli
from adapt.experiments.suite import PHOTOS, Suite, Task, by_recipe, row
from benchmarks.photo_recipes import AFN_VISDA

_TLLIB = "TLlib, VisDA-2017 accuracy on ResNet-101 (its README), column Avg"
_BEST = (
  "ResNet-101, the epoch that is best on the target's labels, one seed; accuracy over all images"
)
_ROWS = {
  ("ERM", "source_only"): "56.9",
  ("DANN", "dann"): "74.9",
  ("ADDA", "adda"): "74.3",
  ("BSP", "bsp"): "76.2",
  ("DAN", "dan"): "67.2",
  ("JAN", "jan"): "70.3",
  ("CDAN", "cdan"): "76.5",
  ("MCD", "mcd"): "76.7",
  ("AFN", "afn"): "74.4",
  ("MDD", "mdd"): "79.8",
  ("MCC", "mcc"): "80.4",
  ("FixMatch", "fixmatch"): "78.4",
}
_XU = "jihanyang/AFN @ d96515b, vanilla/README.md, column Overall"
_XU_HOW = "ResNet-101, mean of 3 runs; accuracy over all images"

SUITE = Suite(
  name="visda2017",
  tasks=(Task("synthetic_real", ("visda2017_synthetic",), "visda2017_real"),),
  settings=PHOTOS._replace(model="resnet101", pretrained="resnet101", augment="centre"),
  protocol=(
    "transductive: the challenge's training images with labels, its validation images without, "
    "accuracy on those; centre crops of 224 pixels of 256, last iterate, no target label anywhere"
  ),
  reported=(
    *(row(a, b, _TLLIB, _BEST, ["synthetic_real"], percents) for (a, b), percents in _ROWS.items()),
    row("SAFN", "afn", _XU, _XU_HOW, ["synthetic_real"], "75.6"),
  ),
  recipes=(AFN_VISDA,),
)
SUITE = SUITE._replace(reported=(*SUITE.reported, *by_recipe(SUITE)))

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
