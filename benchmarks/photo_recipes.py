"""The papers' own settings on photographs, each with its source: what `--recipe paper` takes.

The authors' code was read at the commits named. All start from a ResNet of ImageNet.
"""

from adapt.experiments.recipe import Recipe

_BATCH = 32
_OFFICE = {"amazon": 2817, "dslr": 498, "webcam": 795}  # images
_CROPS = "the crops, there of 224 pixels from 256 without another scale"

DSAN = tuple(
  Recipe(
    method="dsan",
    tasks=tuple(f"{source}_{target}" for target in _OFFICE if target != source),
    source=(
      "easezyc/deep-transfer-learning @ 2969ed6: UDA/pytorch1.0/DSAN, main.py, its defaults, and "
      "data_loader.py"
    ),
    changes={
      "lr": 0.01,
      "backbone_rate": 0.1,
      "momentum": 0.9,
      "weight_decay": 0.0005,
      "schedule": "inverse",
      "steps": 200 * (images // _BATCH - 1),  # it leaves out a batch of each epoch
      "batch_size": _BATCH,
      "weight": 2.5,
      "ramp": 10.0,
    },
    departs=(
      f"{_CROPS}; the bottleneck, there linear; the kernels' bandwidths; the momentum, there not "
      "Nesterov's; the pixels, there not standardised; and factor and rate, there constant in an epoch"
    ),
    target_labels=(
      "the epoch: it stops 30 epochs after the best accuracy on the target's images, which it reports"
    ),
    rows=("DSAN",),
  )
  for source, images in _OFFICE.items()
)


def _afn(
  tasks: tuple[str, ...], folder: str, steps: int, crops: str = f"{_CROPS}; ", **others: float
) -> Recipe:
  """The stepwise AFN's recipe; its optimiser moves the backbone without momentum."""
  return Recipe(
    method="afn",
    tasks=tasks,
    source=f"jihanyang/AFN @ d96515b: vanilla/{folder}/SAFN/code, train.py and main.sh",
    changes={
      "lr": 0.001,
      "backbone_rate": 0.1,  # with momentum 0.9 as far as 0.001 without
      "momentum": 0.9,
      "weight_decay": 0.0005,
      "schedule": "constant",
      "steps": steps,
      "batch_size": _BATCH,
      **others,
    },
    departs=(
      f"{crops}the bottleneck, there 1,000 wide with a dropout that keeps norms; the backbone's "
      "momentum, there none; and the rest's, there not Nesterov's"
    ),
    target_labels="perhaps the epoch: every tenth of the later half is tested, the one reported not named",
    rows=("SAFN",),
  )


# Epochs are of the target; where its last batch or the source's is not whole, it is left out.
AFN_OFFICE = tuple(
  _afn(
    tuple(f"{source}_{target}" for source in _OFFICE if source != target),
    "Office31",
    100 * (images // _BATCH),
    weight=0.05,
    step=1.0,
  )
  for target, images in _OFFICE.items()
)


def afn_clef(pairs: tuple[str, ...]) -> Recipe:
  """AFN's recipe on ImageCLEF-DA: 600 images in each domain."""
  return _afn(pairs, "ImageCLEF", 100 * (600 // _BATCH), weight=0.05, step=1.0)


# 50 epochs of 55,388 images, the last batch of each as it is.
AFN_VISDA = _afn(("synthetic_real",), "Visda2017", 50 * 1731, "", weight=0.01, step=0.3)

MCC = Recipe(
  method="mcc",
  tasks=tuple(f"{s}_{t}" for s in _OFFICE for t in _OFFICE if s != t),
  source=(
    "thuml/Versatile-Domain-Adaptation @ db5012a: pytorch/train_image_office.py, --dset office as in its "
    "README, lr_schedule.py and network.py"
  ),
  changes={
    "lr": 0.003,  # 0.0003, ten times as much above the backbone
    "backbone_rate": 0.1,
    "momentum": 0.9,
    "weight_decay": 0.001,  # 0.0005, doubled for each layer
    "schedule": "inverse",
    "steps": 50_004,
    "batch_size": 28,
    "weight": 1.0,
    "temperature": 2.5,
    "passes": "separate",
  },
  departs="the schedule, which there falls to a twentieth of the rate, here to a sixth",
  target_labels="the step: the best accuracy on the target's images, tested every 500 steps, is kept",
  rows=("MCC (its paper)",),  # not TLlib's, which stands beside the method too
)
