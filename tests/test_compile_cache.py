"""Where compiled programs are kept, and that what a dying process leaves there costs the next one nothing."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import jax
import pytest

from adapt import compile_cache
from adapt.cli import command


@pytest.fixture
def told():
  """Tells JAX of a folder, and in the end again of the one that it had."""
  names = "jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs"
  before = {name: jax.config.values[name] for name in names}
  yield lambda folder: jax.config.update(names[0], folder)
  for name, value in before.items():
    jax.config.update(name, value)


@pytest.mark.parametrize("folder", [None, "elsewhere"])
def test_programs_are_kept_in_the_user_s_cache_or_where_jax_was_told(
  folder, told, tmp_path, monkeypatch
):
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
  told(folder)
  assert command.guarded(lambda: 0) == 0
  kept = jax.config.values["jax_compilation_cache_dir"]
  assert kept == folder if folder else kept.startswith(str(tmp_path / "adapt" / "compiled-"))


COMPILES = """
from adapt import compile_cache
compile_cache.keep()
import jax, jax.numpy as jnp
print(jax.jit(lambda x: jnp.sort(x + 1))(jnp.arange(3.0)))
"""


def compiled(folder) -> dict[str, bytes]:
  """What a process that compiles something leaves in its cache; it has nothing to say."""
  told = {k: v for k, v in os.environ.items() if not k.startswith("JAX_COMPILATION_CACHE")}
  told |= {"XDG_CACHE_HOME": str(folder), "JAX_ENABLE_COMPILATION_CACHE": "true"}
  command = [sys.executable, "-c", COMPILES]
  done = subprocess.run(command, env=told, capture_output=True, text=True, check=True)
  assert (done.stdout, done.stderr) == ("[1. 2. 3.]\n", "")
  return {f.name: f.read_bytes() for f in (folder / "adapt").glob("compiled-*/*-cache")}


@pytest.mark.holds("killed")
def test_half_a_program_is_written_again(tmp_path):
  """As a process leaves it that is killed, or has no room, while it writes."""
  whole = compiled(tmp_path)
  assert whole
  for name, entry in whole.items():
    [file] = (tmp_path / "adapt").glob(f"*/{name}")
    file.write_bytes(entry[: len(entry) // 2])
  again = compiled(tmp_path)
  assert again.keys() == whole.keys()
  assert all(len(again[name]) > len(entry) // 2 for name, entry in whole.items())


def test_only_what_is_new_is_read_and_what_is_old_goes(tmp_path, monkeypatch):
  read = []
  monkeypatch.setattr(compile_cache, "_whole", lambda entry: read.append(entry) or True)
  for name in ("old", "young"):
    (tmp_path / f"{name}-cache").write_text(name)
  compile_cache.mend(tmp_path)
  assert sorted(read) == [b"old", b"young"]
  month, day = (time.time() - 24 * 3600 * n for n in (31, 1))
  os.utime(tmp_path / "old-cache", (month, month))
  os.utime(tmp_path / "young-cache", (day, month))  # written long ago, read yesterday
  (tmp_path / "new-cache").write_text("new")
  read.clear()
  compile_cache.mend(tmp_path)
  assert read == [b"new"]
  assert sorted(f.name for f in tmp_path.glob("*-cache")) == ["new-cache", "young-cache"]


@pytest.mark.holds("disk")
@pytest.mark.parametrize("why", ["Not a directory", "the disk is full"])
def test_where_nothing_can_be_kept_is_one_line(why, told, tmp_path, monkeypatch, capsys):
  home = tmp_path / "home"
  if why == "Not a directory":
    home.write_text("a file")
  else:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=2**20))
  monkeypatch.setenv("XDG_CACHE_HOME", str(home))
  told(None)
  assert command.guarded(lambda: 0) == 0
  assert jax.config.values["jax_compilation_cache_dir"] is None
  said = capsys.readouterr().err
  assert said.count("\n") == 1
  assert f"{home}: {why}: set XDG_CACHE_HOME" in said


HOMELESS = """
import contextlib, io, sys
from adapt import compile_cache
from adapt.data import builders
from adapt.models import pretrained
from adapt.records import started
compile_cache.keep()
compile_cache.keep()
for make in builders.default_data_dir, lambda: pretrained.load("resnet18", "~/weights.pth"):
  try:
    make()
  except ValueError as error:
    print(error)
print(started.shown())
"""


@pytest.mark.holds("refused")
def test_without_a_home_folder_there_is_a_line_and_no_traceback():
  env = {
    n: v
    for n, v in os.environ.items()
    if n not in ("HOME", "XDG_CACHE_HOME", "TFDS_DATA_DIR", "JAX_COMPILATION_CACHE_DIR")
  }
  nobody = ["unshare", "-U", "--map-user=12345"]
  if subprocess.run([*nobody, "true"], capture_output=True).returncode:
    pytest.skip("no user without a home can be made here")
  ran = subprocess.run(
    [*nobody, sys.executable, "-c", HOMELESS], env=env, capture_output=True, text=True
  )
  assert ran.returncode == 0, ran.stderr
  assert ran.stderr.count("warning") == 1 and "there is no home folder" in ran.stderr
  data, weights, command = ran.stdout.splitlines()
  assert command == "-c"
  assert "set TFDS_DATA_DIR" in data and "no file '~/weights.pth'" in weights
