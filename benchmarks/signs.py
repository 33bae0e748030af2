"""Traffic signs: 100,000 rendered ones → GTSRB, 43 classes, 40×40 pixels."""

import sys

from adapt import cli
from adapt.experiments.suite import IMAGES, Suite, Task, row

_FRENCH = "French et al. (2018, arXiv:1706.05208), Table 1"
_FULL = "full training sets, test-set accuracy, mean of 5 runs, their own CNN"
_VADA = "Shu et al. (2018, arXiv:1802.08735), Table 1"
_TUNED = "four hyper-parameters tuned on 1,000 labelled target examples"

SUITE = Suite(
  name="signs",
  tasks=(Task("synsigns_gtsrb", ("syn_signs",), "gtsrb"),),
  settings=IMAGES._replace(model="dtn", steps=10000),
  protocol=(
    "all rendered signs with labels, GTSRB's training images without, accuracy on its test images; "
    "cropped to the sign, 40×40 pixels scaled to [-1, 1], no augmentation, last iterate"
  ),
  reported=(
    row("SupSrc (min)", "source_only", _FRENCH, _FULL, ["synsigns_gtsrb"], "96.95"),
    row("RevGrad (DANN)", "dann", _FRENCH, _FULL, ["synsigns_gtsrb"], "88.65"),
    row("VADA (no inst. norm)", "vada", _VADA, _TUNED, ["synsigns_gtsrb"], "98.8"),
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
