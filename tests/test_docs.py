"""README and docs/: size, links, prose, and a page for every entry."""

import importlib
import json
import re
import statistics
import sys
from pathlib import Path

import documents
import pytest
import sample_records

from adapt import outputs
from adapt.cli.kinds import KINDS
from adapt.report import reproductions, summary

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.append(str(ROOT / "scripts"))
docs_pages = importlib.import_module("docs_pages")
NOTEBOOKS = sorted(DOCS.glob("tutorials/*.ipynb"))
TUTORIALS = [*sorted(DOCS.glob("tutorials/*.md")), *NOTEBOOKS]
PAGES = [*documents.PAGES, *TUTORIALS, ROOT / "CONTRIBUTING.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")
LONGEST, MEAN = 20, 15  # words of a sentence


def text_of(page):
  """A page as Markdown; of a notebook its prose."""
  if page.suffix == ".md":
    return page.read_text("utf-8")
  cells = json.loads(page.read_text("utf-8"))["cells"]
  return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda page: page.stem)
def test_a_notebook_that_is_not_run_again_was_run_from_top_to_bottom(page):
  cells = json.loads(page.read_text("utf-8"))["cells"]
  code = [c for c in cells if c["cell_type"] == "code"]
  assert [c["execution_count"] for c in code] == list(range(1, len(code) + 1))
  kinds = {output["output_type"] for c in code for output in c["outputs"]}
  assert len(code) > 2 and kinds and "error" not in kinds
  assert not re.search(r"/(tmp|home|root|work)/", page.read_text("utf-8"))


def test_the_readme_is_one_screen():
  assert len((ROOT / "README.md").read_bytes()) <= 8000


def test_every_link_inside_has_its_page():
  broken = []
  for page in PAGES:
    for place, _ in LINK.findall(text_of(page)):
      if place.startswith(("http:", "https:")):
        continue
      kind, _, name = place.removeprefix("../").removeprefix("entries/").partition("/")
      made = "entries/" in place and name.removesuffix(".md") in KINDS[kind].names()
      if not made and not (page.parent / place).exists():
        broken.append(f"{page.name}: {place}")
  assert not broken


def test_the_contents_name_every_page():
  index = (DOCS / "index.md").read_text("utf-8").split()
  names = [p.relative_to(DOCS).with_suffix("").as_posix() for p in PAGES if DOCS in p.parents]
  assert [n for n in names if n not in index and n != "index"] == []


@pytest.mark.parametrize("command", KINDS)
def test_every_entry_has_a_page(command):
  kind = KINDS[command]
  for name in kind.names():
    page = docs_pages.entry(kind, name, [], {})
    assert page.startswith(f"# {name}\n") and f"{kind.flag} {name}" in page
    assert f"\n{name}\n" in docs_pages._contents(kind)


def test_a_page_has_its_equation_as_written():
  page = docs_pages.entry(KINDS["methods"], "mcd", [], {})
  block = page.partition("symbols.md):\n\n```text\n1. all ")[2].partition("```")[0]
  assert block.count("\n") == 3 and "\n3. features" in block


def sentences(text):
  """The sentences of a page's prose: no code, tables, headings, generated blocks or lists of links."""
  text = re.sub(r"<!-- (\w+):\w+ -->.*?<!-- /\1 -->", "", text, flags=re.DOTALL)
  text = re.sub(r"^---\n.*?\n---\n", "", text, flags=re.DOTALL)
  text = re.sub(r"```.*?```", "\n\n", text, flags=re.DOTALL)
  lines = ["" if re.match(r"\s*([|#!<]|$)", line) else line for line in text.splitlines()]
  lines = [re.sub(r"^(\s*)([-*]|\d+\.) ", "\n", line) for line in lines]
  for paragraph in re.split(r"\n\s*\n|\n(?=\n)", "\n".join(lines)):
    plain = re.sub(
      r"\[([^\]]*)\]\([^)]*\)|`[^`]*`", lambda m: m[1] or "CODE", " ".join(paragraph.split())
    )
    yield from (s for s in re.split(r"(?<=[.?!:;])\s+", plain) if s.strip())


def test_prose_is_plain():
  found = {p: list(sentences(text_of(p))) for p in PAGES}
  long = [f"{p.name}: {s}" for p, each in found.items() for s in each if len(s.split()) > LONGEST]
  assert not long, "\n".join([str(len(long)), *long])
  assert statistics.fmean(len(s.split()) for each in found.values() for s in each) <= MEAN


@pytest.mark.parametrize("name", outputs.names())
def test_every_output_has_a_page(name):
  page = docs_pages.output(name)
  assert page.startswith(f"# {name}\n") and f"| `{outputs.main(name)}` |" in page
  assert "[source_only](../methods/source_only.md)" in page
  assert ("[dirt_t](../methods/dirt_t.md)" in page) == (name == "classes")


def test_a_method_s_page_has_our_numbers_published_ones_and_proofs():
  made = [
    sample_records.make("mnist_usps", n, level)
    for n, level in (("dann", 0.8), ("source_only", 0.7))
  ]
  made.append(sample_records.make("usps_mnist", "dann", 0.1))  # source_only lacks it
  suite = sample_records.SUITE._replace(measure="f1")
  page = docs_pages.entry(KINDS["methods"], "dann", made, {"digits": suite})
  ours, base = (summary.percent(summary.average([r], "last", "f1"), None, "f1") for r in made[:2])
  assert f"| F1, % | 1 | 3 | {ours} | {base} | <a " in page
  assert [one.reported.label in page for one in reproductions.compare(made, suite)].count(True) > 0
  assert "`test_dann.py::test_one_step_equals_the_step_by_hand`" in page
  assert "## Our numbers" not in docs_pages.entry(
    KINDS["methods"], "coral", made, {"digits": suite}
  )


def test_lists_of_entries_lead_to_their_pages():
  text = (
    "| `--validator` | what |\n| `bnm` | a |\n\n| method | what |\n| `bnm` | a |\n| `none` | a |"
  )
  assert docs_pages.named(text).splitlines() == [
    "| `--validator` | what |",
    "| [`bnm`](entries/validators/bnm.md) | a |",
    "",
    "| method | what |",
    "| [`bnm`](entries/methods/bnm.md) | a |",
    "| `none` | a |",
  ]


def test_links_of_the_site():
  text = (
    "[a](../results/x.md) [b](../results/index.html) [c](../adapt/method.py) ![d](../results/t.png)"
  )
  assert docs_pages.links(text) == (
    '[a](results/x.md) <a href="results_page.html">b</a> c ![d](../results/t.png)'
  )


def test_pictures_of_results_are_found_from_the_site():
  text = docs_pages.result(Path("streams.md"))
  [place] = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text)
  assert (DOCS / "results" / place).resolve().is_file()
