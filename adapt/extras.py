"""Optional libraries: how to install them, and which packages conflict."""

import base64
import functools
import hashlib
import json
import sys
from importlib import metadata
from pathlib import Path

NAME = "adapt-jax"
# The extra that has a library, by the name under which it is imported.
OF = {
  "PIL": "images",
  "array_record": "tfds",
  "dp_accounting": "dp",
  "grain": "images",
  "h5py": "containers",
  "matplotlib": "figures",
  "mlxtend": "demo",
  "optuna": "search",
  "ot": "ot",
  "pandas": "notebook",
  "piqp": "weights",
  "pyarrow": "tables",
  "ray": "cluster",
  "safetensors": "pretrained",
  "soundfile": "sound",
  "sklearn": "weights",
  "tensorflow_datasets": "tfds",
  "threadpoolctl": "figures",
  "tokenizers": "pretrained",
  "wandb": "wandb",
}
_ROOT = Path(__file__).resolve().parents[1]


def install(extra: str) -> str:
  """Return the command that installs an extra for this installation.

  It installs the way this package was installed: from a checkout that is the checkout; else the
  address that pip noted, or the package index.

  Args:
    extra: a name in setup.cfg.
  """
  where, _ = _origin()
  if _in_place():
    root = "." if Path.cwd() == _ROOT else str(_ROOT)
    return f"pip install -e '{root}[{extra}]'"
  return f"pip install '{NAME}[{extra}]{f' @ {where}' if where else ''}'"


def lacking(error: ModuleNotFoundError) -> str | None:
  """Return the line for a library that is not installed.

  None for a module of no extra.
  """
  library = (error.name or "").partition(".")[0]
  return f"this needs {library}: {install(OF[library])}" if library in OF else None


@functools.cache
def _origin() -> tuple[str, bool]:
  """Where pip has the package from, if not from an index, and whether it is a checkout in place."""
  try:
    noted = json.loads(metadata.distribution(NAME).read_text("direct_url.json") or "{}")
  except (metadata.PackageNotFoundError, ValueError):
    return "", False
  system = noted.get("vcs_info", {})
  address = f"{system['vcs']}+{noted['url']}" if system else noted.get("url", "")
  return address, noted.get("dir_info", {}).get("editable", False)


def _in_place() -> bool:
  """Whether the package is a checkout."""
  return _origin()[1] or (_ROOT / "setup.cfg").is_file()


def clash() -> str:
  """Return a line naming another distribution with a package `adapt`.

  The text is empty if there is none. PyPI's `adapt` is one. Installed into the same folder, each
  replaces some of the other's modules; of an editable installation, the other one is found first.
  """
  if not (other := _other()):
    return ""
  again = "" if _in_place() else f" and install {NAME} again"
  return (
    f"the distributions {other} and {NAME} both install a package adapt, and neither works beside "
    f"the other: give each a virtual environment of its own, or pip uninstall "
    f"{other.partition(' ')[0]}{again}"
  )


def overwritten() -> bool:
  """Return whether another package has overwritten this package's first file.

  It is compared with the hash that pip noted, and never reported in a checkout.
  """
  try:
    files = metadata.distribution(NAME).files or []
  except metadata.PackageNotFoundError:
    return False
  noted = {f.hash.value for f in files if str(f) == "adapt/__init__.py" and f.hash}
  text = (_ROOT / "adapt/__init__.py").read_bytes()
  made = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
  return bool(noted) and made not in noted


def _other() -> str:
  """Name and version of another distribution with a package `adapt`."""
  try:
    return f"adapt {metadata.version('adapt')}"
  except metadata.PackageNotFoundError:
    pass
  if not _another_folder():  # asking every distribution what it has takes a tenth of a second
    return ""
  for found in metadata.distributions():
    name = found.metadata["Name"]
    tops = (found.read_text("top_level.txt") or "").split()
    if name != NAME and ("adapt" in tops or "\nadapt/" in f"\n{found.read_text('RECORD') or ''}"):
      return f"{name} {found.version}"
  return ""


def _another_folder() -> bool:
  """Whether a folder of Python's path has an `adapt` that is not this one."""
  folders = {Path(where or ".").resolve() for where in sys.path} - {_ROOT}
  return any((folder / "adapt/__init__.py").is_file() for folder in folders)
