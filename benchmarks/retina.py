"""Vessels of the retina: DRIVE → CHASE_DB1 and back, Dice, 160×160 pixels.

Few pixels are of vessels. Methods that only make predictions surer (tent, and dsbn by its pseudo-labels) let
the background take over: their Dice falls as they train, and the confusion matrices of the records say so.
"""

import sys

from adapt import cli
from adapt.experiments.suite import Suite, Task
from adapt.training.settings import Settings

SUITE = Suite(
  name="retina",
  tasks=(
    Task("drive_chase", ("retina_drive",), "retina_chase"),
    Task("chase_drive", ("retina_chase",), "retina_drive"),
  ),
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
    "training images of the source with masks, those of the target without, Dice of the vessels on the "
    "target's test images, all pixels of the padded square counted; the first observer's masks; 160×160 "
    "pixels, no augmentation, last iterate"
  ),
  measure="dice",
  defaults={"mcd": {"depth": 0}},  # its classifiers of pixels are linear
  output="pixels",
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
