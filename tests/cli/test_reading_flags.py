import argparse

import pytest

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
