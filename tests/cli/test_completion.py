"""Completion: a shell sources the script and completes commands, flags and names."""

import shutil
import subprocess
import sys

import pytest

from adapt.cli import commands, completion

pytest.importorskip("shtab")

COMPLETE = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
$(complete -p adapt | sed 's/.*-F \\([^ ]*\\).*/\\1/') 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
  import contextlib
  import io

  text = io.StringIO()
  with contextlib.redirect_stdout(text):
    assert commands.main(["completion", "bash"]) == 0
  file = tmp_path_factory.mktemp("completion") / "adapt.bash"
  file.write_text(text.getvalue())
  return file


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
@pytest.mark.parametrize(
  ("typed", "offered"),
  [
    ("adapt run --met", {"--method", "--methods-path"}),
    ("adapt methods da", {"dan", "dance", "dann"}),
    ("adapt meth", {"methods"}),
    ("adapt run --method dann cor", {"coral"}),
    ("adapt run --weights km", {"kmm"}),
    ("adapt run --tuning lo", {"lora"}),
    ("adapt run --model mlp5", {"mlp50"}),
    ("adapt run --validator sn", {"snd"}),
    ("adapt bench digits_l", {"digits_long"}),
    ("adapt bench digits dan", {"dan", "dance", "dann"}),
    ("adapt suites pac", {"pacs"}),
    ("adapt data prep", {"prepare"}),
    ("adapt data prepare us", {"usps"}),
  ],
)
def test_bash_completes(typed, offered, script):
  command = ["bash", "--norc", "-c", COMPLETE, "bash", str(script), *typed.split()]
  done = subprocess.run(command, capture_output=True, text=True, check=True)
  found = {line.strip() for line in done.stdout.split("\n")} - {""}
  # The plug-ins' flag may join: what is offered begins with what was typed.
  assert offered <= found and all(word.startswith(typed.split()[-1]) for word in found)


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_bash_completes_paths_where_an_argument_takes_them(script, tmp_path):
  (tmp_path / "photos.npz").write_text("")
  command = [
    "bash",
    "--norc",
    "-c",
    COMPLETE,
    "bash",
    str(script),
    "adapt",
    "run",
    "--source",
    "ph",
  ]
  done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
  assert done.stdout.strip() == "photos.npz"


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_every_shell_has_a_script(shell, capsys):
  assert commands.main(["completion", shell]) == 0
  script = capsys.readouterr().out
  assert "adapt" in script and "dann" in script


def test_every_command_is_completed():
  [added] = [a for a in completion.parser()._actions if a.dest == "command"]
  assert set(added.choices) == set(commands.COMMANDS)


def test_a_missing_shtab_is_one_line(monkeypatch, capsys):
  monkeypatch.setitem(sys.modules, "shtab", None)
  assert commands.main(["completion", "bash"]) == 2
  assert capsys.readouterr().err == "error: completion needs shtab: pip install shtab\n"


def test_other_commands_do_not_import_it():
  code = (
    "import sys; from adapt.cli import commands; commands.main(['methods']); "
    "sys.exit('shtab' in sys.modules or 'adapt.cli.completion' in sys.modules)"
  )
  subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
