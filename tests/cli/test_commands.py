"""`adapt`: its help, its versions, what it answers to a word that is no command."""

import subprocess
import sys

import pytest

import adapt
from adapt.cli import commands


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
  monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("argv", [[], ["-h"], ["--help"]])
def test_help_has_every_command_and_fits_80_columns(argv, capsys):
  assert commands.main(argv) == 0
  shown = capsys.readouterr().out
  assert max(map(len, shown.splitlines())) <= 80
  assert all(f"\n  {name} " in shown for name in commands.COMMANDS)


def test_the_versions_are_one_line(capsys):
  import jax

  assert commands.main(["--version"]) == 0
  python = ".".join(map(str, sys.version_info[:3]))
  assert capsys.readouterr().out == (
    f"adapt-jax {adapt.__version__}, jax {jax.__version__}, python {python}\n"
  )


@pytest.mark.parametrize(
  ("word", "said"),
  [
    (
      "metods",
      "error: unknown command 'metods' (did you mean methods or models?): see adapt --help",
    ),
    ("xyzzy", "error: unknown command 'xyzzy': see adapt --help"),
    ("--frobnicate", "error: unknown flag '--frobnicate': see adapt --help"),
  ],
)
def test_an_unknown_command_is_one_line(word, said, capsys):
  assert commands.main([word]) == 2
  assert capsys.readouterr().err == f"{said}\n"


def test_help_and_versions_need_no_jax():
  code = (
    "import sys; sys.modules['jax'] = sys.modules['numpy'] = None\n"
    "from adapt.cli import commands\n"
    "sys.exit(commands.main([]) or commands.main(['--version']) or commands.main(['x']) - 2)"
  )
  done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
  assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
  ("argv", "code"),
  [
    ([], 0),
    (["methods"], 0),
    (["data", "list"], 141),  # printed by rich
    (["config", "--source", "a.npz"], 141),
    (["run", "--help"], 0),
  ],
)
def test_a_reader_that_stops_early_is_no_error(argv, code):
  """Where something may be undone, the shell's code of a broken pipe says so."""
  code_of = (
    "import os, sys; os.environ['COLUMNS'] = '80'\n"
    f"from adapt.cli import commands; sys.exit(commands.main({argv}))"
  )
  command = [sys.executable, "-u", "-c", code_of]
  with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
    process.stdout.close()
    said = process.stderr.read().decode()
    assert process.wait() == code, said
  assert said == ""


def test_a_command_is_run_with_what_follows(monkeypatch):
  found = []
  stub = commands.Command("", lambda argv: found.append(argv) or 7)
  monkeypatch.setitem(commands.COMMANDS, "tables", stub)
  assert commands.main(["tables", "--results", "there"]) == 7
  assert found == [["--results", "there"]]
