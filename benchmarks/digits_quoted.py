"""Published rows of digits from other tables and public reruns, for the page of all published rows.

They stand beside the records of benchmarks/digits.py, whose own table would be lost among them.
"""

from adapt.experiments.suite import Reported

_BOTH = ["mnist_usps", "usps_mnist"]
_SKADA = "SKADA-Bench deep results, deep_mnist_usps (target_20_12.csv, scorer supervised)"
_CHOSEN = "one run a cell, settings chosen on target labels, its own split and network"
_SHEN = "Shen et al. (2018, arXiv:1707.01217), its repository's README"
_SHEN_HOW = "their own network and split"
_HAEUSSER = "Haeusser et al. (2017, arXiv:1708.00938), Table 2"
_HAEUSSER_HOW = "accuracy as 100 less the printed error; their own network"
_CHH = "s-chh/PyTorch-DANN, its README"
_VUGT = "jvanvugt/pytorch-domain-adaptation, its README"
_WANG = "Wang, transfer-learning benchmark (data/benchmark.md), MNIST→USPS"
_OTHER = "not explained: network, steps and split are others"


def _rows(
  source: str, how: str, tasks: list[str], rows: dict[tuple[str, str], tuple[float, ...]]
) -> tuple[Reported, ...]:
  return tuple(
    Reported(label, beside, source, how, dict(zip(tasks, values, strict=True)), _OTHER)
    for (label, beside), values in rows.items()
  )


ROWS = (
  *_rows(
    _SKADA,
    _CHOSEN,
    _BOTH,
    {
      ("deep_no_da_source_only", "source_only"): (94.2, 73.4),
      ("deep_coral", "coral"): (97.1, 89.9),
      ("deep_dan", "dan"): (95.0, 86.3),
      ("deep_dann", "dann"): (92.6, 86.8),
      ("deep_jdot", "deepjdot"): (96.3, 90.2),
      ("deep_mcc", "mcc"): (98.2, 90.4),
      ("deep_mdd", "mdd"): (92.0, 76.2),
      ("deep_no_da_target_only", "target_only"): (98.1, 98.9),
    },
  ),
  *_rows(
    _SHEN,
    _SHEN_HOW,
    ["mnist_usps"],
    {
      ("Source Only", "source_only"): (89.79,),
      ("MMD", "dan"): (96.77,),
      ("CORAL", "coral"): (96.61,),
      ("DANN", "dann"): (95.91,),
      ("WDGRL", "wdgrl"): (97.04,),
    },
  ),
  *_rows(
    _HAEUSSER,
    _HAEUSSER_HOW,
    ["mnist_mnistm"],
    {
      ("Source only", "source_only"): (64.04,),
      ("MMD", "dan"): (76.9,),
      ("CORAL", "coral"): (57.7,),
      ("Target only", "target_only"): (93.63,),
    },
  ),
  *_rows(
    _CHH,
    "an unofficial rerun",
    [*_BOTH, "mnist_mnistm"],
    {
      ("Source only", "source_only"): (81.8, 49.4, 57.2),
      ("DANN", "dann"): (88.4, 95.7, 71.9),
    },
  ),
  *_rows(
    _VUGT,
    "an unofficial rerun",
    ["mnist_mnistm"],
    {
      ("Source only", "source_only"): (33.0,),
      ("RevGrad", "dann"): (74.0,),
      ("ADDA", "adda"): (76.0,),
      ("WDGRL", "wdgrl"): (78.0,),
    },
  ),
  *_rows(
    _WANG,
    "a LeNet, 'same training/test split'",
    ["mnist_usps"],
    {("DANN", "dann"): (77.1,), ("ADDA", "adda"): (89.4,), ("DSAN", "dsan"): (96.9,)},
  ),
)
