"""Office-Home on a vision transformer (ViT-B/16), as TLlib's second table has it, 12 pairs.

Untried here for want of a GPU; the weights are ImageNet's, as published for timm's
vit_base_patch16_224: give them as --pretrained FILE.
"""

import sys

from adapt import cli
from adapt.experiments.suite import Suite, row
from benchmarks.office_home import SUITE as RESNET

_TLLIB = "TLlib, Office-Home accuracy on vit_base_patch16_224 (its README)"
_BEST = "ViT-B/16, batch 24, the epoch that is best on the target's labels, one seed"
_ROWS = {
  ("Source Only", "source_only"): "52.4 82.1 86.9 76.8 84.1 86 75.1 51.2 88.1 78.3 51.5 87.8",
  ("DANN", "dann"): "60.1 80.8 87.9 78.1 82.6 85.9 78.8 63.2 90.2 82.3 64 89.3",
  ("DAN", "dan"): "56.3 83.6 87.5 77.7 84.7 86.7 75.9 54.5 88.5 80.2 56.2 88.2",
  ("JAN", "jan"): "60.1 86.9 88.6 79.2 85.4 86.7 80.4 59.4 89.6 82 60.7 89.9",
  ("CDAN", "cdan"): "61.6 87.8 89.6 81.4 88.1 88.5 82.4 62.5 90.8 84.2 63.5 90.8",
  ("MCD", "mcd"): "52.3 75.3 85.3 75.4 75.4 78.3 68.8 49.7 86 80.6 60 89",
  ("AFN", "afn"): "58.3 87.2 88.2 81.7 87 88.2 81 58.4 89.2 81.5 59.2 89.2",
  ("MDD", "mdd"): "64 89.3 90.4 82.2 87.7 89.2 82.8 64.9 91.7 83.7 65.4 92",
}

SUITE = Suite(
  name="office_home_vit",
  tasks=RESNET.tasks,
  settings=RESNET.settings._replace(model="vit_b16", pretrained="vit_b16", batch_size=24),
  protocol=RESNET.protocol,
  reported=tuple(
    row(*who, _TLLIB, _BEST, [t.name for t in RESNET.tasks], text) for who, text in _ROWS.items()
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
