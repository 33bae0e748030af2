"""Contents of files in memory of Arrow's own."""

from typing import Any


def reader(content: bytes) -> Any:
  """Returns a pyarrow.BufferReader of a copy of the content.

  Arrow's threads may let go of what they have read after the reading call has returned. Where that is a
  Python object and the interpreter is ending, as after an error message, the process is aborted.
  """
  import pyarrow as pa

  kept = pa.allocate_buffer(len(content))
  with pa.FixedSizeBufferWriter(kept) as writer:
    writer.write(content)
  return pa.BufferReader(kept)
