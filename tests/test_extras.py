"""Without optional libraries: a line with the command that installs them, and what needs none works."""

import ast
import base64
import configparser
import hashlib
import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapt import extras

ROOT = Path(__file__).parent.parent
SETUP = configparser.ConfigParser(interpolation=None)
SETUP.read(ROOT / "setup.cfg")
REQUIRED = SETUP["options"]["install_requires"]
EXTRAS = SETUP["options.extras_require"]
OPTIONAL = {"IPython"}  # a notebook brings it


def names(requirements):
  return {re.split(r"[<>=;\[ ]", line)[0].lower() for line in requirements.split("\n") if line}


def imported():
  """Third-party modules that the package imports anywhere, and where."""
  for file in (ROOT / "adapt").rglob("*.py"):
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
      found = [a.name for a in node.names] if isinstance(node, ast.Import) else []
      if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        found = [node.module]
      for module in found:
        top = module.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in {"adapt", *OPTIONAL}:
          yield top, file


def test_whatever_is_imported_is_declared():
  providers = metadata.packages_distributions()
  for module, file in imported():
    known = {name.lower().replace("_", "-") for name in providers.get(module, [module])}
    declared = names(EXTRAS[extras.OF[module]] if module in extras.OF else REQUIRED)
    # scikit-learn brings SciPy, TFDS what it reads.
    assert known & declared, f"{file} imports {module}, which setup.cfg does not declare"


@pytest.mark.parametrize(
  ("noted", "command"),
  [
    ({"url": "file:///home/a/adapt", "dir_info": {"editable": True}}, r"-e '.*\[weights\]'"),
    (
      {"url": "https://a.b/adapt.git", "vcs_info": {"vcs": "git", "commit_id": "1"}},
      r"'adapt-jax\[weights\] @ git\+https://a.b/adapt.git'",
    ),
    (
      {"url": "file:///tmp/adapt_jax.whl", "archive_info": {}},
      r"'adapt-jax\[weights\] @ file:.*whl'",
    ),
    (None, r"'adapt-jax\[weights\]'"),  # from an index
  ],
)
def test_the_remedy_is_a_command_that_works_here(noted, command, monkeypatch, tmp_path):
  text = noted and json.dumps(noted)
  found = SimpleNamespace(read_text=lambda name: text)
  monkeypatch.setattr(extras.metadata, "distribution", lambda name: found)
  monkeypatch.setattr(extras, "_ROOT", tmp_path)
  extras._origin.cache_clear()
  try:
    assert re.fullmatch(f"pip install {command}", extras.install("weights"))
  finally:
    extras._origin.cache_clear()


def distribution(folder, name, top=True):
  """What pip leaves of a distribution with a package `adapt`, and that package."""
  (noted := folder / f"{name.replace('-', '_')}-0.4.5.dist-info").mkdir(parents=True)
  (noted / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.4.5\n")
  (noted / "RECORD").write_text("adapt/__init__.py,,\n")
  if top:
    (noted / "top_level.txt").write_text("adapt\n")
  (folder / "adapt").mkdir(exist_ok=True)
  (folder / "adapt/__init__.py").write_text("raise ImportError('of the other one')")


@pytest.mark.parametrize(("name", "top"), [("adapt", True), ("other-adapt", True), ("fork", False)])
@pytest.mark.parametrize("first", [True, False])
def test_another_distribution_with_a_package_adapt_is_named(name, top, first, tmp_path):
  """Beside an editable installation; Python finds the other one first, or this one."""
  distribution(tmp_path, name, top)
  where = [str(tmp_path), str(ROOT)] if first else [str(ROOT), str(tmp_path)]
  code = "import sys, adapt_jax; sys.argv[1:] = ['--version']; adapt_jax.entry()"
  done = subprocess.run(
    [sys.executable, "-P", "-W", "error", "-c", code],
    env={**os.environ, "PYTHONPATH": os.pathsep.join(where)},
    cwd=tmp_path,
    capture_output=True,
    text=True,
  )
  [line] = done.stderr.splitlines()
  assert line.startswith("error: " if first else "warning: ")
  assert f"the distributions {name} 0.4.5 and adapt-jax both install a package adapt" in line
  assert f"pip uninstall {name}" in line
  assert (done.returncode, "adapt-jax 0" in done.stdout) == ((2, False) if first else (0, True))


@pytest.mark.parametrize("replaced", [False, True])
def test_a_first_file_that_the_other_one_replaced_is_noticed(replaced, monkeypatch):
  import adapt_jax

  text = (ROOT / "adapt/__init__.py").read_bytes() + b" " * replaced
  digest = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
  file = metadata.PackagePath("adapt/__init__.py")
  file.hash = SimpleNamespace(value=digest)
  monkeypatch.setattr(extras.metadata, "distribution", lambda name: SimpleNamespace(files=[file]))
  monkeypatch.setattr(extras, "_other", lambda: "")
  monkeypatch.setattr(extras, "_in_place", lambda: False)
  monkeypatch.setattr(adapt_jax, "_extras", lambda: extras)
  assert adapt_jax.replaced() == ""  # no other distribution: a file edited by hand
  monkeypatch.setattr(extras, "_other", lambda: "adapt 0.4.5")
  assert adapt_jax.replaced().endswith("uninstall adapt and install adapt-jax again") == replaced


# What each command needs beyond the package itself; all else works, or names what it lacks.
RESNET = "--model resnet18 --image-size 0"
COMMANDS = {
  "methods dann": "",
  "data list": "",
  "data list usps": "",
  "data list --json": "",
  "suites": "",
  "run --source IMAGES --target IMAGES2": "images",
  "data show IMAGES": "images",
  "data prepare usps": "tfds",
  "run --source A.csv --target B.csv": "tables",
  "run --source A.npz --target B.npz --weights kmm": "weights",
  "advise A.npz --target B.npz": "weights",
  "run --source A.npz --target B.npz --search 2": "search",
  "run --source A.npz --target B.npz --method source_only --dp noise=1,clip=1": "dp",
  f"run --source C.npz --target D.npz {RESNET} --pretrained w.safetensors": "pretrained",
  "figures --results R": "figures",
}
# Runs commands one after the other with none of the optional libraries.
BARE = """
import contextlib, io, json, sys, traceback
from adapt import extras
from adapt.cli import commands

class Without:
  def __init__(self, finder):
    self.finder = finder

  def __getattr__(self, name):
    return getattr(self.finder, name)

  def find_spec(self, name, path=None, target=None):
    if name.partition(".")[0] not in extras.OF:
      return self.finder.find_spec(name, path, target)

sys.meta_path[:] = map(Without, sys.meta_path)
for name in [m for m in sys.modules if m.partition(".")[0] in extras.OF]:
  del sys.modules[name]
found = {}
for command in json.loads(sys.argv[1]):
  out, err = io.StringIO(), io.StringIO()
  with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
    try:
      code = commands.main(command.split())
    except BaseException:
      traceback.print_exc()
      code = 1
  found[command] = code, err.getvalue()
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.holds("refused")
def test_every_command_says_what_it_lacks(tmp_path):
  import numpy as np
  import sample_records
  from PIL import Image

  for name in "AB":
    np.savez(tmp_path / f"{name}.npz", x=np.zeros((80, 3), np.float32), y=np.arange(80) % 2)
    (tmp_path / f"{name}.csv").write_text("a,label\n1,0\n2,1\n")
  for name in "CD":
    x = np.zeros((80, 40, 40, 3), np.uint8)
    np.savez(tmp_path / f"{name}.npz", x=x, y=np.arange(80) % 2)
  for folder in "IMAGES", "IMAGES2":
    for k in range(4):
      place = tmp_path / folder / str(k % 2)
      place.mkdir(parents=True, exist_ok=True)
      Image.new("RGB", (40, 40)).save(place / f"{k}.png")
  sample_records.save(tmp_path / "R", sample_records.make())
  (tmp_path / "w.safetensors").write_bytes(b"")
  ran = subprocess.run(
    [sys.executable, "-c", BARE, json.dumps(list(COMMANDS))],
    cwd=tmp_path,
    capture_output=True,
    text=True,
    timeout=300,
    env={**os.environ, "TFDS_DATA_DIR": str(tmp_path / "sets")},  # none is prepared
  )
  assert ran.returncode == 0, ran.stderr
  found = json.loads(ran.stdout.splitlines()[-1])
  for command, extra in COMMANDS.items():
    code, said = found[command]
    assert "Traceback" not in said, f"{command}: {said}"
    assert code == (2 if extra else 0), f"{command}: {code} {said}"
    if extra:
      [line] = [line for line in said.splitlines() if line.startswith("error: ")]
      assert re.search(rf"pip install .*\[{extra}\]", line), f"{command}: {line}"
