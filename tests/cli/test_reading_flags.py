import argparse

import numpy as np
import pytest

from adapt import data
from adapt.api import arrays
from adapt.cli import reading_flags
from adapt.data import Reading


def parsed(*argv):
  parser = argparse.ArgumentParser(exit_on_error=False)
  reading_flags.add(parser)
  return reading_flags.of(parser.parse_args(argv))


def test_every_option_of_reading_is_a_flag():
  assert parsed() == Reading()
  found = parsed("--label-column", "ill", "--drop", "a", "b", "--mel", "40", "--keep-gain")
  assert found == Reading(label="ill", drop=("a", "b"), mel=40, keep_gain=True)


def test_what_is_no_number_is_refused():
  with pytest.raises(argparse.ArgumentError, match="--mel"):
    parsed("--mel", "many")


@pytest.mark.parametrize(
  ("given", "message"),
  [
    ({"window": -3}, "--window -3 is negative"),
    ({"window": 9, "stride": -1}, "--stride -1 is negative"),
    ({"stride": 4}, "--stride 4 without --window cuts nothing: add --window"),
    ({"mel": 0}, "--mel 0, --seconds 2.0: give 1 to 512 bands"),
    ({"seconds": float("nan")}, "--mel 64, --seconds nan: give"),
    ({"output": "colours"}, "--output colours is unknown"),
  ],
)
def test_numbers_without_sense_are_refused_whatever_the_data_are(given, message):
  x = np.zeros((4, 3), np.float32)
  for reads in (
    lambda: data.read("nosuch.npz", reading=Reading(**given)),
    lambda: arrays.domains_of((x, [0, 1, 0, 1]), x, reading=Reading(**given)),
  ):
    with pytest.raises(ValueError, match=message):
      reads()
