"""PACS: paintings, cartoons, photographs and sketches of 7 classes, 12 pairs, on frozen features.

The published tables of PACS are of domain generalisation (leave one domain out), so none stands
beside these.

`dann` loses, and why is not established. From cartoons to photographs a pass of batch normalisation for each
domain (`--passes separate`) does not mend it: its record of two seeds stands below the joint one's.
`coral`, `mcc` and `shot` gain there.
"""

import sys

from adapt import cli
from adapt.experiments.suite import Suite, pairs
from adapt.training.settings import Settings

SUITE = Suite(
  name="pacs",
  tasks=pairs("pacs_", ("art_painting", "cartoon", "photo", "sketch")),
  settings=Settings(
    model="efficientnet_lite0",
    steps=1000,
    lr=0.03,
    evaluations=5,
    image_size=224,
    pretrained="efficientnet_lite0",
    freeze="backbone",
    cache_features=True,
  ),
  protocol=(
    "80 % of each domain for training (the target's without labels), accuracy on the target's other "
    "20 %, a fixed split stratified by class; features of a frozen EfficientNet-Lite0 (ImageNet), "
    "128-pixel images brought to 224; a bottleneck of 256 and a linear head are trained, last iterate"
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
