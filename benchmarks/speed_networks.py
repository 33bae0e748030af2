"""Cases of the speed benchmark against PyTorch: networks, methods, seeds, prediction."""

from typing import Any

from adapt.experiments.suite import PHOTOS, VECTORS
from adapt.training.settings import Settings
from benchmarks import amazon_reviews, camvid, digits, spoken_digits
from benchmarks.contender import Work
from benchmarks.speed_case import TORCH, Bar, Case, Entry, against_torch, over


def _of(settings: Settings, **more: Any) -> Work:
  """Work with the settings of a suite; schedules differ in no cost, so that all are one."""
  assert settings.momentum == 0.9
  return Work(
    **{
      "model": settings.model,
      "batch": settings.batch_size,
      "optimizer": settings.optimizer,
      "lr": settings.lr,
      "weight_decay": settings.weight_decay,
      "run": settings.steps,
      **more,
    }
  )


LENET = _of(digits.SUITE.settings, **digits.SUITE.defaults["dann"])
AMAZON = _of(
  amazon_reviews.SUITE.settings,
  **amazon_reviews.SUITE.defaults["dann"],
  shape=(5000,),
  sparse=True,
  classes=2,
  examples=2000,
)
DTN = LENET._replace(model="dtn", shape=(32, 32, 3))
MLP = _of(VECTORS, shape=(64,), examples=2000)
SPOKEN = _of(
  spoken_digits.SUITE.settings,
  **spoken_digits.SUITE.defaults["dann"],
  shape=(32, 40, 1),
  examples=450,
)
PIXELS = _of(
  camvid.SUITE.settings, method="source_only", shape=(88, 120, 3), classes=11, examples=100
)
FACTOR = 1.2  # what is wanted of everything but LeNet


def lenet(method: str, batch: int, bar: float, share: bool, cpu: bool) -> Case:
  """LeNet on digits."""
  work = LENET._replace(method=method, batch=batch)
  images = f"{batch} + {batch}" if method != "source_only" else str(batch)
  peak = Bar(0.6) if share and cpu else None
  # As many steps as the suite takes between evaluations: what a program costs once counts as there.
  steps = digits.SUITE.settings.steps // digits.SUITE.settings.evaluations
  return against_torch(f"LeNet {method}, {images} images of 28×28", work, steps, Bar(bar), peak)


def method(name: str) -> Case:
  """Another method on LeNet, as the digits suite has it."""
  given = digits.SUITE.defaults.get(name, {})
  # Without its own ramp, depth and width a method has those of the work.
  work = LENET._replace(method=name, **{n: v for n, v in given.items() if n in Work._fields})
  steps = 20 if name == "mcd" else 50
  return against_torch(f"LeNet {name}, 64 + 64 images of 28×28", work, steps, Bar(FACTOR))


def network(what: str, work: Work, steps: int, there: int, five: float | None = FACTOR) -> Case:
  """A network against PyTorch; and five seeds in one program, if `five` is what they are to reach.

  Args:
    what: the network, and what it reads.
    work: of one seed.
    steps: of a round.
    there: devices there are, on which seeds spread.
    five: how many times as fast as five runs of PyTorch's five seeds are to be.
  """
  b = work.batch
  pair = str(b) if work.method == "source_only" else f"{b} + {b}"
  case = against_torch(f"{what} ({work.method}, {pair})", work, steps, Bar(FACTOR))
  return case if five is None else _with_five(case, work, there, {"five seeds": five})


def _with_five(case: Case, work: Work, there: int, bars: dict[str, float]) -> Case:
  """The case with five seeds, on devices of their own if there are several."""
  devices = min(5, there)
  apart = work._replace(seeds=5, kind="seeds" if devices > 1 else "sharding", devices=devices)
  entries = {**case.entries, "five seeds": Entry("ours", apart)}
  if "five seeds, dense" in bars:
    entries["ours, dense"] = Entry("ours", work._replace(feed="device"))
    entries["five seeds, dense"] = Entry("ours", apart._replace(feed="device"))
  five = {f"five {TORCH} runs / ours, {n}": over(TORCH, n, 5, Bar(bar)) for n, bar in bars.items()}
  whole = {n: ratio._replace(bar=None) for n, ratio in five.items()}
  return case._replace(entries=entries, ratios={**case.ratios, **five}, whole=whole)


def amazon(cpu: bool, there: int) -> Case:
  """The Amazon suite's MLP; packed and, on a CPU, dense, as all vectors are elsewhere."""
  case = against_torch("MLP dann, 64 + 64 vectors of 5000 with 98 % zeros", AMAZON, 100)
  dense = {"five seeds, dense": 2.0} if cpu else {}
  return _with_five(case, AMAZON, there, {"five seeds": 4.0, **dense})


def photographs(model: str, precision: str, cpu: bool) -> Case:
  """A backbone whole, on a CPU at a tiny size."""
  shape, batch, steps = ((64, 64, 3), 4, 3) if cpu else ((224, 224, 3), 32, 20)
  more = {"shape": shape, "classes": 31, "examples": 256, "precision": precision}
  work = _of(PHOTOS, **more)._replace(model=model, batch=batch)
  what = f"{model} dann, {precision}, {batch} + {batch} images of {shape[0]}×{shape[0]}"
  return against_torch(what, work, steps, Bar(FACTOR))


def prediction() -> Case:
  """What `predict` takes for 10,000 examples."""
  entries, ratios = {}, {}
  for work in (LENET, DTN, MLP, SPOKEN):
    work = work._replace(method="source_only", examples=10_000)
    for side in ("ours", TORCH):
      entries[f"{work.model}, {side}"] = Entry(side, work, "predict", counted=False)
    above, below = f"{work.model}, {TORCH}", f"{work.model}, ours"
    ratios[f"{work.model}: {TORCH} / ours"] = over(above, below, bar=Bar(FACTOR))
  return Case("10,000 examples predicted, arrays to arrays", entries, ratios, 1)


def cases(cpu: bool, there: int) -> dict[str, Case]:
  """Those against PyTorch; arguments as of `speed_cases.cases`."""
  lenets = {
    "lenet64": _with_five(lenet("dann", 64, 1.4, True, cpu), LENET, there, {"five seeds": FACTOR}),
    "lenet128": lenet("dann", 128, 1.5, True, cpu),
    "source": lenet("source_only", 64, 1.5, False, cpu),
    **{name: method(name) for name in ("dan", "mcd", "cdan", "mean_teacher")},
  }
  shaped = f"{SPOKEN.shape[0]} steps of {SPOKEN.shape[1]} numbers"
  small = MLP._replace(depth=SPOKEN.depth, width=SPOKEN.width)
  others = {
    "dtn": network("DTN, images of 32×32", DTN, 20, there),
    "mlp": network("MLP, vectors of 64 numbers", MLP, 200, there, 4.0),
    "mlp_small": network("MLP and a critic of 64 units, vectors of 64", small, 500, there, 4.0),
    "amazon": amazon(cpu, there),
    "cnn1d": network(f"1-D CNN, {shaped}", SPOKEN, 100, there),
    "gru": network(f"GRU, {shaped}", SPOKEN._replace(model="gru"), 100, there),
    "unet": network("U-Net, images of 120×88", PIXELS, 20, there, None),
    "resnet18": photographs("resnet18", "f32", cpu),
    "resnet50": photographs("resnet50", "f32", cpu),
    "resnet50_bf16": photographs("resnet50", "bf16", cpu),
    "efficientnet": photographs("efficientnet_lite0", "f32", cpu),
    "efficientnet_bf16": photographs("efficientnet_lite0", "bf16", cpu),
  }
  return {**lenets, **others, "prediction": prediction()}
