"""The map on docs/rooms.md: rooms in layers, what they import, and the way of a run."""

import ast
import functools
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from adapt.report import style

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

# The way of a run, from left to right: what happens, and the rooms where it does.
WAY: dict[str, tuple[str, ...]] = {
  "asked for": ("cli", "api"),
  "planned": ("experiments",),
  "put together": ("models", "data", "methods", "weights", "tuning"),
  "trained": ("training",),
  "judged": ("evaluation", "validators"),
  "recorded": ("records",),
  "used": ("deploy", "report"),
}
MARK = "<!-- rooms_map -->"
_SAID = (
  "Thick lines are the way of a run, from left to right. Thin ones lead up to what a room imports; left out "
  "are those to where others lead as well."
)
_WIDE, _HIGH = 104, 40  # pixels from one column to the next, and from one layer to the next
_TALL, _LETTER = 26, 6.3  # pixels of a box and of a letter in it
_LEFT, _TOP, _BELOW = 56, 34, 8
_COLOUR, _LINE = style.COLOURS[1], "#888888"
_LETTERS: dict[str, Any] = {"size": 8.5, "ha": "center", "va": "center"}
_DPI = 96  # a pixel of CSS is a 96th of an inch


def rooms(root: Path) -> tuple[tuple[str, ...], ...]:
  """The layers of tests/test_layout.py, the one that imports no other first."""
  for node in ast.parse((root / "tests" / "test_layout.py").read_text("utf-8")).body:
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ROOMS":
      return tuple(map(tuple, ast.literal_eval(node.value)))
  raise ValueError("tests/test_layout.py has no ROOMS")


def imports(root: Path, names: Sequence[str]) -> set[tuple[str, str]]:
  """Pairs (room, room that one of its files imports)."""
  found = set()
  for file in sorted((root / "adapt").rglob("*.py")):
    room = file.relative_to(root / "adapt").parts[0].removesuffix(".py")
    for module in _modules(file.read_text("utf-8")):
      package, _, other = module.partition(".")
      other = other.partition(".")[0]
      if package == "adapt" and {room, other} <= set(names) and room != other:
        found.add((room, other))
  return found


def _modules(text: str) -> Iterator[str]:
  for node in ast.walk(ast.parse(text)):
    if isinstance(node, ast.Import):
      yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
      yield from (f"{node.module}.{alias.name}" for alias in node.names)


def direct(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
  """The pairs that no chain of other pairs leads to: few enough to be drawn."""
  after: dict[str, set[str]] = {}
  for room, other in pairs:
    after.setdefault(room, set()).add(other)

  @functools.cache
  def beyond(room: str) -> set[str]:
    near = after.get(room, set())
    return near.union(*(beyond(other) for other in near))

  return {(a, b) for a, b in pairs if not any(b in beyond(c) for c in after[a] - {b})}


def places(layers: Sequence[Sequence[str]]) -> dict[str, tuple[float, float]]:
  """Room → the middle of its box, in pixels from the left top.

  A layer's rooms on the way stand in its columns, one above the other where they share one; others
  fill the columns from the left.

  Raises:
    ValueError: the way leads through a room that is no longer there.
  """
  column = {room: i for i, names in enumerate(WAY.values()) for room in names}
  if gone := set(column) - {room for layer in layers for room in layer}:
    raise ValueError(
      f"{Path(__file__).name}: the way leads through '{min(gone)}', which is no room"
    )
  found: dict[str, tuple[float, float]] = {}
  top = float(_TOP)
  for layer in layers:
    free = iter(sorted(set(range(len(WAY))) - {column[r] for r in layer if r in column}))
    stacks: dict[int, list[str]] = {}
    for room in layer:
      stacks.setdefault(column[room] if room in column else next(free), []).append(room)
    height = max(map(len, stacks.values()))
    for x, stack in stacks.items():
      for i, room in enumerate(stack):
        y = top + _TALL / 2 + (i + (height - len(stack)) / 2) * (_TALL + 4)
        found[room] = (_LEFT + x * _WIDE, y)
    top += _HIGH + (height - 1) * (_TALL + 4)
  return found


class Box(NamedTuple):
  """A room on the map, in pixels."""

  name: str
  x: float  # of its middle
  y: float
  half: float  # of its width


def boxes(root: Path) -> dict[str, Box]:
  """Every room's box, as wide as its name."""
  found = {}
  for room, (x, y) in places(rooms(root)).items():
    name = f"{room}/" if (root / "adapt" / room).is_dir() else f"{room}.py"
    found[room] = Box(name, x, y, _LETTER * len(name) / 2 + 6)
  return found


def figure(root: Path) -> "Figure":
  """The drawing."""
  from matplotlib.figure import Figure

  at = boxes(root)
  width = 2 * _LEFT + (len(WAY) - 1) * _WIDE
  height = max(box.y for box in at.values()) + _TALL / 2 + _BELOW
  drawn = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
  axis = drawn.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
  axis.set_axis_off()
  for room, other in sorted(direct(imports(root, list(at)))):
    _thin(axis, at[room], at[other], list(at.values()))
  for here, there in itertools.pairwise(WAY.values()):
    _thick(axis, [at[room] for room in here], [at[room] for room in there])
  for room, box in at.items():
    _box(axis, box, any(room in names for names in WAY.values()))
  for i, what in enumerate(WAY):
    axis.text(_LEFT + i * _WIDE, _TOP / 2, f"{i + 1}. {what}", color=_COLOUR, **_LETTERS)
  return drawn


def _box(axis: "Axes", box: Box, on_way: bool) -> None:
  from matplotlib.patches import FancyBboxPatch

  axis.add_patch(
    FancyBboxPatch(
      (box.x - box.half, box.y - _TALL / 2),
      2 * box.half,
      _TALL,
      boxstyle="round,pad=0,rounding_size=4",
      facecolor="white",
      edgecolor=_COLOUR if on_way else _LINE,
      linewidth=1.5 if on_way else 0.8,
      zorder=3,
    )
  )
  axis.text(box.x, box.y, box.name, zorder=4, **_LETTERS)


def _thick(axis: "Axes", here: Sequence[Box], there: Sequence[Box]) -> None:
  """From all boxes of a column to all of the next, by one line."""
  middle = (here[0].x + there[0].x) / 2
  heights = [box.y for box in (*here, *there)]
  how: dict[str, Any] = {"color": _COLOUR, "linewidth": 2, "solid_capstyle": "round", "zorder": 2}
  axis.plot([middle, middle], [min(heights), max(heights)], **how)
  for box in here:
    axis.plot([box.x + box.half, middle], [box.y, box.y], **how)
  for box in there:
    axis.plot([middle, box.x - box.half - 4], [box.y, box.y], **how)
    axis.plot([box.x - box.half - 4], [box.y], marker=">", markersize=5, color=_COLOUR, zorder=2)


def _thin(axis: "Axes", room: Box, other: Box, boxes: Sequence[Box]) -> None:
  """From a room to what it imports, around the boxes between them."""
  from matplotlib.patches import FancyArrowPatch

  bend = 0.0
  if room.x != other.x:  # from side to side
    way = 1 if other.x > room.x else -1
    start, end = (room.x + way * room.half, room.y), (other.x - way * other.half, other.y)
  elif between := [b.half for b in boxes if b.x == room.x and other.y < b.y < room.y]:
    start, end = (room.x - room.half, room.y), (other.x - other.half, other.y)
    beyond = max(between) - (room.half + other.half) / 2
    bend = -2 * max(beyond + 6, 10) / (room.y - other.y)
  else:
    start, end = (room.x, room.y - _TALL / 2), (other.x, other.y + _TALL / 2)
  axis.add_patch(
    FancyArrowPatch(
      start,
      end,
      connectionstyle=f"arc3,rad={bend}",
      arrowstyle="-|>",
      mutation_scale=6,
      shrinkA=0,
      shrinkB=0,
      color=_LINE,
      linewidth=0.8,
      zorder=1,
    )
  )


def told() -> str:
  """What the drawing shows, in words."""
  way = "; ".join(f"{what} in {', '.join(names)}" for what, names in WAY.items())
  return f"The rooms in layers, those that import no other on top. A run is {way}."


def way() -> str:
  """The way of a run in one line of Markdown."""
  return " → ".join(" ".join(f"`{room}/`" for room in names) for names in WAY.values())


def write(file: Path, root: Path) -> Path:
  """Draws the map; a file that is as it would be is left alone."""
  text = f'<div class="drawing">{style.inline(figure(root), told())}</div>\n'
  file.parent.mkdir(parents=True, exist_ok=True)
  if not file.exists() or file.read_text("utf-8") != text:
    file.write_text(text, "utf-8")
  return file


def shown(text: str, place: str) -> str:
  """The page with the map in place of its mark.

  Args:
    text: of the page.
    place: of the drawing, from the page.

  Raises:
    ValueError: the page has no mark.
  """
  if MARK not in text:
    raise ValueError(f"docs/rooms.md has no {MARK}, where the map is drawn")
  return text.replace(MARK, f"```{{raw}} html\n:file: {place}\n```\n\n{_SAID}")
