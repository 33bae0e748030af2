"""What the README's first lines print, from the records of their command.

adapt run --source mnist5k --target optdigits --method source_only dann --steps 500 --seeds 3 \
  --devices 1 --out results/first_lines
"""

import json
from pathlib import Path

from adapt.api import accuracy


def block(folder: Path) -> str:
  """The Python lines' output and the shell line's accuracies, as a code block; empty without records."""
  records = [json.loads(f.read_text("utf-8")) for f in sorted(folder.glob("run/*/*.json"))]
  if not records:
    return ""
  found = {r["method"]: (accuracy.over_seeds(r["last"]["accuracy"]), r) for r in records}
  rows = [f"{name:<12} {found[name][0]}" for name in ("source_only", "dann")]
  ran = found["dann"][1]["environment"]
  made = f"From records of commit {ran['commit'][:10]}, device: {ran['device']}."
  return "\n".join(["```text", *rows, "```", "", made, ""])
