"""Advice as one page with pictures: HTML and SVG.

The page is one file, without scripts or a network.
"""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from adapt.evaluation.class_shares import ClassShares
from adapt.experiments.advice import Advice, SourceAdvice

_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")  # Okabe & Ito (2008)
_TARGET = "#333333"
_STYLE = """
:root { color-scheme: light }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 52rem; padding: 1rem; color: #222 }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
svg { width: 100%; max-width: 32rem; height: auto; display: block }
svg text { font: 13px system-ui, sans-serif; fill: #222 }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap }
th:first-child, td:first-child { text-align: left } .note { color: #555; font-size: .9rem }
.named { display: inline-block; margin-right: .6em }
.key { display: inline-block; width: .8em; height: .8em; margin-right: .3em; border-radius: 50% }
"""
_WIDTH, _LINE, _LEFT = 360, 24, 136  # of a bar chart, in pixels at a width of 390


def page(found: Advice) -> str:
  """The page's text."""
  shown = [*found.sources, *([found.pooled] if found.pooled else [])]
  colours = {s.name: _COLOURS[i % len(_COLOURS)] for i, s in enumerate(shown)}  # in every picture
  parts = [
    f"<h1>Advice for {escape(found.target)}</h1>",
    f'<p class="note">{found.target_rows:,} rows, without labels.</p>',
    "<ul>" + "".join(f"<li>{escape(s)}</li>" for s in found.sentences) + "</ul>",
    "<h2>Distance of the inputs</h2>",
    '<p class="note">Proxy A-distance: 0 cannot be told apart, 2 always can.</p>',
    _bars([(s.name, s.proxy_a_distance, None) for s in shown], 2.0, "{:.2f}", colours),
    "<h2>Expected accuracy without adaptation</h2>",
    *_accuracy(shown, colours),
    *(_shares(s) for s in shown if s.shares is not None),
    *_points(found, {**colours, found.target: _TARGET}),
    "<h2>Numbers</h2>",
    _table(shown),
    *(f'<p class="note">{escape(n)}</p>' for n in _notes(found, shown)),
  ]
  head = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    f"<title>Advice for {escape(found.target)}</title><style>{_STYLE}</style>"
  )
  return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _notes(found: Advice, shown: Sequence[SourceAdvice]) -> list[str]:
  return [*found.notes, *(n for s in shown for n in s.notes)]


def _accuracy(shown: Sequence[SourceAdvice], colours: Mapping[str, str]) -> list[str]:
  rows = [
    (s.name, s.stacked.value, (s.stacked.low, s.stacked.high))
    for s in shown
    if s.stacked is not None and s.informative
  ]
  if not rows:
    return ['<p class="note">No source has a model that says anything.</p>']
  told = (
    "Of a logistic model of each source. Lines are 90 % intervals: they hold as far as these data are like "
    "those that they were measured on."
  )
  mute = [s.name for s in shown if s.name not in {name for name, _, _ in rows}]
  if mute:
    told += f" Without a bar: {', '.join(mute)}, whose model says nothing or which has none."
  return [f'<p class="note">{escape(told)}</p>', _bars(rows, 1.0, "{:.0%}", colours)]


def _bars(
  rows: Sequence[tuple[str, float, tuple[float, float] | None]],
  most: float,
  form: str,
  colours: Mapping[str, str],
) -> str:
  """Bars from the left, with the name before and the value after each, and an interval as a line."""
  scale = (_WIDTH - _LEFT - 50) / most
  drawn = []
  for i, (name, value, reach) in enumerate(rows):
    y, end = i * _LINE, _LEFT + scale * value
    last = end
    drawn.append(
      f'<text x="{_LEFT - 6}" y="{y + 16}" text-anchor="end">{escape(_short(name))}</text>'
      f'<rect x="{_LEFT}" y="{y + 4}" width="{scale * value:.1f}" height="16" fill="{colours[name]}"/>'
    )
    if reach is not None:
      low, last = (_LEFT + scale * v for v in reach)
      drawn.append(
        f'<line x1="{low:.1f}" x2="{last:.1f}" y1="{y + 12}" y2="{y + 12}" stroke="#222" stroke-width="2"/>'
      )
    drawn.append(
      f'<text x="{max(end, last) + 5:.1f}" y="{y + 16}">{escape(form.format(value))}</text>'
    )
  return _svg(_WIDTH, len(rows) * _LINE + 4, drawn)


def _shares(source: SourceAdvice) -> str:
  """Class shares of the source, and below each those of the target with their standard error."""
  shares = source.shares
  assert shares is not None
  rows = _most_moved(shares)
  scale = (_WIDTH - _LEFT - 105) / max(max(a, b + e) for _, a, b, e in rows)
  drawn = []
  for i, (name, own, new, error) in enumerate(rows):
    y, end = i * (_LINE + 10), _LEFT + scale * new
    low, high = (_LEFT + scale * max(new + d, 0.0) for d in (-error, error))
    drawn.append(
      f'<text x="{_LEFT - 6}" y="{y + 20}" text-anchor="end">{escape(_short(name))}</text>'
      f'<rect x="{_LEFT}" y="{y + 4}" width="{scale * own:.1f}" height="11" fill="{_COLOURS[0]}"/>'
      f'<rect x="{_LEFT}" y="{y + 16}" width="{end - _LEFT:.1f}" height="11" fill="{_COLOURS[1]}"/>'
      f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + 21}" y2="{y + 21}" stroke="#222" stroke-width="2"/>'
      f'<text x="{max(high, _LEFT + scale * own) + 5:.1f}" y="{y + 20}">{own:.0%} → {new:.0%}</text>'
    )
  key = _key(("in the source", "estimated in the target, with its standard error"))
  more = f", the {len(rows)} that move most" if len(rows) < len(shares.classes) else ""
  title = f"<h2>Class shares, {escape(source.name)}{more}</h2>"
  note = '<p class="note">Right if each class looks the same in both.</p>'
  return title + note + key + _svg(_WIDTH, len(rows) * (_LINE + 10) + 4, drawn)


def _most_moved(shares: ClassShares) -> list[tuple[str, float, float, float]]:
  errors = [e if np.isfinite(e) else 0.0 for e in shares.errors]
  each = list(zip(shares.classes, shares.source, shares.target, errors, strict=True))
  return sorted(each, key=lambda row: -abs(row[2] - row[1]))[:10]


def _points(found: Advice, colours: Mapping[str, str]) -> list[str]:
  """Some rows of each domain on two principal components of all, the target on top."""
  every = np.concatenate(list(found.pictures.values()))
  low, high = np.quantile(every, [0.01, 0.99], axis=0)  # a few far ones must not squeeze the rest
  span = np.maximum(high - low, 1e-12)
  drawn = []
  for name, points in found.pictures.items():
    places = np.clip((np.array(points) - low) / span, -0.02, 1.02)
    for x, y in places[np.isfinite(places).all(axis=1)]:
      drawn.append(
        f'<circle cx="{15 + 330 * x:.1f}" cy="{15 + 230 * (1 - y):.1f}" r="2.2" fill="{colours[name]}" '
        'fill-opacity="0.55"/>'
      )
  names = list(found.pictures)
  return [
    "<h2>Inputs on two principal components</h2>",
    _key(names, [colours[n] for n in names]),
    _svg(360, 260, drawn),
  ]


def _key(names: Sequence[str], colours: Sequence[str] = _COLOURS) -> str:
  each = zip(names, colours, strict=False)
  told = (
    f'<span class="named"><span class="key" style="background:{colour}"></span>{escape(name)}</span> '
    for name, colour in each
  )
  return f"<p>{''.join(told)}</p>"


def _table(shown: Sequence[SourceAdvice]) -> str:
  head = (
    "",
    "rows",
    "p",
    "proxy A",
    "MMD²",
    "CORAL",
    "H-score",
    "rank",
    "held-out %",
    "ATC",
    "DoC",
    "uncovered %",
  )
  rows = []
  for s in shown:
    of = s.expected
    told = (
      ("–",) * 3 if of is None else [f"{100 * v:.1f}" for v in (of.source_accuracy, of.atc, of.doc)]
    )
    rank = "–" if s.mean_rank is None else f"{s.mean_rank:.1f}"
    h_score = "–" if s.h_score is None else f"{s.h_score:.2f}"
    distances = (f"{s.proxy_a_distance:.2f}", f"{s.mmd2:.4f}", f"{s.coral:.2g}", h_score)
    rows.append(
      (
        s.name,
        f"{s.rows:,}",
        f"{s.p_value:.3f}",
        *distances,
        rank,
        *told,
        f"{100 * s.uncovered.share:.0f}",
      )
    )
  cells = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
  top = "".join(f"<th>{escape(c)}</th>" for c in head)
  return f'<div class="wide"><table><tr>{top}</tr>{cells}</table></div>'


def _svg(width: int, height: int, drawn: Sequence[str]) -> str:
  inside = "".join(drawn)
  return f'<svg viewBox="0 0 {width} {height}" role="img" xmlns="http://www.w3.org/2000/svg">{inside}</svg>'


def _short(name: str) -> str:
  return name if len(name) <= 14 else f"{name[:13]}…"
