"""The papers' own settings on digits, each with its source: what `--recipe paper` takes.

The authors' code was read at the commits named. Steps are the epochs of that code times its batches,
as an epoch is counted there.
"""

from adapt.experiments.recipe import Recipe

_BOTH = ("mnist_usps", "usps_mnist")
_CDAN_STEPS = 50 * 937  # epochs of 60,000 images in whole batches of 64


def _cdan(task: str, every: int) -> Recipe:
  """CDAN's recipe; its code halves the rate every so many of the 50 epochs."""
  halved = [(epoch - 1) / 50 for epoch in range(every, 51, every)]
  return Recipe(
    method="cdan",
    tasks=(task,),
    source="thuml/CDAN @ c904cd3: pytorch/train_uspsmnist.py, --epochs 50 as in pytorch/README.md",
    changes={
      "model": "lenet500",
      "lr": 0.01,
      "weight_decay": 0.0005,
      "schedule": ",".join(["step", "0.5", *(f"{share:g}" for share in halved)]),
      "steps": _CDAN_STEPS,
      "batch_size": 64,
      "passes": "joint",
      "ramp": 10 * _CDAN_STEPS / 10_000,  # λ grows over 10,000 steps whatever the run
      "width": 500,
    },
    departs=(
      "the critic, there with dropout 0.5 and without batch-norm, at a rate that is never lowered and "
      "from the second epoch on; the momentum, there not Nesterov's; and the start of the layers"
    ),
  )


_SKADA_STEPS = 10 * 187  # epochs of 48,000 images in whole batches of 256
_SKADA_USPS = 10 * 22  # of 5,832


def _skada(method: str, task: str, steps: int, **others: float) -> Recipe:
  """A method's recipe in SKADA-Bench, which trains on four fifths of both training sets."""
  baseline = method in ("source_only", "target_only")
  chosen = "" if baseline else ", and its hyper-parameters, there of a grid by a scorer, untold"
  return Recipe(
    method=method,
    tasks=(task,),
    source=(
      "scikit-adaptation/skada-bench @ 155bf31: benchmark_utils/utils.py, solvers and "
      "datasets/deep_mnist_usps.py, with skada 0.4.0"
    ),
    changes={
      "model": "cnn_mnist",
      "lr": 0.1,
      "momentum": 0.6,
      "weight_decay": 0.00001,
      "schedule": "constant",
      "steps": steps,
      "batch_size": 256,
      **others,
    },
    departs=(
      "the data, there four fifths of the training sets, tested on the rest of the target's, and USPS "
      "padded at 16×16; the pixels, there standardised; the momentum, there not Nesterov's" + chosen
    ),
  )


_SLOW = {"lr": 0.01, "momentum": 0.9}  # of its adversaries
_SKADA = (
  _skada("source_only", "mnist_usps_framed", _SKADA_STEPS),
  _skada("source_only", "usps_mnist_framed", _SKADA_USPS),
  _skada("target_only", "mnist_usps_framed", _SKADA_USPS),
  _skada("target_only", "usps_mnist_framed", _SKADA_STEPS),
  *(
    _skada(method, task, _SKADA_STEPS, **(_SLOW if method in ("dann", "mdd") else {}))
    for method in ("coral", "dan", "dann", "deepjdot", "mcc", "mdd")
    for task in ("mnist_usps_framed", "usps_mnist_framed")
  ),
)

_VADA_STEPS = 80_000
_VADA = {
  "model": "cnn_vada",
  "lr": 0.001,
  "optimizer": "adam",
  "schedule": "constant",
  "weight_decay": 0.0,
  "batch_size": 64,
  "domain": 0.01,
  "on_source": 1.0,
  "on_target": 0.01,
  "radius": 3.5,
  "average": 0.998,
  "width": 100,
  "depth": 1,
}
_CLUSTERS = tuple(
  Recipe(
    method=method,
    tasks=("mnist_mnistm", "svhn_mnist"),
    source=(
      "RuiShu/dirt-t @ 2da404a: run_dirtt.py, codebase/train.py and codebase/models, whose defaults are "
      "of MNIST→SVHN; MNIST-M is not in it"
    ),
    changes=_VADA | others,
    departs=(
      "Adam's β1, there 0.5; the critic, there without batch-norm and on maps before the last three "
      "convolutions; the logits, there batch-normalised; and the batch, there one each for the two phases"
    ),
    target_labels=(
      "the four factors, for each pair, on 1,000 labelled target images in the paper; here those of "
      "MNIST→SVHN for all"
    ),
  )
  for method, others in (
    ("vada", {"steps": _VADA_STEPS}),
    ("dirt_t", {"steps": 2 * _VADA_STEPS, "share": 0.5, "teachers": 16, "trust": 0.01}),
  )
)

RECIPES = (
  _cdan("mnist_usps", 5),
  _cdan("usps_mnist", 6),
  Recipe(
    method="mcd",
    tasks=_BOTH,
    source=(
      "mil-tokyo/MCD_DA @ af10217: classification/main.py and solver.py, --all_use yes: 200 epochs that "
      "each end with the first incomplete batch of USPS's 6,562 images"
    ),
    changes={
      "model": "cnn_mcd",
      "lr": 0.0002,
      "optimizer": "adam",
      "schedule": "constant",
      "weight_decay": 0.0005,
      "steps": 200 * 51,
      "batch_size": 128,
      "inner": 4,
      "width": 100,
      "depth": 2,
      "dropout": 0.5,
    },
    departs=("the data, there 6,562 images of another split of USPS and MNIST's first 55,000"),
    rows=("MCD",),  # not ADR, which stands beside the method too
  ),
  Recipe(
    method="adda",
    tasks=_BOTH,
    source=(
      "erictzeng/adda @ 383f655: scripts/svhn-mnist.sh, its only script, of SVHN→MNIST; tools/train.py, "
      "with the penalty of adda/models/lenet.py, and tools/train_adda.py, whose losses leave penalties out"
    ),
    changes={
      "model": "lenet500",
      "lr": 0.0002,
      "optimizer": "adam",
      "schedule": "constant",
      "weight_decay": 0.0,
      "steps": 10_000,
      "batch_size": 128,
      "width": 500,
    },
    source_model={"lr": 0.001, "weight_decay": 0.000025},
    departs=(
      "the network's dropout, which theirs has not; Adam's β1, there 0.5 in the adaptation; the critic's "
      "batch-norm; and the images, of which the paper draws 2,000 and 1,800"
    ),
  ),
  Recipe(
    method="mean_teacher",
    tasks=_BOTH,
    source=(
      "Britefury/self-ensemble-visual-domain-adapt @ a9808a1: batch_search_exp.sh, confidence "
      "thresholding with translations, and experiment_domainadapt_meanteacher.py"
    ),
    changes={
      "model": "cnn_ensembling",
      "lr": 0.001,
      "optimizer": "adam",
      "schedule": "constant",
      "weight_decay": 0.0,
      "steps": 300 * 234,  # epochs of 60,000 images in whole batches of 256
      "batch_size": 256,
      "balance": 0.0,
      "noise": 0.06,  # a tenth of the deviation of our pixels; theirs are standardised
      "mirror": False,
    },
    departs=(
      "the inputs, there standardised one by one; the shifts, there up to 2 pixels and by fractions, "
      "here 3 whole ones; and the evaluation, there of the epoch with the largest share of sure "
      "predictions"
    ),
    rows=("MT+CT+TF",),
  ),
  *(
    Recipe(
      method="shot",
      tasks=(task,),
      source="tim-learn/SHOT @ f7d555a: digit/digit.sh and digit/uda_digit.py",
      changes={
        "lr": 0.01,
        "steps": steps,
        "batch_size": 64,
        "pseudo": 0.1,
        "refreshes": 30,
      },
      source_model={"steps": source_steps, "smoothing": 0.1},
      departs=(
        "the network, there without the layer of 500 units and with dropout after the bottleneck's "
        "batch-norm, and a weight-normalised classifier; USPS, which is cropped and turned at random "
        "where it is the source; and the source model, there the best on the source's test images"
      ),
    )
    # 30 epochs of 7,438 images of USPS and of MNIST's, in batches of 64.
    for task, steps, source_steps in (
      ("mnist_usps_resplit", 30 * 117, 30 * 938),
      ("usps_mnist", 30 * 938, 30 * 117),
    )
  ),
  Recipe(
    method="dann",
    tasks=("mnist_mnistm",),
    source="Ganin et al. (2016, arXiv:1505.07818), §5.2.2 and Figure 4a",
    changes={
      "lr": 0.01,
      "momentum": 0.9,
      "schedule": "inverse",
      "batch_size": 64,
      "ramp": 10.0,
      "width": 100,
      "depth": 1,
    },
    departs=(
      "the number of steps, which the paper does not say: the suite's, as are weight decay and network; "
      "the place of the critic, there below two hidden layers of the classifier; and the critic's "
      "batch-norm"
    ),
  ),
  *_SKADA,
  *_CLUSTERS,
  Recipe(
    method="deepjdot",
    tasks=("mnist_usps", "usps_mnist", "svhn_mnist", "mnist_mnistm"),
    source=(
      "bbdamodaran/deepJDOT @ b881467: deepjdot_svhn_mnist.py, its only script of digits, of SVHN→MNIST"
    ),
    changes={
      "lr": 0.0001,
      "optimizer": "adam",
      "schedule": f"step,0.1,{2 / 3:g}",  # a tenth after 10,000 steps
      "weight_decay": 0.0,
      "steps": 15_000,
      "batch_size": 500,
      "feature": 0.001,
      "label": 0.0001,
    },
    departs=(
      "the network, there six convolutions without batch-norm and 128 sigmoid units; the start, there a "
      "source model of at most ten epochs by Adam at 0.0002; the batches, there of equal classes; the "
      "pairing, there by squared distances of labels and probabilities; and pixels, there in [0, 1]"
    ),
    rows=("DeepJDOT",),
  ),
  Recipe(
    method="adamatch",
    tasks=("mnist_mnistm", "svhn_mnist"),
    source=(
      "google-research/adamatch @ 7a0b40c: domain_adaptation/adamatch.py, its defaults, of DomainNet at "
      "32 pixels; no command for digits"
    ),
    changes={
      "lr": 0.03,
      "schedule": "cosine",
      "weight_decay": 0.001,
      "steps": (8 << 20) // 64,
      "batch_size": 64,
      "threshold": 0.9,
    },
    departs=(
      "the network, there a WRN-28-2; three target images for each source one; CTAugment; the average of "
      "the parameters (0.999), which predicts there; the rate, there lowered to a quarter, along a cosine; "
      "the momentum, not Nesterov's; and the decay, of kernels alone there"
    ),
  ),
)
