"""Regenerates the tables under results/ and in the README from the records alone.

python scripts/make_tables.py [--results results] [--out results/tables] [--check]
"""

import argparse
import difflib
import re
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapt import record, tables
from adapt.suite import Suite

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT), str(ROOT / "scripts")]  # suites import from each other, and this a page
BLOCK = re.compile(r"(<!-- results:(\S+) -->\n).*?(<!-- /results -->)", re.DOTALL)


def suites(folder: Path) -> dict[str, Suite]:
  """The `SUITE` of every module in `folder`, by name."""
  found = {}
  for file in sorted(folder.glob("*.py")):
    # Other scripts may need packages that a table does not.
    if re.search(r"^SUITE\b", file.read_text(encoding="utf-8"), re.MULTILINE):
      suite = runpy.run_path(str(file))["SUITE"]
      if isinstance(suite, Suite):
        found[suite.name] = suite
  return found


def pages(records: Sequence[tables.Record], known: Mapping[str, Suite]) -> dict[str, str]:
  """File name → text of every page, one per suite that has records."""
  result = {}
  for name in sorted({r["suite"] for r in records}):
    mine = [r for r in records if r["suite"] == name]
    result[f"{name}.md"] = tables.markdown(mine, known.get(name))
  return result


def filled(text: str, records: Sequence[tables.Record], known: Mapping[str, Suite]) -> str:
  """The text with each results block replaced by its suite's main table."""

  def block(match: re.Match[str]) -> str:
    mine = [r for r in records if r["suite"] == match[2]]
    table = tables.main_table(mine, known.get(match[2])) if mine else "No records yet.\n"
    return f"{match[1]}\n{table}\n{match[3]}"

  return BLOCK.sub(block, text)


def generated(results: Path, out: Path, readme: Path | None, benchmarks: Path) -> dict[Path, str]:
  """Path → text of every file that follows from the records."""
  records = record.read_all(results)
  known = suites(benchmarks)
  files = {out / name: text for name, text in pages(records, known).items()}
  if results.resolve() == ROOT / "results":
    import methods_page

    files[results / "methods.md"] = methods_page.page(ROOT)
  if readme is not None and readme.exists():
    files[readme] = filled(readme.read_text(encoding="utf-8"), records, known)
  return files


def differences(files: Mapping[Path, str], out: Path) -> list[str]:
  """Lines of a diff from the files as they lie to what the records say; empty if equal."""
  lines: list[str] = []
  for path, text in files.items():
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    names = (f"{path} (as it is)", f"{path} (from the records)")
    lines += difflib.unified_diff(old.splitlines(), text.splitlines(), *names, lineterm="", n=0)
  lines += [
    f"{path}: no records, delete it" for path in sorted(out.glob("*.md")) if path not in files
  ]
  return lines


def main(arguments: Sequence[str] | None = None) -> int:
  """Writes the tables, or checks them; returns the exit code."""
  parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
  parser.add_argument("--results", type=Path, default=ROOT / "results", help="folder of records")
  parser.add_argument("--out", type=Path, help="folder for the tables (default: RESULTS/tables)")
  parser.add_argument("--readme", type=Path, help="file whose results blocks are filled in")
  parser.add_argument("--benchmarks", type=Path, default=ROOT / "benchmarks", help="suites")
  parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on a difference")
  args = parser.parse_args(arguments)
  out = args.out or args.results / "tables"
  readme = args.readme
  # Somebody's own results must not replace those that the README reports.
  if readme is None and args.results.resolve() == ROOT / "results":
    readme = ROOT / "README.md"
  try:
    files = generated(args.results, out, readme, args.benchmarks)
  except ValueError as error:
    print(error, file=sys.stderr)
    return 2
  if args.check:
    lines = differences(files, out)
    print("\n".join(lines) if lines else "tables agree with the records")
    return 1 if lines else 0
  for path, text in files.items():
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(path)
  return 0


if __name__ == "__main__":
  sys.exit(main())
