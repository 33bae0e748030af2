"""DomainNet: clip art, paintings, photographs and sketches, 12 pairs of 345 classes and 7 of 126.

The first twelve are TLlib's, with the data set's own test splits and ResNet-101; the seven `_126`
are the cleaned subset of the semi-supervised and source-free literature, transductive. Untried here
for want of a GPU.
"""

import sys

from adapt import cli
from adapt.experiments.suite import PHOTOS, Suite, Task, pairs, row

FULL = pairs("domainnet_", ("clipart", "painting", "real", "sketch"))
_CLEANED = (
  ("real", "clipart"),
  ("real", "painting"),
  ("painting", "clipart"),
  ("clipart", "sketch"),
  ("sketch", "painting"),
  ("real", "sketch"),
  ("painting", "real"),
)
_TLLIB = "TLlib, DomainNet accuracy on ResNet-101 (its README)"
_BEST = "ResNet-101, the epoch that is best on the target's test labels, one seed"
_ROWS = {
  ("ERM", "source_only"): "32.7 50.6 39.4 41.1 56.8 35.0 48.6 48.8 36.1 49.0 34.8 46.1",
  ("DAN", "dan"): "38.8 55.2 43.9 45.9 59.0 40.8 50.8 49.8 38.9 56.1 45.9 55.5",
  ("DANN", "dann"): "37.9 54.3 44.4 41.7 55.6 36.8 50.7 50.8 40.1 55.0 45.0 54.5",
  ("JAN", "jan"): "40.5 56.7 45.1 47.2 59.9 43.0 54.2 52.6 41.9 56.6 46.2 55.5",
  ("CDAN", "cdan"): "40.4 56.8 46.1 45.1 58.4 40.5 55.6 53.6 43.0 57.2 46.4 55.7",
  ("MCD", "mcd"): "37.5 52.9 44.0 44.6 54.5 41.6 52.0 51.5 39.7 55.5 44.6 52.0",
  ("MDD", "mdd"): "42.9 59.5 47.5 48.6 59.4 42.6 58.3 53.7 46.2 58.7 46.5 57.7",
  ("MCC", "mcc"): "37.7 55.7 42.6 45.4 59.8 39.9 54.4 53.1 37.0 58.1 46.3 56.2",
}

SUITE = Suite(
  name="domainnet",
  tasks=(
    *FULL,
    *(Task(f"{s}_{t}_126", (f"domainnet126_{s}",), f"domainnet126_{t}") for s, t in _CLEANED),
  ),
  settings=PHOTOS._replace(model="resnet101", pretrained="resnet101"),
  protocol=(
    "source training images with labels, target training images without, accuracy on the target's "
    "test images (the _126 tasks: transductive, all images of the cleaned lists); 224 pixels cut "
    "from 256, last iterate, no target label anywhere"
  ),
  reported=tuple(
    row(a, b, _TLLIB, _BEST, [t.name for t in FULL], percents) for (a, b), percents in _ROWS.items()
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
