"""Compiled programs are forgotten before the process has all of its memory maps."""

from pathlib import Path

import jax
import numpy as np
import pytest

import adapt
from adapt.experiments import grid
from adapt.training import program, program_memory


@pytest.fixture
def most(tmp_path, monkeypatch):
  """Sets how many maps a process may have."""
  file = tmp_path / "max_map_count"
  monkeypatch.setattr(program_memory, "_MOST", file)
  return lambda maps: file.write_text(f"{maps}\n")


def test_programs_are_forgotten_at_half_of_the_maps(most):
  taken = len(Path("/proc/self/maps").read_text().splitlines())
  double = jax.jit(lambda x: 2 * x)
  double(1.0)
  most(4 * taken)
  assert not program_memory.relieve() and double._cache_size() == 1
  most(taken)
  assert program_memory.relieve() and double._cache_size() == 0
  assert program.program.cache_info().currsize == 0
  assert double(2.0) == 4.0


def test_elsewhere_nothing_is_forgotten(monkeypatch, tmp_path):
  monkeypatch.setattr(program_memory, "_MAPS", tmp_path / "none")
  assert not program_memory.relieve()


def test_a_grid_asks_after_every_program(monkeypatch):
  asked = []
  monkeypatch.setattr(grid, "_program", lambda group, *_: asked.append(group) or [])
  monkeypatch.setattr(program_memory, "relieve", lambda: asked.append("relieved"))
  monkeypatch.setattr(grid, "_tidied", lambda *_: None)
  grid.run([["a"], ["b"]], None, grid.Options(), None)
  assert asked == [["a"], "relieved", ["b"], "relieved"]


def test_fitting_again_and_again_forgets_the_programs_of_before(monkeypatch):
  """Some two hundred fits in one process took all of its memory maps, and LLVM ended it."""
  asked = []
  monkeypatch.setattr(program_memory, "relieve", lambda: asked.append("relieved"))
  with pytest.raises(ValueError, match="unknown method 'dan2'"):
    adapt.fit("dan2", source=(np.zeros((8, 2)), np.arange(8) % 2), target=np.ones((8, 2)))
  assert asked == ["relieved"]
