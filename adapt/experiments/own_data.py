"""A user's own data: names, settings by kind, and classes."""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adapt import data
from adapt.data import encode_text, label_map, tabular, unread
from adapt.data.domain import PADDED, output_of
from adapt.experiments.suite import IMAGES, VECTORS
from adapt.training.settings import Settings

# A frozen published backbone, whose features are extracted once: minutes without an accelerator.
_FROZEN = VECTORS._replace(freeze="backbone", cache_features=True)
# What a pair is trained with where the command line says nothing else, by the kind of its inputs.
SETTINGS = {
  "vectors": VECTORS,
  "features": VECTORS._replace(model="top"),
  "text": VECTORS,
  "tokens": _FROZEN._replace(model="minilm", pretrained="minilm"),
  # As BERT is fine-tuned (Devlin et al., 2019, arXiv:1810.04805, appendix A.3): batches of 16, the
  # published layers at 5e-5.
  "trained tokens": Settings(
    model="minilm",
    pretrained="minilm",
    steps=300,
    batch_size=16,
    optimizer="adamw",
    lr=0.0005,
    backbone_rate=0.1,
    weight_decay=0.01,
    schedule="cosine",
  ),
  "series": VECTORS._replace(model="cnn1d"),
  "grey": IMAGES,
  "colour": IMAGES._replace(model="dtn"),
  # As the suites of pixels are trained.
  "pixels": Settings(
    model="unet", steps=1000, batch_size=8, optimizer="adam", lr=0.002, weight_decay=0.0
  ),
  "large": _FROZEN._replace(
    model="efficientnet_lite0", pretrained="efficientnet_lite0", image_size=224
  ),
}
# Of values the squared loss has no bound on its gradient: at 0.05 an mlp of sigmoids saturates in its
# first steps and predicts the mean from then on; at 0.03 it does not yet.
VALUES_SLOWER = 3
SMALL = 32  # height and width, in pixels, up to which the digits' networks are the default
TINY = 16  # and below which LeNet has nothing left to pool


def loaded(
  names: Sequence[str],
  data_dir: str | None = None,
  reading: data.Reading = data.Reading(),
  unseen_target: bool = False,
) -> list[data.Domain]:
  """Loads domains, each with a name of its own.

  Their classes are numbered alike.

  Args:
    names: what `data.load` takes: sources, then the target.
    data_dir: where TFDS keeps its sets.
    reading: how files are read.
    unseen_target: whether the last one is hidden from training (see `data.unseen`).

  Raises:
    ValueError: one line with the remedy: data that cannot be read, one name twice, tables whose
      columns have different names, classes that no name matches, or an option that nothing reads.
  """
  domains = data.load_together(names, data_dir, reading, unseen_target)
  own = list(filter(data.is_file, names))
  tables = any(map(tabular.is_table, [*own, *(n.rpartition("#")[0] for n in own)]))
  unread.check(names, bool(own), tables, domains, reading)
  return matched(told_apart(domains, names))


def settings_of(
  target: data.Domain, model: str | None = None, extracted: bool = False, output: str = "classes"
) -> Settings:
  """Default settings of a pair, by the kind of its inputs.

  Args:
    target: one of its domains.
    model: the network, if another than usual is asked for: it has other weights, or none.
    extracted: whether the inputs are features that a network has extracted.
    output: what is predicted; values get a lower rate, pixels a network of their own.
  """
  settings = SETTINGS["pixels" if output == "pixels" else "features" if extracted else kind(target)]
  if model not in (None, settings.model):
    settings = settings._replace(pretrained="", freeze="none", cache_features=False)
  if output == "values":
    settings = settings._replace(lr=float(f"{settings.lr / VALUES_SLOWER:.3g}"))
  return settings


def sized(settings: Settings, domains: Sequence[data.Domain]) -> Settings:
  """Fit the batch, and the steps of series, to the smaller side.

  Args:
    settings: the defaults by kind.
    domains: the sources, then the target.
  """
  *sources, target = domains
  fewest = min(sum(len(d.train.x) for d in sources), len(target.train.x))
  batch = min(settings.batch_size, fewest)
  steps = series_steps(fewest) if kind(target) == "series" else settings.steps
  return settings._replace(batch_size=batch, steps=min(settings.steps, steps))


def series_steps(examples: int) -> int:
  """Return the steps for so many series: 40 passes, at least 300.

  At most 1,000; passes in batches of 64.

  A step costs some hundred times that of a table's; small sets are learnt after a few hundred.
  """
  return min(max(40 * examples // VECTORS.batch_size, 300), VECTORS.steps)


def kind(domain: data.Domain) -> str:
  """Which entry of SETTINGS is for a domain's inputs.

  Extracted features are told by their name alone.
  """
  x, made = domain.train.x, domain.preprocessing
  if domain.kind in ("series", PADDED):
    return "series"
  read = made.reading if made is not None else {}
  if x.ndim == 2:
    if x.dtype.kind != "f":
      return "trained tokens" if read.get("text") == encode_text.TRAINED else "tokens"
    return "text" if made is not None and made.step(encode_text.BAG) else "vectors"
  small, channels = max(x.shape[1:3]) <= SMALL, x.shape[-1]
  # The published networks take grey or RGB images whose values they know how to scale.
  if not small and x.dtype == np.uint8 and channels in (1, 3):
    return "large"
  return "grey" if small and channels == 1 and min(x.shape[1:3]) >= TINY else "colour"


def matched(domains: Sequence[data.Domain]) -> list[data.Domain]:
  """Numbers the classes of all domains as the sources do, by name.

  The classes of the first source keep their order, those that a later domain adds follow.

  Args:
    domains: the sources, then the target.

  Returns:
    The domains, with the labels renumbered and the class names of all; one without class names
    keeps its labels.

  Raises:
    ValueError: some domains name their classes and others number them; a number names nothing.
  """
  if any(output_of(d) == "labels" for d in domains):  # their columns are in one order everywhere
    return list(domains)
  named = [d for d in domains if d.classes]
  if any(len(set(d.classes)) < len(d.classes) for d in named):
    return list(domains)
  numbers, names = ([d for d in named if label_map.numbered(d) is is_] for is_ in (True, False))
  if numbers and names:
    raise ValueError(label_map.mixed(numbers[0], names[0]))
  order = {name: None for d in named for name in d.classes}
  position = {name: k for k, name in enumerate(order)}

  def renumbered(domain: data.Domain) -> data.Domain:
    to = np.array([position[name] for name in domain.classes], np.int32)
    if not len(to) or (to == np.arange(len(to))).all():
      return domain

    def of(split: data.Split) -> data.Split:
      # Below 0 is what has no label.
      return split._replace(y=None if split.y is None else np.where(split.y < 0, -1, to[split.y]))

    # The names of the others come along as far as the labels may reach.
    classes = tuple(order)[: int(to.max()) + 1]
    return domain._replace(train=of(domain.train), test=of(domain.test), classes=classes)

  return [renumbered(d) for d in domains]


def told_apart(domains: Sequence[data.Domain], given: Sequence[str | None]) -> list[data.Domain]:
  """Names domains apart whose files in different folders share a name."""
  names = [_clean(d.name) for d in domains]
  if len(set(names)) < len(names) and given:
    names = [_clean("_".join(Path(str(g)).with_suffix("").parts[-2:])) for g in given]
  for i, j in itertools.combinations(range(len(names)), 2):
    if names[i] == names[j]:
      called = given or [d.name for d in domains]
      if called[i] != called[j]:
        raise ValueError(
          f"'{called[i]}' and '{called[j]}' are both '{names[i]}' in names of results: rename one"
        )
      raise ValueError(f"'{called[i]}' is named twice: name two different sets")
  return [d._replace(name=n) for d, n in zip(domains, names, strict=True)]


def _clean(name: str) -> str:
  """A name that can be part of a file's."""
  return re.sub(r"[^\w.=-]", "_", name)
