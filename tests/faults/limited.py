"""Reads files with little memory: a line of standard input names a reader and a file, a line answers."""

import json
import resource
import sys
import time

from adapt import data
from adapt.data import archives, images
from adapt.deploy import saved
from adapt.models import weights_file

MORE = 3 * 2**29  # bytes that reading may take beside what is there already: 1.5 GiB


def unpacked(path: str) -> None:
  """Everything in an archive."""
  with archives.contents(path) as (names, read):
    for name in names:
      read(name)


READERS = {
  "domain": data.load,
  "archive": unpacked,
  "weights": weights_file.read,
  "model": saved.read,
  "image": lambda path: images.decode(open(path, "rb").read(), 32, path),  # noqa: SIM115
}

pages = int(open("/proc/self/statm").read().split()[0])  # noqa: SIM115
most = pages * resource.getpagesize() + MORE
resource.setrlimit(resource.RLIMIT_AS, (most, most))
for line in sys.stdin:
  reader, path = json.loads(line)
  began = time.monotonic()
  try:
    READERS[reader](path)
    kind, message = "works", ""
  except Exception as error:
    kind, message = type(error).__name__, str(error)
  print(json.dumps([kind, message, time.monotonic() - began]), flush=True)
