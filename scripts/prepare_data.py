"""Prepares benchmark sets for TFDS, without TensorFlow: from public sources or a local copy."""

import argparse
import logging
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from adapt.data import builders


def main(arguments: list[str] | None = None) -> int:
  """Runs the command line; returns the exit status: 0, or 2 with one line on stderr."""
  parser = argparse.ArgumentParser(description=__doc__)
  known = ", ".join(builders.names())
  parser.add_argument("names", nargs="*", metavar="NAME", help=f"{known}; all if none is given")
  parser.add_argument("--from", dest="source", metavar="FOLDER", help="a local copy of the data")
  parser.add_argument(
    "--data-dir", metavar="DIR", help="default: $TFDS_DATA_DIR or ~/tensorflow_datasets"
  )
  options = parser.parse_args(arguments)
  try:
    unknown = [name for name in options.names if name not in builders.names()]
    if unknown:
      raise ValueError(f"unknown data set '{unknown[0]}': choose from {known}")
    if not sys.stderr.isatty():
      builders.import_tfds().disable_progress_bar()
    # One line at the end says what failed; a warning at each of its retries says no more.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    for name in options.names or builders.names():
      start = time.perf_counter()
      for part, counts in builders.prepare(name, options.source, options.data_dir).items():
        sizes = ", ".join(f"{split} {count}" for split, count in counts.items())
        print(f"{part}: {sizes} ({time.perf_counter() - start:.0f} s)", flush=True)
  except ValueError as error:
    print(f"prepare_data: {error}", file=sys.stderr)
    return 2
  return 0


if __name__ == "__main__":
  sys.exit(main())
