"""Office-Home: art, clip art, product pictures and photographs of 65 objects, 12 pairs, ResNet-50.

Untried here for want of a GPU; the weights are ImageNet's, as published for torchvision: give them
as --pretrained FILE.
"""

import sys

from adapt import cli
from adapt.experiments.suite import PHOTOS, Suite, pairs, row

TASKS = pairs("office_home_", ("art", "clipart", "product", "real_world"))
_TLLIB = "TLlib, Office-Home accuracy on ResNet-50 (its README)"
_BEST = "ResNet-50, the epoch that is best on the target's labels, one seed"
_ROWS = {
  ("ERM", "source_only"): "41.1 65.9 73.7 53.1 60.1 63.3 52.2 36.7 71.8 64.8 42.6 75.2",
  ("DAN", "dan"): "45.6 67.7 73.9 57.7 63.8 66.0 54.9 40.0 74.5 66.2 49.1 77.9",
  ("DANN", "dann"): "53.8 62.6 74.0 55.8 67.3 67.3 55.8 55.1 77.9 71.1 60.7 81.1",
  ("ADDA", "adda"): "52.6 62.9 74.0 59.7 68.0 68.8 61.4 52.5 77.6 71.1 58.6 80.2",
  ("JAN", "jan"): "50.8 71.9 76.5 60.6 68.3 68.7 60.5 49.6 76.9 71.0 55.9 80.5",
  ("CDAN", "cdan"): "55.2 72.4 77.6 62.0 69.7 70.9 62.4 54.3 80.5 75.5 61.0 83.8",
  ("MCD", "mcd"): "51.7 72.2 78.2 63.7 69.5 70.8 61.5 52.8 78.0 74.5 58.4 81.8",
  ("BSP", "bsp"): "54.7 67.7 76.2 61.0 69.4 70.9 60.9 55.2 80.2 73.4 60.3 81.2",
  ("AFN", "afn"): "53.2 72.7 76.8 65.0 71.3 72.3 65.0 51.4 77.9 72.3 57.8 82.4",
  ("MDD", "mdd"): "56.2 75.4 79.6 63.5 72.1 73.8 62.5 54.8 79.9 73.5 60.9 84.5",
  ("MCC", "mcc"): "58.4 79.6 83.0 67.5 77.0 78.5 66.6 54.8 81.8 74.4 61.4 85.6",
  ("FixMatch", "fixmatch"): "56.4 76.4 79.9 65.3 73.8 71.2 67.2 56.4 80.6 74.9 63.5 84.3",
}
_LONG = "Long et al. (2018, arXiv:1705.10667), Table 3, ResNet-50"
_QUOTED = "one number a pair; rows other than CDAN's are quoted by that paper"
_LONG_ROWS = {
  ("ResNet-50", "source_only"): "34.9 50.0 58.0 37.4 41.9 46.2 38.5 31.2 60.4 53.9 41.2 59.9",
  ("DAN", "dan"): "43.6 57.0 67.9 45.8 56.5 60.4 44.0 43.6 67.7 63.1 51.5 74.3",
  ("DANN", "dann"): "45.6 59.3 70.1 47.0 58.5 60.9 46.1 43.7 68.5 63.2 51.8 76.8",
  ("JAN", "jan"): "45.9 61.2 68.9 50.4 59.7 61.0 45.8 43.4 70.3 63.9 52.4 76.8",
  ("CDAN", "cdan"): "49.0 69.3 74.5 54.4 66.0 68.4 55.6 48.3 75.9 68.4 55.4 80.5",
  ("CDAN+E", "cdan-entropy=True"): "50.7 70.6 76.0 57.6 70.0 70.0 57.4 50.9 77.3 70.9 56.7 81.6",
}

SUITE = Suite(
  name="office_home",
  tasks=TASKS,
  settings=PHOTOS,
  protocol=(
    "transductive: all source images with labels, all target images without, accuracy on those "
    "target images; 224 pixels cut from 256, last iterate, no target label anywhere"
  ),
  reported=tuple(
    row(a, b, source, how, [t.name for t in TASKS], percents)
    for source, how, rows in ((_TLLIB, _BEST, _ROWS), (_LONG, _QUOTED, _LONG_ROWS))
    for (a, b), percents in rows.items()
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
