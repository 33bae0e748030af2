"""Regenerates the tables under results/, the page and the blocks of README and docs from records and entries.

python scripts/make_tables.py [--results results] [--out results/tables] [--select RULE] [--check]

`adapt tables`, and the pages that only this repository has.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from adapt.cli import results
from adapt.cli.results import Request
from adapt.report import reproductions
from adapt.report.summary import Record

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT), str(ROOT / "scripts")]  # suites import from each other, and this the pages
RESULTS = ROOT / "results"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))  # with generated blocks


def main(arguments: Sequence[str] | None = None) -> int:
  """Writes the tables, or checks them; returns the exit code."""
  argv = list(sys.argv[1:] if arguments is None else arguments)
  asked = results.tables_parser(RESULTS).parse_args(argv)
  # Somebody's own results must not replace those that the README reports.
  if not asked.readme and asked.results.resolve() == RESULTS:
    argv += ["--readme", *map(str, PAGES)]
  return results.tables(argv, RESULTS, pages)


def pages(
  request: Request, known: Sequence[Record]
) -> tuple[Mapping[Path, str], Mapping[str, str]]:
  """Files that follow from records and entries here alone, and tables for the README's blocks.

  Methods and other entries that README and results/methods.md do not list yet are added when files
  are written, and no difference when they are checked.
  """
  import advise_fit
  import advise_page
  import defaults_page
  import entry_lists
  import first_lines_block
  import kinds_block
  import methods_page
  import promises_page
  import speed_page
  import summary_block

  from benchmarks import digits_quoted

  folder, add = request.results, not request.check
  ours = folder.resolve() == RESULTS and request.rule is None
  files, others = {}, {}
  if ours:
    listed = None if add else entry_lists.listed(_text(folder / "methods.md"))
    files[folder / "methods.md"] = methods_page.page(ROOT, listed)
    pairs = advise_fit.read(folder)
    files[folder / "advise.md"] = advise_page.page(folder, known)
    gains = advise_fit.read_known(folder, pairs)
    table = advise_fit.table(pairs, advise_fit.read_adapted(folder), gains)
    files[ROOT / "adapt" / "experiments" / "stacked_table.py"] = table
    suites = results.suites_in(request.benchmarks)
    suites["digits (quoted)"] = suites["digits"]._replace(reported=digits_quoted.ROWS)
    files[folder / "defaults.md"] = defaults_page.page()
    files[folder / "reproductions.md"] = reproductions.page(known, suites)
    others["first_lines"] = first_lines_block.block(folder / "first_lines")
    others["kinds"] = kinds_block.block(known, suites)
    others["summary"] = summary_block.block(known, suites)
    files[folder / "reliability.md"] = promises_page.page(ROOT)
    files[folder / "speed" / "README.md"] = speed_page.page(folder / "speed")
    others["speed"] = speed_page.summary(folder / "speed")
  for page in filter(Path.exists, request.pages):
    files[page] = entry_lists.filled(_text(page), add)
    if request.check:
      for entry in entry_lists.unlisted(_text(page)):
        print(f"not listed yet: {entry}")
  return files, others


def _text(path: Path) -> str:
  return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
  sys.exit(main())
