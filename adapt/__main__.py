"""`python -m adapt`: the same as `adapt`."""

import sys

from adapt.cli.commands import entry

if __name__ == "__main__":
  sys.argv[0] = "adapt"  # as records and messages call it
  entry()
