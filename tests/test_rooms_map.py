"""The map of rooms: those of the layout's test, the imports that are there, and where all are drawn."""

import importlib
import itertools
import sys
from pathlib import Path

import pytest
import test_layout as layout

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "scripts"))
rooms_map = importlib.import_module("rooms_map")


def test_rooms_and_imports_are_those_of_the_layout_s_test():
  assert rooms_map.rooms(ROOT) == layout.ROOMS
  found = rooms_map.imports(ROOT, list(layout.FLOOR))
  by_layout = set()
  for file in layout.SOURCES:
    room = file.relative_to(ROOT / "adapt").parts[0].removesuffix(".py")
    for module in layout.imports(file.read_text("utf-8")):
      package, *rest = module.split(".")
      if package == "adapt" and rest and rest[0] in layout.FLOOR and room in layout.FLOOR:
        by_layout |= {(room, rest[0])} - {(room, room)}
  assert found == by_layout and ("methods", "losses") in found


def test_what_a_chain_of_imports_leads_to_is_not_drawn_again():
  pairs = {("c", "b"), ("b", "a"), ("c", "a"), ("d", "a")}
  assert rooms_map.direct(pairs) == pairs - {("c", "a")}
  every = rooms_map.imports(ROOT, list(layout.FLOOR))
  drawn = rooms_map.direct(every)
  reached = set(drawn)
  while more := {(a, d) for a, b in reached for c, d in drawn if b == c} - reached:
    reached |= more
  assert reached >= every and len(drawn) < len(every) / 2


def test_boxes_lie_in_their_layers_and_apart():
  at = rooms_map.boxes(ROOT)
  assert set(at) == set(layout.FLOOR)
  for one, other in itertools.combinations(at, 2):
    a, b = at[one], at[other]
    assert abs(a.x - b.x) > a.half + b.half or abs(a.y - b.y) >= 30, f"{one} covers {other}"
    if layout.FLOOR[one] < layout.FLOOR[other]:
      assert a.y < b.y, f"{one} is above {other} in the list"
  columns = [{at[room].x for room in names} for names in rooms_map.WAY.values()]
  assert all(len(found) == 1 for found in columns)
  assert [min(found) for found in columns] == sorted(min(found) for found in columns)


def test_a_room_that_is_new_is_drawn_and_one_that_is_gone_is_told():
  assert "cellar" in rooms_map.places((("cellar",), *layout.ROOMS))
  without = [tuple(r for r in layer if r != "records") for layer in layout.ROOMS]
  with pytest.raises(ValueError, match="leads through 'records', which is no room"):
    rooms_map.places([layer for layer in without if layer])


def test_the_drawing_has_every_room_as_text(tmp_path):
  file = rooms_map.write(tmp_path / "deep" / "map.svg", ROOT)
  text = file.read_text("utf-8")
  for room in layout.FLOOR:
    assert f">{room}/</text>" in text or f">{room}.py</text>" in text
  assert 'aria-label="The rooms in layers' in text and len(text) < 60_000
  before = file.stat().st_mtime_ns
  assert rooms_map.write(file, ROOT).stat().st_mtime_ns == before


def test_the_page_has_the_map_and_the_way_in_words():
  page = (ROOT / "docs" / "rooms.md").read_text("utf-8")
  assert f"The way of a run: {rooms_map.way()}." in " ".join(page.split())
  assert ":file: entries/map.svg\n" in rooms_map.shown(page, "entries/map.svg")
  with pytest.raises(ValueError, match=r"docs/rooms\.md has no"):
    rooms_map.shown("# The rooms", "map.svg")
