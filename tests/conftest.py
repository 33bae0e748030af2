"""Eight faked devices for every test, and the toy problem that many of them share."""

import os
import sys
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Nearly all of a test's time is compilation; a third of that is optimisation.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
here = Path(__file__).parent
# toy.py, sample_records.py; by_hand.py; tiny.py
sys.path[:0] = [str(here), str(here / "methods"), str(here / "models")]

import jax
import pytest

jax.config.update("jax_num_cpu_devices", 8)


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory):
  """Runs a toy request once per session and remembers its record."""
  import toy

  from adapt.run import run

  out = tmp_path_factory.mktemp("toy")
  done = {}

  def record_of(method: str, **changes) -> dict:
    key = str((method, sorted(changes.items(), key=str)))
    if key not in done:
      request = toy.request(method, **changes)
      done[key] = run(request, out / str(len(done)), domains=toy.load).records[0]
    return done[key]

  return record_of
