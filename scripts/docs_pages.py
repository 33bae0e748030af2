"""Pages of the site that follow from the code and the records: one an entry, and the results."""

import inspect
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import entry_curves
import entry_numbers
import entry_proofs
import rooms_map

from adapt import catalogue, methods, outputs
from adapt.cli import describe, kinds
from adapt.cli.kinds import KINDS, Kind
from adapt.experiments.suite import Suite
from adapt.report.summary import Record

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(\.\./(results|adapt|tests|scripts|benchmarks)/([^)\s]*)\)")
_PAPER = re.compile(r"([^\s|;(][^|;()]*?), arXiv:(\d{4}\.\d{4,5})")


def written(folder: Path, records: Sequence[Record], suites: dict[str, Suite]) -> list[Path]:
  """Writes the generated pages; returns them.

  Args:
    folder: of the site's sources; pages go to its `entries/` and `results/`.
    records: of any suites, for the numbers of entries.
    suites: by name.
  """
  made = {}
  for kind in KINDS.values():
    for name in kind.names():
      made[folder / "entries" / kind.command / f"{name}.md"] = entry(kind, name, records, suites)
    made[folder / "entries" / kind.command / "index.md"] = _contents(kind)
  for name in outputs.names():
    made[folder / "entries" / "outputs" / f"{name}.md"] = output(name)
  listed = "\n".join(outputs.names())
  made[folder / "entries" / "outputs" / "index.md"] = f"# Every output\n\n{_toctree(listed)}"
  for page in _results():
    made[folder / "results" / page] = result(page)
  names = "\n".join(str(page.with_suffix("")) for page in _results())
  first = '<a href="../results_page.html">One page</a> has all suites, their figures and every run.'
  made[folder / "results" / "contents.md"] = f"# Results\n\n{first}\n\n{_toctree(names)}"
  for path, text in made.items():
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != text:  # a page as it was is not built again
      path.write_text(text, "utf-8")
  return [*made, *_drawings(folder, records, suites)]


def _drawings(folder: Path, records: Sequence[Record], suites: dict[str, Suite]) -> Iterator[Path]:
  yield rooms_map.write(folder / "entries" / "rooms_map.svg", ROOT)
  for name in methods.names():
    file = folder / "entries" / "methods" / f"{name}.svg"
    if entry_curves.write(file, name, records, suites):
      yield file


def result(page: Path) -> str:
  """The text of a page of results, its pictures read from where they lie."""
  place = f"{'../' * (2 + len(page.parts) - 1)}results/{page.parent}/"
  text = (ROOT / "results" / page).read_text("utf-8")
  return re.sub(r"(!\[[^\]]*\]\()(?!http)", lambda match: match[1] + place, text)


def _results() -> Iterator[Path]:
  for file in sorted((ROOT / "results").glob("*.md")) + sorted(
    (ROOT / "results/tables").glob("*.md")
  ):
    yield file.relative_to(ROOT / "results")
  yield Path("speed/README.md")


def entry(kind: Kind, name: str, records: Sequence[Record], suites: dict[str, Suite]) -> str:
  """The page of one entry: paper, equations and departures, flags, use, our numbers, proofs.

  Args:
    kind: of its catalogue.
    name: of the entry.
    records: of any suites, for the numbers of an entry.
    suites: by name.
  """
  doc = kinds.doc(kind, name)
  parts = [
    f"# {name}\n",
    doc.title[:1].upper() + doc.title[1:] + ".\n" if doc.title else "",
    doc.summary + "\n",
  ]
  facts = {n: v for n, v in describe.facts(kind, name).items() if v}
  facts |= {n: cited(v) for n, v in facts.items() if n == "paper"}
  parts.append("".join(f"- **{n.replace('_', ' ')}**: {v}\n" for n, v in facts.items()))
  parts += [_note(note) for note in doc.notes]
  if found := describe.flags(kind, name):
    # The class keeps a flag in one line: a browser breaks it behind its hyphens.
    rows = [
      f"| `{f.flag}`{{.flag}} | {_cell(f.meaning)} | {f'`{f.default}`' if f.default != '' else 'none'} |"
      for f in found
    ]
    parts.append(
      "\n".join(["| flag | what it is | default |", "| :-- | :-- | :-- |", *rows]) + "\n"
    )
  parts.append(f"```console\n$ {describe.example(kind, name)}\n```\n")
  parts += _runs(kind, name, records, suites)
  file = catalogue.source(kind.package, name)
  if file is not None and file.is_relative_to(ROOT):
    parts.append(f"Its code is `{file.relative_to(ROOT)}`.\n")
  return "\n".join(part for part in parts if part)


def _runs(kind: Kind, name: str, records: Sequence[Record], suites: dict[str, Suite]) -> list[str]:
  """What records and tests say of an entry."""
  if kind.command == "methods":
    return entry_numbers.sections(name, records, suites, ROOT)
  parts = []
  if kind.command in ("weights", "tunings"):
    part = kind.package.rpartition(".")[2]
    parts += entry_numbers.of_runs_with(part, name, records, suites)
  if kind.command == "validators":
    parts += entry_proofs.choices(name, ROOT)
  return parts + entry_proofs.section(kind, name, ROOT)


def _note(text: str) -> str:
  """A paragraph of an entry's docstring; its equation leads to the table of symbols."""
  if not kinds.is_equation(text):
    return " ".join(text.split()) + "\n"
  symbols = "Its equation, in [the symbols of all pages](../../symbols.md):"
  return f"{symbols}\n\n```text\n{textwrap.dedent(text)}\n```\n"


def _cell(text: str) -> str:
  return " ".join(text.split()).replace("|", r"\|")


def _contents(kind: Kind) -> str:
  names = "\n".join(kind.names())
  title = f"Every {kind.entry}"
  return f"# {title}\n\n{_toctree(names)}"


def _toctree(names: str) -> str:
  return f"```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n"


def output(name: str) -> str:
  """The page of what a network may predict: what it is, flags, measures, the methods that serve it."""
  factory = outputs.get(name)
  first, *rest = kinds.paragraphs(inspect.getdoc(factory) or "")
  flags = [
    f"| `--output-{p.name.replace('_', '-')}`{{.flag}} | {_cell(p.meaning)} | `{p.default}` |"
    for p in catalogue.parameters(factory)
  ]
  judged = [outputs.measure(each) for each in outputs.measures(name)]
  measures = [
    f"| `{m.name}` | {_cell(m.title)} | {'lower' if m.lower else 'higher'} is better |"
    for m in judged
  ]
  serving = [n for n in methods.names() if name in methods.traits(n).outputs]
  parts = [f"# {name}\n", f"{first}\n", *(" ".join(each.split()) + "\n" for each in rest)]
  parts.append(
    f"```console\n$ adapt run --source A --target B --method dann --output {name}\n```\n"
  )
  if flags:
    head = ["| flag | what it is | default |", "| :-- | :-- | :-- |"]
    parts.append("\n".join([*head, *flags]) + "\n")
  head = ["| `--measure` | what it is | |", "| :-- | :-- | :-- |"]
  parts += ["## Measures\n", "The first is what tables show where nothing else is asked for.\n"]
  parts.append("\n".join([*head, *measures]) + "\n")
  parts += ["## Methods that serve it\n", ", ".join(f"[{n}](../methods/{n}.md)" for n in serving)]
  return "\n".join([*parts, f"\nIts code is `adapt/outputs/{name}.py`.\n"])


def named(text: str) -> str:
  """A page's lists of entries with each name leading to its page."""
  kind, lines = None, []
  by_head = {"method": KINDS["methods"]} | {f"`{k.flag}`": k for k in KINDS.values()}
  for line in text.splitlines():
    cells = line.split("|")
    first = cells[1].strip() if len(cells) > 2 else ""
    kind = by_head.get(first, kind if first else None)
    name = first.strip("`")
    if kind is not None and first == f"`{name}`" and name in kind.names():
      line = cited(line.replace(first, f"[{first}](entries/{kind.command}/{name}.md)", 1))
    lines.append(line)
  return "\n".join(lines)


def cited(text: str) -> str:
  """The text with a link to arXiv on each paper, in the place of its number."""
  return _PAPER.sub(r"[\1](https://arxiv.org/abs/\2)", text)


def links(text: str) -> str:
  """A page's links for the site, where results lie beside it and code is named, not linked."""

  def here(match: re.Match[str]) -> str:
    if match[2] != "results":
      return match[1]
    if match[3] == "index.html":
      return f'<a href="results_page.html">{match[1]}</a>'
    return f"[{match[1]}](results/{match[3]})"

  return _LINK.sub(here, text)
