"""results/streams.md follows from its record."""

import json
from pathlib import Path

import numpy as np
import pytest

from adapt.streams import methods
from benchmarks import streams, streams_page

ROOT = Path(__file__).parents[1]
RECORD = json.loads((ROOT / "results/streams/record.json").read_text("utf-8"))


def test_the_page_is_made_of_its_record():
  assert (ROOT / "results/streams.md").read_text("utf-8") == streams_page.page(RECORD, "streams")


def test_every_method_is_in_the_table():
  assert set(streams.SWEEPS) == set(methods.names())
  assert all(s is None or s.published in s.values for s in streams.SWEEPS.values())
  assert {c["method"] for c in RECORD["cells"]} == set(streams.SWEEPS)


def test_accuracy_is_the_mean_over_corruptions_and_over_time():
  for cell in RECORD["cells"]:
    mean = streams_page.means(cell)
    assert np.mean(cell["by_corruption"], axis=1) == pytest.approx(mean, abs=1e-4)
    assert np.mean(cell["over_time"], axis=1) == pytest.approx(
      mean, abs=0.05
    )  # parts differ by a batch
