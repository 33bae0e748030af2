"""What the pages of weightings, tunings and validators say: proofs, and what choices are worth."""

import ast
import functools
from pathlib import Path

from adapt.cli.kinds import Kind
from adapt.report import selection

_MARK = "pytest.mark.compares"
_SAID = (
  "ρ: Spearman's rank correlation with what is reached on the target's test set. Regret: what is lost "
  "against the best evaluation, in points, of R² in hundredths. The suite's page has the other "
  "validators beside it, and says more."
)


@functools.cache
def compared(root: Path) -> dict[str, tuple[tuple[str, str], ...]]:
  """Entry as FOLDER/NAME → what it is compared with, and by which test.

  Tests say so themselves: `@pytest.mark.compares("scikit-learn")` in the entry's own file, and with
  the entries behind it ("validators/dev") in any other.
  """
  found: dict[str, list[tuple[str, str]]] = {}
  for file in sorted((root / "tests").rglob("test_*.py")):
    for node in ast.parse(file.read_text("utf-8")).body:
      for mark in getattr(node, "decorator_list", ()):
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == _MARK:
          what, *entries = map(ast.literal_eval, mark.args)
          own = f"{file.parent.name}/{file.stem.removeprefix('test_')}"
          test = f"{file.relative_to(root)}::{node.name}"  # type: ignore[attr-defined]
          for entry in entries or [own]:
            found.setdefault(entry, []).append((what, test))
  return {entry: tuple(tests) for entry, tests in found.items()}


def of(kind: Kind, name: str, root: Path) -> tuple[tuple[str, str], ...]:
  """What an entry is compared with, and by which tests."""
  return compared(root).get(f"{kind.package.rpartition('.')[2]}/{name}", ())


def section(kind: Kind, name: str, root: Path) -> list[str]:
  """The proofs of an entry, in Markdown; none where no test is marked."""
  lines = [f"- Compared with {what}: `{test}`." for what, test in of(kind, name, root)]
  if kind.command == "weights" and name in measured(root):
    command = f"python -m benchmarks.weightings {name}"
    lines.append(f"- Its time, memory and error on many examples are measured by `{command}`.")
  return ["## Proofs\n", "\n".join(lines) + "\n"] if lines else []


@functools.cache
def measured(root: Path) -> tuple[str, ...]:
  """The weightings that benchmarks/weightings.py measures."""
  for node in ast.parse((root / "benchmarks" / "weightings.py").read_text("utf-8")).body:
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NAMES":
      return tuple(ast.literal_eval(node.value))
  return ()


def choices(name: str, root: Path) -> list[str]:
  """What a validator's choices are worth: its row of every suite's table of validators."""
  lines: list[str] = []
  for file in sorted((root / "results" / "tables").glob("*.md")):
    table = file.read_text("utf-8").partition("\n## Validators\n")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    for row in rows[2:]:
      first, _, cells = row.removeprefix("| ").partition(" | ")
      if first == name:
        lines = lines or [rows[0].replace("| validator |", "| suite |"), rows[1]]
        lines.append(f"| [{file.stem}](../../results/tables/{file.name}#validators) | {cells}")
  auto = [f"`{output}`" for output, usual in selection.AUTO.items() if usual == name]
  parts = [f"`--select auto` takes it for {' and '.join(auto)}.\n"] if auto else []
  parts += ["\n".join(lines) + "\n", f"{_SAID}\n"] if lines else []
  return ["## What its choices are worth\n", *parts] if parts else []
