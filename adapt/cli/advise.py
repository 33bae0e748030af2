"""`adapt advise`: which source, what shift, what accuracy, without target labels."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from adapt.cli import plugins, reading_flags, text
from adapt.cli.command import Parser
from adapt.data import atomic_files
from adapt.evaluation.class_shares import ClassShares
from adapt.experiments.advice import Advice, SourceAdvice, advice
from adapt.report import advice_page

_WHERE = "NAME, tfds:NAME, a folder of images, a table, an .npz or other file of arrays"
_OF_DISTANCES = ("rows", "p", "proxy A", "MMD²", "CORAL", "H-score", "rank")
_OF_ACCURACY = ("held-out", "ATC", "DoC", "confidence", "stacked")


def main(argv: Sequence[str]) -> int:
  """Runs `adapt advise SOURCE… --target T`.

  Returns 0.

  Raises:
    ValueError: data that cannot be read or compared.
  """
  plugins.use(argv)
  arguments = parser().parse_args(argv)
  from adapt.experiments import own_data

  names = [*arguments.source, arguments.target]
  domains = own_data.loaded(names, arguments.data_dir, reading_flags.of(arguments))
  for note in dict.fromkeys(note for domain in domains for note in domain.notes):
    print(f"note: {note}", file=sys.stderr)
  found = advice(domains)
  if arguments.html:
    atomic_files.replace(arguments.html, advice_page.page(found).encode())
    print(f"wrote {arguments.html}", file=sys.stderr)
  print(as_json(found)) if arguments.json else _print(found)
  return 0


def parser() -> Parser:
  """The flags of `adapt advise`."""
  made = Parser(
    prog="adapt advise",
    description="Compares sources with a target, without target labels and before training.",
  )
  made.add_argument("source", nargs="+", metavar="SOURCE", help=_WHERE)
  made.add_argument(
    "--target", required=True, metavar="TARGET", help=f"{_WHERE}; labels are not looked at"
  )
  made.add_argument("--json", action="store_true", help="for programs: everything, as JSON")
  made.add_argument(
    "--html", type=Path, metavar="FILE", help="also a page with pictures, in one file"
  )
  made.add_argument(
    "--data-dir", metavar="DIR", help="default: $TFDS_DATA_DIR or ~/tensorflow_datasets"
  )
  plugins.add(made)
  reading_flags.add(made.add_argument_group("reading your files"))
  return made


def as_json(found: Advice) -> str:
  """Format advice as multi-line JSON."""

  def of(source: SourceAdvice | None) -> dict[str, object] | None:
    if source is None:
      return None
    shares, expected = source.shares, source.expected
    return {
      **source._asdict(),
      "shifted": source.shifted,
      "informative": source.informative,
      "uncovered": source.uncovered._asdict(),
      "shares": None if shares is None else shares._asdict(),
      "expected": None if expected is None else expected._asdict(),
      "stacked": None if source.stacked is None else source.stacked._asdict(),
    }

  content = {
    **found._asdict(),
    "sources": [of(s) for s in found.sources],
    "pooled": of(found.pooled),
    "methods": [c._asdict() for c in found.methods],
  }
  del content["pictures"]
  return json.dumps(content, indent=1, ensure_ascii=False)


def _print(found: Advice) -> None:
  from rich.markup import escape

  console = text.console()
  shown = [*found.sources, *([found.pooled] if found.pooled else [])]
  title = f"{found.target}, {found.target_rows:,} rows, without its labels"
  console.print(_table(title, "source", _OF_DISTANCES, [(s.name, _distances(s)) for s in shown]))
  title = f"expected accuracy in {found.target} of a logistic model, %"
  console.print(_table(title, "of", _OF_ACCURACY, [(s.name, _expected(s)) for s in shown]))
  if any(s.expected and not s.informative for s in shown):
    console.print(
      "In brackets: of models no better than their most frequent class, which say nothing."
    )
  for source in shown:
    if source.shares is not None:
      console.print(escape(_shares_line(source.name, source.shares)), highlight=False)
  for note in [*found.notes, *(n for s in shown for n in s.notes)]:
    console.print(f"note: {escape(note)}", highlight=False)
  for sentence in found.sentences:
    console.print(f"• {escape(sentence)}", highlight=False)


def _table(
  title: str, first: str, headings: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]
) -> Table:
  table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD)
  table.add_column(first, overflow="fold")
  for heading in headings:
    table.add_column(heading, justify="right", no_wrap=True)
  for name, cells in rows:
    table.add_row(Text(name), *cells)
  return table


def _distances(source: SourceAdvice) -> list[str]:
  return [
    f"{source.rows:,}",
    f"{source.p_value:.3f}",
    f"{source.proxy_a_distance:.2f}",
    f"{source.mmd2:.3f}",
    f"{source.coral:.2g}",
    "–" if source.h_score is None else f"{source.h_score:.2f}",
    "–" if source.mean_rank is None else f"{source.mean_rank:.1f}",
  ]


def _expected(source: SourceAdvice) -> list[str]:
  of = source.expected
  if of is None:
    return ["–"] * 5
  shown = [f"{100 * v:.1f}" for v in (of.source_accuracy, of.atc, of.doc, of.average_confidence)]
  total = source.stacked
  reach = (
    "–"
    if total is None
    else f"{100 * total.value:.0f} ({100 * total.low:.0f}–{100 * total.high:.0f})"
  )
  shown.append(reach)
  # An estimate of a model that knows its source's most frequent class alone is none.
  return shown if source.informative else [shown[0], *(f"({v})" for v in shown[1:])]


def _shares_line(name: str, shares: ClassShares) -> str:
  each = zip(shares.classes, shares.source, shares.target, shares.errors, strict=True)
  listed = ", ".join(f"{c}: {a:.0%} → {b:.0%} ± {e:.0%}" for c, a, b, e in list(each)[:10])
  more = f", … {len(shares.classes)} in all" if len(shares.classes) > 10 else ""
  return f"class shares, {name} → target (condition {shares.condition:.1f}): {listed}{more}"
