"""Flags of plug-ins: read before all others, repeated, under both names."""

import argparse

import pytest

from adapt import catalogue, methods
from adapt.cli import plugins


@pytest.fixture
def folders(tmp_path, monkeypatch):
  monkeypatch.setattr(catalogue, "_extra", {})
  for name in ("one", "two"):
    (tmp_path / name).mkdir()
    (tmp_path / name / f"{name}.py").write_text(f"def {name}(net): ...\n")
  return str(tmp_path / "one"), str(tmp_path / "two")


def test_folders_of_both_names_are_used_whatever_stands_beside_them(folders):
  plugins.use(["dann", "--plugins", folders[0], "--strange", f"--methods-path={folders[1]}"])
  assert {"one", "two"} <= set(methods.names())


def test_a_flag_without_its_folder_is_left_to_the_command_s_own_parser():
  plugins.use(["run", "--plugins"])
  parser = argparse.ArgumentParser(exit_on_error=False)
  plugins.add(parser)
  with pytest.raises(argparse.ArgumentError, match="expected one argument"):
    parser.parse_args(["--plugins"])


def test_no_folder_is_refused():
  with pytest.raises(
    ValueError, match="no folder 'nowhere': give the folder that holds your methods"
  ):
    plugins.use(["--plugins", "nowhere"])
