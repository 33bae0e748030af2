import sys
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

from adapt.data import arrow_memory

ADAPT = Path(arrow_memory.__file__).parent.parent


def test_nothing_of_python_s_is_left_with_arrow():
  content = bytes(range(256)) * 1000
  before = sys.getrefcount(content)
  read = arrow_memory.reader(content)
  assert sys.getrefcount(content) == before
  assert read.read() == content
  assert arrow_memory.reader(b"").read() == b""


def test_every_content_is_read_so():
  """Else a process that ends soon after it is aborted, now and then, whatever its exit code was."""
  direct = [f.name for f in ADAPT.rglob("*.py") if "BufferReader(" in f.read_text("utf-8")]
  assert direct == ["arrow_memory.py"]
