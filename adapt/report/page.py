"""The results as one HTML file: tables that sort and filter, pictures inside, nothing to fetch.

Everything shown is escaped. The page's own policy lets only the script and the style below run, by
their hashes, and only pictures that lie in it load.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from adapt.report.formats import TIE
from adapt.report.table import Entry, Line, Sheet

SHOWS = {  # in the order of the page
  "ranks": "mean ranks with their critical difference",
  "validators": "validators' scores against target accuracy",
  "curves": "learning curves",
  "tsne": "features before and after adaptation",
  "confusion": "confusion matrices",
  "reliability": "reliability diagrams",
}
SCALE = 0.75  # of a picture's pixels on the page: its letters are then as large as the text's
MOST_BYTES = 2_000_000  # of pictures in a page; what is beyond is named, not shown

STYLE = """
:root { color-scheme: light; --line: #c8c8c8; --soft: #f3f3f1; --ink: #1b1b1b; --link: #0b4f8a; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1.5rem 4rem; max-width: 110rem; color: var(--ink);
  background: #fff; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { margin: 0.5rem 0; font-size: 1.7rem; }
h2 { margin: 2.5rem 0 0.5rem; padding-top: 0.5rem; border-top: 2px solid var(--ink); }
h2, h3 { scroll-margin-top: 4rem; }
h3 { margin: 1.6rem 0 0.4rem; }
p, figcaption, ol { max-width: 80ch; }
a { color: var(--link); }
.bar { position: sticky; top: 0; z-index: 3; display: flex; flex-wrap: wrap; gap: 0.4rem 1.2rem;
  align-items: center; padding: 0.6rem 0; background: #fff; border-bottom: 1px solid var(--line); }
.bar input { width: 17rem; max-width: 100%; margin-left: 0.4rem; padding: 0.25rem 0.5rem; font: inherit; }
.bar nav { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; }
figure { margin: 0; }
figcaption { margin: 0.5rem 0; font-size: 0.87rem; color: #3c3c3c; }
figcaption ol { margin: 0.3rem 0; padding-left: 1.4rem; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.22rem 1.15rem 0.22rem 0.45rem; text-align: right; white-space: nowrap; background: #fff;
  border-bottom: 1px solid var(--line); }
thead th { padding: 0; vertical-align: bottom; background: var(--soft); border-bottom: 1px solid #555; }
th:first-child { position: sticky; left: 0; z-index: 1; text-align: left; font-weight: 500;
  border-right: 1px solid var(--line); }
thead button { width: 100%; padding: 0.3rem 0.45rem; border: 0; background: none; color: inherit;
  font: inherit; font-weight: 600; line-height: 1.25; text-align: inherit; white-space: normal;
  cursor: pointer; }
thead button::after { content: "\\2195"; padding-left: 0.35em; color: #8a8a8a; }
th[aria-sort=ascending] button::after { content: "\\2191"; color: var(--ink); }
th[aria-sort=descending] button::after { content: "\\2193"; color: var(--ink); }
:focus-visible { outline: 3px solid #0072b2; outline-offset: -2px; }
tbody tr:hover > * { background: var(--soft); }
.tie { display: inline-block; width: 0.95em; margin-right: -0.95em; text-align: center; }
.published, .published th { font-style: italic; color: #4a4a4a; }
.warning { font-weight: 700; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; align-items: flex-end; }
.pictures figure { max-width: 100%; }
.pictures img { max-width: 100%; height: auto; }
@media print {
  @page { size: landscape; margin: 1cm; }
  body { padding: 0; max-width: none; font-size: 9px; }
  .bar, thead button::after { display: none; }
  .scroll { overflow: visible; }
  table, figcaption { font-size: 8px; }
  thead button { padding: 1px 3px; }
  th, td { padding: 1px 9px 1px 3px; }
  th:first-child { position: static; }
  tr, .pictures figure { break-inside: avoid; }
}
"""

# Rows keep their number, so that a third press of a heading brings the first order back. A missing
# value stays at the end whichever way a column is sorted.
SCRIPT = """
"use strict";
const bodies = [...document.querySelectorAll("tbody")];
for (const body of bodies) [...body.rows].forEach((row, i) => { row.dataset.at = i; });

function key(row, column) {
  const cell = row.cells[column];
  if (column === 0) return cell.textContent.trim().toLowerCase();
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  const text = cell.textContent.trim();
  return text === "–" ? null : text.toLowerCase();
}

function sort(button) {
  const head = button.closest("th"), table = button.closest("table"), body = table.tBodies[0];
  const column = head.cellIndex, first = column === 0 ? "ascending" : "descending";
  const second = first === "ascending" ? "descending" : "ascending";
  const now = head.getAttribute("aria-sort");
  const next = now === first ? second : now === second ? null : first;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  if (next) head.setAttribute("aria-sort", next);
  const sign = next === "ascending" ? 1 : -1;
  const rows = [...body.rows].sort((a, b) => a.dataset.at - b.dataset.at);
  if (next) rows.sort((a, b) => {
    const x = key(a, column), y = key(b, column);
    if (x === null || y === null) return (x === null) - (y === null);
    if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
    return sign * (typeof x === "number" ? x - y : x.localeCompare(y));
  });
  body.append(...rows);
}

const box = document.getElementById("filter"), said = document.getElementById("shown");
function filter() {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0, all = 0;
  for (const body of bodies) for (const row of body.rows) {
    const text = row.cells[0].textContent.toLowerCase();
    row.hidden = words.length > 0 && !words.some((word) => text.includes(word));
    all += 1;
    shown += row.hidden ? 0 : 1;
  }
  said.textContent = words.length ? `${shown} of ${all} rows` : "";
}
for (const button of document.querySelectorAll("thead button"))
  button.addEventListener("click", () => sort(button));
box.addEventListener("input", filter);
filter();
"""


class Picture(NamedTuple):
  """A PNG and where it belongs."""

  suite: str
  task: str  # "" for one of the whole suite
  name: str  # what it shows: curves, ranks, …
  data: bytes


def pictures(folder: Path) -> list[Picture]:
  """The PNGs that `adapt figures` left: `<suite>/<name>.png`, `<suite>/<task>/<name>.png`."""
  found = []
  for file in sorted([*folder.glob("*/*.png"), *folder.glob("*/*/*.png")]):
    suite, *task = file.relative_to(folder).parts[:-1]
    found.append(Picture(suite, task[0] if task else "", file.stem, file.read_bytes()))
  order = list(SHOWS)

  def place(p: Picture) -> tuple[object, ...]:
    return p.task != "", p.suite, p.task, order.index(p.name) if p.name in order else 99, p.name

  return sorted(found, key=place)


def html(suites: Mapping[str, Sequence[Sheet]], shown: Sequence[Picture], rule: str) -> str:
  """The page.

  Args:
    suites: name → its tables.
    shown: pictures, the most important first: those beyond MOST_BYTES in all are named only.
    rule: how it was said which evaluation counts, for the introduction.
  """
  links = "".join(f'<a href="#{_anchor(name)}">{escape(name)}</a>' for name in suites)
  fitting, left_out = _fitting(shown)
  parts = [_suite(name, made, fitting, left_out) for name, made in suites.items()]
  policy = (
    f"default-src 'none'; img-src data:; style-src {_hash(STYLE)}; script-src {_hash(SCRIPT)}; "
    "base-uri 'none'; form-action 'none'"
  )
  return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>adapt: results</title>
<style>{STYLE}</style>
</head>
<body>
<!-- Generated by adapt tables: do not edit. -->
<header>
<h1>Results</h1>
<p>Every number is computed from the records of finished runs, {escape(rule)}. A heading sorts its
column: highest first, lowest first, as it was. Italics are published numbers, each under its own
protocol.</p>
</header>
<div class="bar">
<label>Filter rows<input id="filter" type="search" placeholder="dann coral: either name"
autocomplete="off"></label>
<output id="shown" for="filter" aria-live="polite"></output>
<nav aria-label="Suites">{links}</nav>
</div>
<main>
{"".join(parts)}</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _fitting(shown: Sequence[Picture]) -> tuple[list[Picture], list[Picture]]:
  fitting: list[Picture] = []
  left_out: list[Picture] = []
  room = MOST_BYTES
  for picture in shown:
    fits = len(picture.data) <= room
    (fitting if fits else left_out).append(picture)
    room -= len(picture.data) if fits else 0
  return fitting, left_out


def _suite(
  name: str, made: Sequence[Sheet], fitting: Sequence[Picture], left_out: Sequence[Picture]
) -> str:
  parts = [f'<section>\n<h2 id="{_anchor(name)}">{escape(name)}</h2>\n']
  parts += [_table(name, sheet) for sheet in made]
  mine = [picture for picture in fitting if picture.suite == name]
  if mine:
    parts += ["<h3>Pictures</h3>\n", '<div class="pictures">\n', *map(_picture, mine), "</div>\n"]
  files = ", ".join(_place(p) for p in left_out if p.suite == name)
  if files:
    parts.append(f"<p>Too large for this page: {escape(files)}.</p>\n")
  return "".join([*parts, "</section>\n"])


def _table(suite: str, sheet: Sheet) -> str:
  title = _anchor(f"{suite}.{sheet.name}")
  head = "".join(
    f'<th scope="col"><button type="button">{_breakable(column)}</button></th>'
    for column in sheet.header
  )
  rows = "".join(map(_row, sheet.lines))
  notes = "".join(f"<li>{escape(note)}</li>" for note in sheet.notes)
  said = escape(sheet.caption)
  said += "".join(f' <span class="warning">{escape(w)}</span>' for w in sheet.warnings)
  said += f"<ol>{notes}</ol>" if notes else ""
  return (
    f'<h3 id="{title}">{escape(sheet.title)}</h3>\n<figure>\n'
    f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{title}">\n'
    f'<table aria-labelledby="{title}">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n'
    f"</table>\n</div>\n<figcaption>{said}</figcaption>\n</figure>\n"
  )


def _row(line: Line) -> str:
  first = escape(f"{line.name} {line.detail}".strip())
  cells = "".join(map(_cell, line.entries))
  kind = ' class="published"' if line.published else ""
  return f'<tr{kind}><th scope="row">{first}</th>{cells}</tr>\n'


def _breakable(name: str) -> str:
  """A heading that may go on below after an underscore."""
  return escape(name).replace("_", "_<wbr>")


def _cell(entry: Entry) -> str:
  text = escape(entry.text)
  tie = f'{text}<span class="tie">{TIE}</span>'  # beside the number, which stays in its column
  text = {"best": f"<b>{text}</b>", "tie": tie}.get(entry.mark, text)
  value = "" if entry.value is None else f' data-value="{entry.value:.6g}"'
  return f"<td{value}>{text}</td>"


def _picture(picture: Picture) -> str:
  where = ", ".join(part for part in picture[:2] if part)
  text = escape(f"{where}: {SHOWS.get(picture.name, picture.name)}")
  data = base64.b64encode(picture.data).decode()
  width = int.from_bytes(picture.data[16:20], "big")  # of a PNG's first chunk
  return (
    f'<figure><img alt="{text}" width="{round(SCALE * width)}" src="data:image/png;base64,{data}">'
    f"<figcaption>{text}</figcaption></figure>\n"
  )


def _place(picture: Picture) -> str:
  return "/".join(part for part in (*picture[:2], f"{picture.name}.png") if part)


def _anchor(text: str) -> str:
  """An id that no two texts share: letters, digits, _ and . as they are, all else as its code."""
  return "".join(c if c.isascii() and (c.isalnum() or c in "_.") else f"-{ord(c):x}-" for c in text)


def _hash(text: str) -> str:
  return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
