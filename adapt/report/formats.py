"""Sheets as Markdown, LaTeX and CSV. Each escapes what it is given."""

import csv
import io
import re
from collections.abc import Sequence

from adapt.report.table import Entry, Line, Sheet

TIE = "≈"


def markdown(sheet: Sheet) -> str:
  """A pipe table, its caption, its notes."""
  rows = [list(map(_escaped, sheet.header)), [":--", *["--:"] * (len(sheet.header) - 1)]]
  for line in sheet.lines:
    name = _escaped(line.name)
    first = f"*{name}* {line.detail}" if line.published else f"{name} {line.detail}"
    rows.append([first.strip(), *(_markdown_cell(e, line) for e in line.entries)])
  parts = [f"| {' | '.join(row)} |" for row in rows]
  parts += [
    "",
    " ".join([_escaped(sheet.caption), *(f"**{_escaped(w)}**" for w in sheet.warnings)]),
  ]
  if sheet.notes:
    parts += ["", "As published, each under its own protocol:", ""]
    parts += [f"{i}. {_escaped(note)}" for i, note in enumerate(sheet.notes, start=1)]
  return "\n".join(parts) + "\n"


def _markdown_cell(entry: Entry, line: Line) -> str:
  text = _escaped(entry.text)
  if line.published and entry.value is not None:
    return f"*{text}*"
  return {"best": f"**{text}**", "tie": f"{text} {TIE}"}.get(entry.mark, text)


def _escaped(text: str) -> str:
  """Plain text as Markdown that shows it; underscores are inside words, where they mean nothing."""
  special = (
    r"([\\|*`]|<(?=\S)|(?<=--)>|(?<=\])[(\[:]|&(?=[#\w]+;)|(?<!\w)_(?=[^_]*_(?!\w))|^[#>+-](?=\s))"
  )
  return re.sub(special, r"\\\1", " ".join(text.split()))


# What LaTeX reads as its own, and signs that its older fonts lack.
_LATEX = {
  "\\": r"\textbackslash{}",
  **{sign: "\\" + sign for sign in "&%$#_{}"},
  "~": r"\textasciitilde{}",
  "^": r"\textasciicircum{}",
  "<": r"\textless{}",
  ">": r"\textgreater{}",
  "|": r"\textbar{}",
  "[": "{[}",  # behind a \\ it would begin an argument
  "]": "{]}",
  "±": r"$\pm$",
  "−": "$-$",
  "–": "--",
  "×": r"$\times$",
  "→": r"$\to$",
  "≈": r"$\approx$",
  "≤": r"$\leq$",
  "≥": r"$\geq$",
  "²": r"$^2$",
  "ε": r"$\varepsilon$",
  "δ": r"$\delta$",
  "λ": r"$\lambda$",
  "ρ": r"$\rho$",
  "χ": r"$\chi$",
}

WIDE = 9  # columns of LaTeX that a page has room for


def latex(sheet: Sheet, suite: str) -> str:
  r"""A `table*` of booktabs, its label `tab:<suite>-<name>`; to be \input.

  One of more than WIDE columns has headings of two lines and is scaled to the page's width, by graphicx.
  """
  wide = len(sheet.header) > WIDE
  columns = "l" + "r" * (len(sheet.header) - 1)
  rows = []
  for line in sheet.lines:
    name = _latex(line.name)
    first = rf"\textit{{{name}}}" if line.published else name
    cells = [
      f"{first} {_latex(line.detail)}".strip(),
      *(_latex_cell(e, line) for e in line.entries),
    ]
    rows.append(" & ".join(cells) + r" \\")
  said = " ".join([sheet.caption, *sheet.warnings])
  said += "".join(f" [{i}] {note}" for i, note in enumerate(sheet.notes, start=1))
  return "\n".join(
    [
      r"\begin{table*}",
      r"\centering\small",
      rf"\caption{{{_latex(f'{suite}, {sheet.title}. {said}')}}}",
      rf"\label{{tab:{re.sub(r'[^A-Za-z0-9-]', '-', f'{suite}-{sheet.name}')}}}",
      *([r"\resizebox{\textwidth}{!}{%"] if wide else []),
      rf"\begin{{tabular}}{{{columns}}}",
      r"\toprule",
      " & ".join(map(_stacked if wide else _latex, sheet.header)) + r" \\",
      r"\midrule",
      *rows,
      r"\bottomrule",
      r"\end{tabular}" + "}" * wide,
      r"\end{table*}",
      "",
    ]
  )


def _stacked(name: str) -> str:
  """A heading in two lines, broken at the underscore that is nearest to its middle."""
  cuts = [i + 1 for i, sign in enumerate(name) if sign == "_"]
  if not cuts:
    return _latex(name)
  cut = min(cuts, key=lambda i: abs(2 * i - len(name)))
  return rf"\shortstack[r]{{{_latex(name[:cut])}\\{_latex(name[cut:])}}}"


def _latex_cell(entry: Entry, line: Line) -> str:
  text = _latex(entry.text)
  if line.published and entry.value is not None:
    return rf"\textit{{{text}}}"
  return {"best": rf"\textbf{{{text}}}", "tie": rf"{text} $\approx$"}.get(entry.mark, text)


def _latex(text: str) -> str:
  plain = "".join(_LATEX.get(sign, sign) for sign in " ".join(text.split()).replace("--", "-\0-"))
  return plain.replace("\0", "{}")  # two hyphens of a flag are no dash


COLUMNS = (
  *("suite", "table", "row", "seeds", "column"),
  *("value", "std", "n", "low", "high", "mark", "shown", "published"),
)


def table_csv(sheets: Sequence[tuple[str, Sheet]]) -> str:
  """CSV of (suite, sheet) pairs, one line per place.

  Numbers have 6 digits beside the text as it is shown. `published` names the source and the
  protocol of another's number.
  """
  buffer = io.StringIO()
  writer = csv.writer(buffer, lineterminator="\n")
  writer.writerow(COLUMNS)
  for suite, sheet in sheets:
    for line in sheet.lines:
      note = sheet.notes[int(line.detail.strip("[]")) - 1] if line.published else ""
      seeds = "" if line.published else line.detail.strip("()")
      for column, e in zip(sheet.header[1:], line.entries, strict=True):
        numbers = [_plain(v) for v in (e.value, e.std, e.n, e.low, e.high)]
        start = [suite, sheet.name, line.name, seeds, column]
        texts = [*start, *numbers, e.mark, e.text, note]
        writer.writerow([_harmless(text) for text in texts])
  return buffer.getvalue()


def _plain(value: float | None) -> str:
  return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")


def _harmless(text: str) -> str:
  """Text that no spreadsheet takes for a formula: numbers keep their sign."""
  formula = text[:1] in "=+-@\t\r" and not re.match(r"[+-]\d", text) if text else False
  return f"'{text}" if formula else text
