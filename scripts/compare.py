"""Compares two result trees: python scripts/compare.py A B, the same as `adapt compare A B`."""

import sys

from adapt.cli.results import compare as main

if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))
