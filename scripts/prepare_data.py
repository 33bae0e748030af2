"""Prepares benchmark sets for TFDS, without TensorFlow: the same as `adapt data prepare`."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from adapt.cli import data


def main(arguments: list[str] | None = None) -> int:
  """Runs the command line; returns the exit status: 0, or 2 with one line on stderr."""
  parser = argparse.ArgumentParser(description=__doc__)
  data.add_prepare(parser)
  options = parser.parse_args(arguments)
  try:
    data.prepare(options.names, options.source, options.data_dir)
  except ValueError as error:
    print(f"prepare_data: {error}", file=sys.stderr)
    return 2
  return 0


if __name__ == "__main__":
  sys.exit(main())
