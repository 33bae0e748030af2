"""Digits: MNIST, USPS, MNIST-M, SVHN and synthetic digits.

A task of MNIST and USPS takes about 2 minutes with source_only and 4 with dann, for three seeds on
two CPU cores. Framing decides as much as the method: USPS digits fill their frame
and MNIST digits do not, so resized to 28×28 directly, as the literature does, the two differ in
scale; in the `_framed` tasks USPS is resized to 20×20 and padded to 28×28, MNIST's own framing. So
does the split: the official test images of USPS are harder than its training images, and in
`mnist_usps_resplit` both are drawn at random from all, as in the file that SHOT's digits are read from.
MNIST to MNIST-M takes source_only about 11 minutes with five seeds on one core.

`--recipe paper` takes the papers' own settings (digits_recipes.py), at the papers' budgets, which are a
night's work on two cores:

  adapt reproduce digits --recipe paper --task mnist_usps --seeds 5 --out results
  adapt reproduce digits --explain CDAN --task mnist_usps --seeds 3 --out runs

The first epochs of CDAN's recipe alone, of its 50, are a run of another label:

  adapt bench digits cdan --recipe paper --task mnist_usps --steps 9370 --ramp 9.37 \\
    --schedule step,0.5,0.4,0.9
"""

import sys

from adapt import cli
from adapt.experiments.suite import IMAGES, Reported, Suite, Task, by_recipe
from benchmarks.digits_recipes import RECIPES
from benchmarks.digits_skada import ROWS as SKADA

_FRENCH = "French et al. (2018, arXiv:1706.05208), Table 1"
_FULL = "full training sets, test-set accuracy, mean of 5 runs, their own CNN"
_LONG = "Long et al. (2018, arXiv:1705.10667), Table 4"
_SAITO = "Saito et al. (2018, arXiv:1711.01575), Table 1"
_LIANG = "Liang et al. (2020, arXiv:2002.08546), its repository's results.md"
_ADDA = "2,000 MNIST and 1,800 USPS training images"
_GANIN = "Ganin et al. (2016, arXiv:1505.07818), MNIST→MNIST-M as quoted by public reruns"
_DAMODARAN = "Damodaran et al. (2018, arXiv:1803.10081), as later work quotes it"
_SHU = "Shu et al. (2018, arXiv:1802.08735), Table 1"
_SHU_TUNED = "inputs normalised one by one; hyper-parameters tuned on 1,000 labelled target images"

SUITE = Suite(
  name="digits",
  tasks=(
    Task("mnist_usps", ("mnist",), "usps"),
    Task("usps_mnist", ("usps",), "mnist"),
    Task("mnist_usps_framed", ("mnist",), "usps_framed"),
    Task("usps_mnist_framed", ("usps_framed",), "mnist"),
    Task("mnist_usps_resplit", ("mnist",), "usps_resplit"),
    Task("mnist_mnistm", ("mnist_rgb32",), "mnist_m"),
    Task("svhn_mnist", ("svhn",), "mnist_rgb32"),
    Task("syndigits_svhn", ("syn_digits",), "svhn"),
  ),
  settings=IMAGES,
  protocol=(
    "full source training set with labels, full target training set without, accuracy on the "
    "target's test set, last iterate; pixels scaled to [-1, 1], no augmentation; USPS resized to "
    "28×28 directly, in the _framed tasks to 20×20 and padded to 28×28 as MNIST is; a gain between "
    "the two framings is no method's merit, nor is one by _resplit, where the official split of USPS "
    "into training images and harder test images is replaced by a random one"
  ),
  # TLlib's ramp at 2,000 steps, whose networks these are; its digits runs take 50,000 steps of 128.
  # MCD's classifiers are as wide as in its authors' code for USPS. A mirrored digit is another sign.
  defaults={
    "dann": {"ramp": 2.0},
    "cdan": {"ramp": 2.0},
    "mcd": {"width": 100},
    **{m: {"mirror": False} for m in ("fixmatch", "adamatch", "mean_teacher")},
  },
  recipes=RECIPES,
  variants={
    "mnist_usps_framed": ("mnist_usps", "framing"),
    "usps_mnist_framed": ("usps_mnist", "framing"),
    "mnist_usps_resplit": ("mnist_usps", "split"),
  },
  reported=(
    Reported(
      "SupSrc (min)",
      "source_only",
      _FRENCH,
      _FULL,
      {"mnist_usps": 82.03, "usps_mnist": 77.55, "svhn_mnist": 66.5, "syndigits_svhn": 86.86},
      "not explained; twice the steps (suite digits_long) change less, framing USPS as MNIST more",
    ),
    Reported(
      "RevGrad (DANN)",
      "dann",
      _FRENCH,
      "quoted by that paper from earlier ones",
      {"mnist_usps": 91.11, "usps_mnist": 74.01, "svhn_mnist": 73.91, "syndigits_svhn": 91.09},
    ),
    Reported("CDAN", "cdan", _LONG, "full training sets", {"mnist_usps": 93.9, "usps_mnist": 96.9}),
    Reported("ADR", "mcd", _SAITO, _ADDA, {"mnist_usps": 91.3, "usps_mnist": 91.5}),
    Reported("ADDA", "adda", _SAITO, _ADDA, {"mnist_usps": 89.4, "usps_mnist": 90.1}),
    Reported(
      "MT+CT (min)", "mean_teacher", _FRENCH, _FULL, {"mnist_usps": 88.14, "usps_mnist": 92.35}
    ),
    Reported(
      "MT+CT+TF", "mean_teacher", _FRENCH, _FULL, {"mnist_usps": 98.13, "usps_mnist": 97.28}
    ),
    Reported(
      "SHOT",
      "shot",
      _LIANG,
      "source-free, USPS split otherwise into 7,438 and 1,860 images, mean of 3 runs",
      {"mnist_usps_resplit": 97.9, "usps_mnist": 98.0},
      "about half of it is the suite's learning rate: with its own, 0.01, the row shot-lr=0.01; its whole "
      "recipe, with a source model of smoothed labels, is the row shot-recipe=paper",
    ),
    Reported(
      "srconly (SHOT)",
      "source_only",
      _LIANG,
      "30 epochs with label smoothing, USPS cropped and turned at random; mean of 3 runs",
      {"mnist_usps_resplit": 79.7, "usps_mnist": 88.0},
    ),
    Reported(
      "SupTgt (min)", "target_only", _FRENCH, _FULL, {"mnist_usps": 97.29, "usps_mnist": 99.53}
    ),
    Reported(
      "source only (Ganin)", "source_only", _GANIN, "the paper's small CNN", {"mnist_mnistm": 52.25}
    ),
    Reported(
      "DANN (Ganin)",
      "dann",
      _GANIN,
      "the paper's small CNN",
      {"mnist_mnistm": 76.66},
      "at our 2,000 steps it still rises (its learning curve)",
    ),
    Reported("VADA", "vada", _SHU, _SHU_TUNED, {"mnist_mnistm": 95.7, "svhn_mnist": 94.5}),
    Reported(
      "DeepJDOT",
      "deepjdot",
      _DAMODARAN,
      "full training sets; their own CNNs",
      {"mnist_usps": 95.7, "usps_mnist": 96.4, "svhn_mnist": 96.7, "mnist_mnistm": 92.4},
    ),
    Reported("DIRT-T", "dirt_t", _SHU, _SHU_TUNED, {"mnist_mnistm": 98.7, "svhn_mnist": 99.4}),
  ),
)
SUITE = SUITE._replace(reported=(*SUITE.reported, *by_recipe(SUITE), *SKADA))

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
