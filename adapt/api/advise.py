"""`adapt.advise`: what is seen of sources and a target before training."""

import importlib.util
from collections.abc import Mapping
from typing import Any

from adapt import extras
from adapt.api import arrays
from adapt.data.reading import Reading, reading_of
from adapt.experiments.advice import Advice, advice


def advise(
  sources: arrays.Data,
  target: arrays.Data,
  *,
  label: str = "label",
  reading: Mapping[str, Any] | Reading = Reading(),
) -> Advice:
  """Says which source, shift and accuracy to expect, without target labels.

  Args:
    sources: as `adapt.fit` takes its source; several as a list or as a dict by name.
    target: inputs without labels, or anything that a source can be; labels are not looked at.
    label: the label's column in data frames and data sets.
    reading: how own data are read and scaled, by name.

  Returns:
    The advice; its `sentences` say it in words.

  Raises:
    ValueError: one line with the remedy.
    ImportError: scikit-learn is not installed.
  """
  if importlib.util.find_spec("sklearn") is None:
    raise ImportError(f"adapt.advise needs scikit-learn: {extras.install('weights')}")
  options = reading if isinstance(reading, Reading) else reading_of(reading)
  return advice(arrays.domains_of(sources, target, label=label, reading=options))
