"""PACS with one style unseen: three to one, on frozen features.

python -m benchmarks.pacs_dg source_only irm vrex group_dro fishr --out results

Features and budget are those of benchmarks/pacs.py, so that adaptation and generalisation stand on the same
test images. DomainBed's table (Gulrajani and Lopez-Paz, 2021, arXiv:2007.01434) is of a ResNet-50 that is
trained whole, with augmentation and 20 draws of settings (ERM 84.7, 80.8, 97.2, 79.3); it is another
task than a head on frozen features, so none of its rows stands here.
"""

import sys

from adapt import cli
from adapt.experiments.generalisation import leave_one_out
from benchmarks import pacs

SUITE = leave_one_out(pacs.SUITE)._replace(
  protocol=(
    "leave one style out: 80 % of each of three styles with labels, pooled; of the fourth nothing in "
    "training or selection, accuracy on 20 % of it, a fixed split stratified by class; features of a frozen "
    "EfficientNet-Lite0 (ImageNet), 128-pixel images brought to 224; a bottleneck of 256 and a linear "
    "head are trained, last iterate"
  )
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
