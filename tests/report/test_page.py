"""The results page: escaped, self-contained, and in a real browser it sorts, filters and shows all."""

import re
import runpy
from pathlib import Path

import browser
import numpy as np
import pytest
import sample_records
from PIL import Image

from adapt.report import page
from adapt.report.table import Entry, Line, Sheet

ROOT = Path(__file__).resolve().parents[2]
needs_browser = pytest.mark.skipif(
  browser.find() is None, reason="no Chromium: apt install chromium"
)
EVIL = "<script>document.title='pwned'</script><img src=https://example.org/x onerror=alert(1)>"


def sheet(**changed):
  lines = (
    Line("b<i>", (Entry("80.0 ± 1.0", 80.0), Entry("–")), "(3)"),
    Line("a", (Entry("9.0", 9.0, mark="best"), Entry("x & y")), "(3)"),
    Line("Paper's", (Entry("70.0", 70.0), Entry("–")), "[1]", published=True),
    Line("c", (Entry("–"), Entry("w")), "(3)"),
    Line("d", (Entry("-3.5", -3.5, mark="tie"), Entry("–")), "(3)"),
  )
  made = Sheet(
    "accuracy", "Target", ("method", "s_t", "said"), lines, "A caption.", ("who, where",)
  )
  return made._replace(**changed)


def picture(name, task="", side=300, suite="digits"):
  noise = np.random.default_rng(side).integers(0, 255, (side, side, 3), np.uint8)
  from io import BytesIO

  buffer = BytesIO()
  Image.fromarray(noise).save(buffer, "PNG")
  return page.Picture(suite, task, name, buffer.getvalue())


@pytest.mark.holds("shown")
def test_everything_shown_is_escaped():
  evil = Line(EVIL, (Entry(EVIL, 1.0, mark="best"), Entry(EVIL)), f"({EVIL})")
  made = sheet(
    name=EVIL,
    title=EVIL,
    header=(EVIL, EVIL, "said"),
    lines=(evil, evil._replace(published=True)),
    caption=EVIL,
    notes=(EVIL,),
    warnings=(EVIL,),
  )
  text = page.html({EVIL: [made], '"><b>': [made]}, [picture(EVIL, EVIL, suite=EVIL)], EVIL)
  evil = {**sample_records.make(), "suite": EVIL, "task": EVIL, "label": EVIL}
  text = page.html(
    {EVIL: [made]}, [picture(EVIL, EVIL, suite=EVIL)], EVIL, [{**evil, "command": EVIL}]
  )
  assert text.count("<script>") == 1 and text.count("</script>") == 2  # the script, and the data
  assert "example.org" in text and not re.search(r"<img (?!alt=)", text)
  assert not re.search(r'="[^"]*<script', text)


def test_the_same_tables_give_the_same_page_and_nothing_in_it_has_an_address():
  made = {"digits": [sheet()]}, [picture("ranks")], "at the last step"
  assert page.html(*made) == page.html(*made)
  assert not re.search(r"(?:https?:)?//\w", re.sub(r'base64,[^"]*', "", page.html(*made)))


def test_pictures_come_by_suite_then_task(tmp_path):
  for place in ("pacs/ranks", "digits/m_u/confusion", "digits/m_u/curves", "digits/validators"):
    file = tmp_path / f"{place}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"png")
  assert [p[:3] for p in page.pictures(tmp_path)] == [
    ("digits", "", "validators"),
    ("pacs", "", "ranks"),
    ("digits", "m_u", "curves"),
    ("digits", "m_u", "confusion"),
  ]
  assert page.pictures(tmp_path / "none") == []


def test_a_page_keeps_within_its_bytes_and_names_the_pictures_that_do_not_fit(monkeypatch):
  large, small = picture("curves", "m_u", 400), picture("ranks", side=20)
  both = page.html({"digits": [sheet()]}, [large, small], "")
  monkeypatch.setattr(page, "MOST_BYTES", len(both) - 2000)
  text = page.html({"digits": [sheet()]}, [large, small], "")
  assert both.count("<img") == 2 and text.count("<img") == 1
  assert len(text.encode()) <= page.MOST_BYTES
  assert "Too large for this page: digits/m_u/curves.png." in text


def test_anchors_are_their_own():
  names = ["a b", "a-b", "a_b", "a.b", "a-20-b", "ä"]
  assert len({page._anchor(name) for name in names}) == len(names)
  assert page._anchor("amazon_reviews.gains") == "amazon_reviews.gains"


@pytest.fixture(scope="module")
def window(tmp_path_factory):
  made = browser.Browser(tmp_path_factory.mktemp("profile"))
  yield made
  made.close()


ROWS = "[...document.querySelectorAll('tbody tr')].filter(r => !r.hidden).map(r => r.cells[0].textContent)"
HEADS = "[...document.querySelectorAll('thead th')].map(h => h.getAttribute('aria-sort'))"
FIRST = ["b<i> (3)", "a (3)", "Paper's [1]", "c (3)", "d (3)"]


def show(window, tmp_path, *made):
  file = tmp_path / "index.html"
  file.write_text(page.html(*made), encoding="utf-8")
  window.seen.clear()
  window.sent.clear()
  window.open(file)


@needs_browser
def test_a_heading_sorts_by_keyboard(window, tmp_path):
  show(window, tmp_path, {"digits": [sheet()]}, [], "")
  assert window.value(ROWS) == FIRST

  def enter(column):
    window.value(f"document.querySelectorAll('thead button')[{column}].focus()")
    window.press("Enter", 13, "\r")
    return window.value(ROWS)

  # 80, 9 with the published row beneath it, -3.5, none
  assert enter(1) == ["b<i> (3)", "a (3)", "Paper's [1]", "d (3)", "c (3)"]
  assert window.value(HEADS) == [None, "descending", None]
  assert enter(1) == [
    "d (3)",
    "a (3)",
    "Paper's [1]",
    "b<i> (3)",
    "c (3)",
  ]  # what is missing stays last
  assert enter(1) == FIRST
  assert window.value(HEADS) == [None, None, None]
  assert enter(0) == ["a (3)", "Paper's [1]", "b<i> (3)", "c (3)", "d (3)"]
  assert enter(2)[:3] == ["a (3)", "Paper's [1]", "c (3)"]  # text, with what has none behind
  assert window.value(HEADS) == [None, None, "descending"]


@needs_browser
def test_the_box_filters(window, tmp_path):
  show(window, tmp_path, {"digits": [sheet()], "pacs": [sheet()]}, [], "")
  window.value("document.getElementById('filter').focus()")
  window.type("PAPER  c")
  assert window.value(ROWS) == ["Paper's [1]", "c (3)"] * 2
  assert window.value("document.getElementById('shown').textContent") == "2 of 5 rows"
  window.value("document.getElementById('filter').select()")
  window.press("Backspace", 8)
  assert window.value(ROWS) == FIRST * 2


@needs_browser
def test_the_box_filters_pictures_and_notes(window, tmp_path):
  made, table = pair()
  table = table._replace(notes=("Who, where.",))
  pictures = [picture("ranks"), picture("ranks", suite="pacs"), picture("confusion", "usps_mnist")]
  show(window, tmp_path, {"digits": [table], "pacs": [sheet()]}, pictures, "", made)
  shown = (
    "[...document.querySelectorAll('.pictures figure, figcaption li')].filter(f => !f.hidden)"
    ".map(f => f.textContent)"
  )
  assert len(window.value(shown)) == 5
  window.value("document.getElementById('filter').focus()")
  window.type("dann")  # the note is source_only's
  assert window.value(shown) == [
    "digits: mean ranks over tasks",
    "digits, usps_mnist: confusion matrices",
  ]
  window.value("document.getElementById('filter').select()")
  window.type("source_only")
  assert window.value(shown) == ["Who, where.", "digits: mean ranks over tasks"]


@needs_browser
@pytest.mark.holds("shown")
def test_a_hostile_name_is_only_shown(window, tmp_path):
  evil = sheet(lines=(Line(EVIL, (Entry(EVIL), Entry(EVIL))),), header=(EVIL, "s_t", "said"))
  show(window, tmp_path, {EVIL: [evil]}, [picture("ranks", suite=EVIL)], EVIL)
  assert window.value("document.title") == "adapt: results"
  assert window.value(ROWS) == [EVIL]
  assert {url.split(":")[0] for url in window.sent} == {"file", "data"}
  assert window.value("document.querySelectorAll('img').length") == 1
  # And if one got past the escaping, the page's policy would still not run it.
  window.value(
    "document.body.insertAdjacentHTML('beforeend', '<img src=x: onerror=\"window.ran=1\">')"
  )
  window.value("new Promise(done => setTimeout(done, 100))")
  assert window.value("window.ran") is None


@needs_browser
def test_the_committed_page(window, tmp_path):
  file = ROOT / "results" / "index.html"
  assert file.stat().st_size < 3_000_000
  window.seen.clear()
  window.sent.clear()
  window.open(file)
  assert window.value("document.querySelectorAll('tbody tr').length") > 50
  drawn = "Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth)))"
  widths = window.value(drawn)
  assert len(widths) == file.read_text("utf-8").count("<img ") > 5 and min(widths) > 300
  assert [url for url in window.sent if not url.startswith("data:")] == [file.as_uri()]
  assert window.complaints() == []
  suite = "document.querySelector('section[data-suite=amazon_reviews] table')"
  window.value(f"{suite}.querySelector('thead th:last-child button').click()")
  averages = window.value(
    f"[...{suite}.querySelectorAll('tbody tr:not(.published)')].map(r => r.lastChild.dataset.value)"
  )
  known = [float(v) for v in averages if v is not None]
  assert known == sorted(known, reverse=True) and len(known) > 3
  window.screenshot(tmp_path / "page.png")
  with Image.open(tmp_path / "page.png") as image:
    assert np.asarray(image.convert("L")).std() > 10


SHOWN = "[...document.querySelectorAll('main > section')].filter(s => !s.hidden).map(s => s.dataset.suite)"


def pair():
  """Two methods on two tasks, with the sheet of their suite."""
  made = [
    sample_records.make("mnist_usps", "source_only", 0.7),
    sample_records.make("mnist_usps", "dann", 0.8),
    sample_records.make("usps_mnist", "dann", 0.8),
  ]
  lines = (
    Line("source_only", (Entry("70.0", 70.0), Entry("–")), "(3)"),
    Line("Paper's", (Entry("99.0", 99.0), Entry("–")), "[1]", published=True),
    Line("dann", (Entry("80.0", 80.0), Entry("80.0", 80.0)), "(3)"),
  )
  table = Sheet("accuracy", "Target", ("method", "mnist_usps", "usps_mnist"), lines, "Said. More.")
  return made, table


@needs_browser
def test_a_number_opens_its_run_and_the_address_says_so(window, tmp_path):
  made, table = pair()
  show(window, tmp_path, {"digits": [table], "pacs": [sheet()]}, [], "", made)
  assert window.value(SHOWN) == ["digits"]
  window.value("[...document.querySelectorAll('td.run')].at(-1).click()")
  said = window.value("document.getElementById('run').textContent")
  assert "dann on usps_mnist" in said and made[2]["command"] in said
  assert window.value("document.querySelectorAll('dialog .curve').length") == 3  # a seed each
  assert window.value("location.hash") == "#digits?run=usps_mnist/dann"
  window.value("document.getElementById('run').close()")
  window.value("new Promise(done => setTimeout(done, 50))")
  assert window.value("location.hash") == "#digits"
  window.value("document.querySelector('a[data-suite=pacs]').click()")
  assert window.value(SHOWN) == ["pacs"] and window.value("location.hash") == "#pacs"


@needs_browser
def test_what_is_sorted_and_ticked_stands_in_the_address_and_stays(window, tmp_path):
  made, table = pair()
  show(window, tmp_path, {"digits": [table], "pacs": [sheet()]}, [], "", made)
  window.value("document.querySelectorAll('thead button')[1].click()")
  assert window.value("location.hash") == "#digits?sort=digits.accuracy/1/descending"
  window.value("[...document.querySelectorAll('.curves .legend input')].at(-1).click()")
  assert window.value("location.hash").endswith("&lines=source_only")
  window.value("document.querySelector('td.run').click()")  # draws the page anew
  drawn = "[...document.querySelectorAll('.curves svg > g')].map(g => g.style.display)"
  assert window.value(drawn) == ["", "none"]
  show(window, tmp_path, {"digits": [table], "pacs": [sheet()]}, [], "", made)
  window.value("location.hash = '#digits?sort=digits.accuracy/1/descending&lines=none'")
  window.value("new Promise(done => setTimeout(done, 50))")
  assert window.value(ROWS)[:3] == ["dann (3)", "source_only (3)", "Paper's [1]"]
  assert window.value(drawn) == ["none", "none"]
  window.value("document.querySelector('a[data-suite=pacs]').click()")
  assert window.value("location.hash") == "#pacs"


@needs_browser
def test_a_number_of_the_overview_leads_to_its_suite_and_method(window, tmp_path):
  made, table = pair()
  gains = Sheet("gains", "Gains", ("method", "digits", "other"), (), "Said.")
  gains = gains._replace(lines=(Line("dann", (Entry("+1.0", 1.0), Entry("+2.0", 2.0))),))
  board = Sheet("board", "Rows", ("suite", "rows"), (Line("digits", (Entry("3", 3.0),)),), "Said.")
  show(window, tmp_path, {"digits": [table]}, [], "", made, [gains, board])
  assert window.value("document.querySelectorAll('[data-to]').length") == 2  # no suite is `other`
  window.value("document.querySelector('td[data-to]').click()")
  assert window.value(SHOWN) == ["digits"]
  assert window.value("location.hash") == "#digits?filter=dann"
  show(window, tmp_path, {"digits": [table]}, [], "", made, [gains, board])
  window.value("document.querySelector('th[data-to]').click()")
  assert window.value("location.hash") == "#digits"


@needs_browser
def test_curves_follow_the_first_table_and_a_suite_without_any_has_no_heading(window, tmp_path):
  made, table = pair()
  bare = [{**r, "suite": "pacs", "curves": {}} for r in made]
  tables = {n: [table, table._replace(name="cost")] for n in ("digits", "pacs")}
  show(window, tmp_path, tables, [], "", [*made, *bare], (), {"digits": "Of handwriting."})
  window.value("document.querySelector('a[data-suite=pacs]').click()")
  named = "section:not([hidden]) > p, section:not([hidden]) h3"
  heads = f"[...document.querySelectorAll('{named}')].map(h => h.textContent)"
  assert window.value(heads) == ["Target", "Two methods", "Target"]
  window.value("document.querySelector('a[data-suite=digits]').click()")
  curves = "Curves: target test accuracy (%)"
  assert window.value(heads) == ["Of handwriting.", "Target", "Two methods", curves, "Target"]


@needs_browser
def test_two_methods_are_compared_seed_by_seed(window, tmp_path):
  made, table = pair()
  show(window, tmp_path, {"digits": [table]}, [], "", made)
  window.value("location.hash = '#digits?a=source_only&b=dann'")
  window.value("new Promise(done => setTimeout(done, 50))")
  cells = "[...document.querySelectorAll('.difference tbody tr > *')].map(c => c.textContent)"
  task, mean, interval, seeds = window.value(cells)
  values = [100 * np.array(r["last"]["accuracy"]) for r in made[:2]]
  found = np.round(values[1], 2) - np.round(values[0], 2)
  low, high = (float(v) for v in interval.split(" … "))
  assert (task, seeds) == ("mnist_usps", "3")
  assert float(mean) == pytest.approx(found.mean(), abs=0.01)
  half = 4.303 * found.std(ddof=1) / np.sqrt(3)
  assert (low, high) == pytest.approx((found.mean() - half, found.mean() + half), abs=0.011)
  window.value("document.querySelector('.legend input').click()")
  assert window.value("document.querySelector('.curves g').style.display") == "none"


@needs_browser
def test_a_baseline_of_other_settings_is_always_drawn(window, tmp_path):
  labels = ("coral", "dann-steps=9", "dann", "source_only+mlls-soft=true", "source_only-steps=9")
  made = [sample_records.make(label=label) for label in labels]
  show(window, tmp_path, {"digits": []}, [], "", made)
  window.value("location.hash = '#digits?a=coral&b=dann'")
  window.value("new Promise(done => setTimeout(done, 50))")
  ticked = "[...document.querySelectorAll('.legend label')].filter(l => l.firstChild.checked)"
  assert window.value(f"{ticked}.map(l => l.textContent)") == [
    "coral",
    "dann",
    "source_only-steps=9",
  ]


@needs_browser
def test_a_published_row_stays_beneath_its_own(window, tmp_path):
  made, table = pair()
  show(window, tmp_path, {"digits": [table]}, [], "", made)
  window.value("document.querySelectorAll('thead button')[1].click()")
  assert window.value(ROWS) == ["dann (3)", "source_only (3)", "Paper's [1]"]
  window.value("document.getElementById('filter').focus()")
  window.type("source_only")
  assert window.value(ROWS) == ["source_only (3)", "Paper's [1]"]


@needs_browser
def test_the_first_column_stays_while_a_wide_table_is_scrolled(window, tmp_path):
  wide = sheet(
    header=("method", *(f"source{i}_target{i}" for i in range(40))),
    lines=(Line("dann", tuple(Entry("80.0 ± 1.0", 80.0, mark="tie") for _ in range(40)), "(3)"),),
  )
  show(window, tmp_path, {"digits": [wide]}, [], "")
  where = "document.querySelector('tbody {}').getBoundingClientRect().left"
  first, second = (window.value(where.format(cell)) for cell in ("th", "td"))
  window.value("document.querySelector('.scroll').scrollLeft = 150")
  assert window.value(where.format("th")) == first
  assert window.value(where.format("td")) == second - 150
  assert window.value("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_script_writes_a_page_of_every_suite(tmp_path):
  sample_records.save(tmp_path, sample_records.make(), sample_records.make(suite="letters"))
  main = runpy.run_path(str(ROOT / "scripts" / "make_tables.py"))["main"]
  assert main(["--results", str(tmp_path)]) == 0
  text = (tmp_path / "index.html").read_text(encoding="utf-8")
  assert '<h2 id="letters">' in text and '<h2 id="digits">' in text and "Cost" in text
