"""Lists: a line for each entry that fits the terminal, all of it for programs."""

import json
import re
import subprocess
import sys

import pytest

from adapt import methods
from adapt.cli import commands, kinds


@pytest.fixture
def narrow(monkeypatch):
  monkeypatch.setenv("COLUMNS", "80")


def shown(capsys, *argv):
  assert commands.main(argv) == 0
  return capsys.readouterr().out


@pytest.mark.parametrize("command", kinds.KINDS)
def test_a_list_has_a_line_for_each_entry_and_fits_80_columns(command, capsys, narrow):
  lines = shown(capsys, command).splitlines()
  assert max(map(len, lines)) <= 80
  for name in kinds.KINDS[command].names():
    [_] = [line for line in lines if line.startswith(f"{name} ")]


def test_a_list_says_what_an_entry_does_and_who_wrote_of_it(capsys, narrow, monkeypatch):
  text = shown(capsys, "methods")
  assert re.search(r"^dann +domain-adversarial features +Ganin 2016$", text, re.MULTILINE)
  headings = [text.find(f"\n{family}\n") for family in kinds.FAMILIES[1:]]
  assert headings == sorted(headings) and -1 not in headings
  monkeypatch.setenv("COLUMNS", "200")
  wide = shown(capsys, "methods")
  [line] = [li for li in wide.splitlines() if li.startswith("dann ")]
  assert "cannot tell apart." in line and line.endswith("Ganin et al., 2016, arXiv:1505.07818")


@pytest.mark.parametrize("command", kinds.KINDS)
def test_a_list_for_programs_is_whole(command, capsys, narrow):
  found = json.loads(shown(capsys, command, "--json"))
  assert [one["name"] for one in found] == list(kinds.KINDS[command].names())
  assert all(one["title"] and one["summary"] for one in found)


@pytest.mark.parametrize("command", ["methods", "weights", "tunings"])
def test_a_list_needs_neither_jax_nor_what_an_entry_needs(command):
  """Files are read, not imported: what one of them needs may be absent."""
  code = (
    "import sys; sys.modules.update(dict.fromkeys(('jax', 'sklearn', 'piqp', 'numpy')))\n"
    f"from adapt.cli import commands; sys.exit(commands.main(['{command}']))"
  )
  done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
  assert done.returncode == 0, done.stderr
  assert "NAME shows one in full" in done.stdout


def test_a_folder_of_one_s_own_is_listed(tmp_path, capsys, narrow, monkeypatch):
  from adapt import catalogue

  monkeypatch.setattr(catalogue, "_extra", {})
  (tmp_path / "mine.py").write_text(
    '"""Mine: of my own (Me, 2030)."""\n\n\ndef mine(net):\n  """Does it."""\n'
  )
  text = shown(capsys, "methods", "--methods-path", str(tmp_path))
  assert re.search(r"\nown\nmine +of my own +Me 2030\n", text)


def test_the_table_has_every_method_under_its_family(capsys, monkeypatch):
  monkeypatch.setenv("COLUMNS", "200")
  printed = shown(capsys, "methods", "--table")
  assert all(f" {name} " in printed for name in methods.names())
  assert "adversarial (" in printed and "arXiv:1505.07818" in printed
