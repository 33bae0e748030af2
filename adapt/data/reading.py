"""Options for reading one's own tables, texts, sound and series."""

from collections.abc import Mapping
from typing import Any, NamedTuple

OUTPUTS = ("classes", "values", "pixels", "labels")  # what labels may be


class Reading(NamedTuple):
  """Options for reading one's own data.

  Each attribute is a command-line flag of its name (that of `label` is --label-column), and an
  argument of `adapt.fit`'s `reading`.

  Attributes:
    kind: what the inputs are: image, series, vector, counts or tokens; empty: as the file says.
    label: column of the labels; empty: label, target, class or y. Of values and labels several, as A,B,C.
    columns: feature columns to use; none: all.
    drop: columns to leave out.
    missing: values that mean a missing cell, beside empty ones, NA and ?.
    categorical: number columns that are codes of categories.
    header: whether a table's first line has names: auto, none.
    domain_column: column that says which domain a row belongs to.
    groups: column (of an .npz, array) with the groups of test examples, whose worst accuracy is measured;
      it is no feature.
    text: how texts become inputs: bow (also if empty; a bag of words), minilm (features of a published
      network) or minilm-train (the same network, trained on).
    mel: bands of the log-mel spectrogram of sound.
    seconds: length to which sound is cut or padded.
    keep_gain: leave each recording's loudness in.
    window: length, in samples, of the windows that long series are cut into; 0: none.
    stride: samples between windows; 0: half a window.
    scale: scaling of vectors: standard, none, robust or per-domain; empty: as the kind is.
    transductive: adapt to the target's examples without labels, and judge on the same ones.
    label_map: names of classes by label, as NAME=LABEL,…; NAME=LABEL|LABEL makes one class of several.
    output: what the labels are: classes, values (numbers to be predicted: regression), pixels (masks), or
      labels (several of 0 and 1 an example: multi-label).
  """

  kind: str = ""
  label: str = ""
  columns: tuple[str, ...] = ()
  drop: tuple[str, ...] = ()
  missing: tuple[str, ...] = ()
  categorical: tuple[str, ...] = ()
  header: str = "auto"
  domain_column: str = ""
  groups: str = ""
  text: str = ""
  mel: int = 64
  seconds: float = 2.0
  keep_gain: bool = False
  window: int = 0
  stride: int = 0
  scale: str = ""
  transductive: bool = False
  label_map: str = ""
  output: str = "classes"

  @property
  def given(self) -> dict[str, object]:
    """The options that are not at their defaults."""
    usual = Reading()._asdict()
    return {n: v for n, v in self._asdict().items() if v != usual[n]}


def flag_of(name: str) -> str:
  """The flag of a field.

  A method of the catalogue has a hyper-parameter `label` already.
  """
  return "--label-column" if name == "label" else "--" + name.replace("_", "-")


def reading_of(given: Mapping[str, Any]) -> Reading:
  """The options by name; lists are as good as tuples.

  ValueError for unknown names.
  """
  if strange := set(given) - set(Reading._fields):
    raise ValueError(f"reading has no '{min(strange)}': it takes {', '.join(Reading._fields)}")
  found: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in given.items()}
  return Reading(**found)


def check(reading: Reading) -> None:
  """Raises ValueError for numbers without sense and options that nothing would read."""
  if reading.output not in OUTPUTS:
    known = ", ".join(OUTPUTS)
    raise ValueError(f"--output {reading.output} is unknown: choose from {known}")
  if reading.groups and reading.output != "classes":
    raise ValueError(
      f"--groups {reading.groups} is for the accuracy of classes, and --output is {reading.output}: "
      "leave it out"
    )
  if reading.label_map and reading.output == "labels":
    raise ValueError("--label-map names classes, and --output is labels: leave it out")
  if not (1 <= reading.mel <= 512 and 0.1 <= reading.seconds <= 600):
    raise ValueError(
      f"--mel {reading.mel}, --seconds {reading.seconds}: give 1 to 512 bands, 0.1 to 600 seconds"
    )
  for name in ("window", "stride"):
    if (value := getattr(reading, name)) < 0:
      raise ValueError(f"--{name} {value} is negative: give a number of samples, or leave it out")
  if reading.stride and not reading.window:
    raise ValueError(f"--stride {reading.stride} without --window cuts nothing: add --window")
