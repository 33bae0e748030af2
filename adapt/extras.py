"""Optional libraries: the command that installs them here, and what must not be beside this package."""

import functools
import json
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
  """Return the command that installs an extra the way this package was installed.

  From a checkout that is the checkout; else the address that pip noted, or the package index.

  Args:
    extra: a name in setup.cfg.
  """
  where, editable = _origin()
  if editable or (_ROOT / "setup.cfg").is_file():
    root = "." if Path.cwd() == _ROOT else str(_ROOT)
    return f"pip install -e '{root}[{extra}]'"
  return f"pip install '{NAME}[{extra}]{f' @ {where}' if where else ''}'"


def lacking(error: ModuleNotFoundError) -> str | None:
  """Return the line for a library that is not installed; None for a module of no extra."""
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


def clash() -> str:
  """Return a line that names another distribution of the same folder, or an empty text.

  PyPI's `adapt` installs its modules into this package's folder, and each replaces some of the
  other's.
  """
  try:
    other = metadata.version("adapt")
  except metadata.PackageNotFoundError:
    return ""
  return (
    f"the distributions adapt {other} and {NAME} install into the same folder, and neither works "
    "beside the other: give each a virtual environment of its own, or pip uninstall adapt"
  )
