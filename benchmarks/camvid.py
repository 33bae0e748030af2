"""Road scenes of CamVid: by day → at dusk, mIoU of 11 classes, 120×88 pixels."""

import sys

from adapt import cli
from adapt.experiments.suite import Suite, Task
from adapt.training.settings import Settings

SUITE = Suite(
  name="camvid",
  tasks=(Task("day_dusk", ("camvid_day",), "camvid_dusk"),),
  settings=Settings(
    model="unet_bn",
    steps=250,
    batch_size=4,
    optimizer="adam",
    lr=0.003,
    weight_decay=0.0,
    schedule="cosine",
    evaluations=2,
  ),
  protocol=(
    "training images of the day sequences with masks, those of the dusk sequence's first half without, "
    "mIoU of 11 classes on its second half, unlabelled pixels not scored; 120×88 pixels, no augmentation, "
    "last iterate"
  ),
  defaults={"mcd": {"depth": 0}},  # its classifiers of pixels are linear
  output="pixels",
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
