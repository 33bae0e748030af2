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
from adapt.report import comparisons, reproductions, summary, tables

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.append(str(ROOT / "scripts"))
docs_pages, entry_curves, entry_proofs = map(
  importlib.import_module, ("docs_pages", "entry_curves", "entry_proofs")
)
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
  assert f"| {ours} | {base} | F1, % | 1 | 3 | <a " in page
  assert [one.reported.label in page for one in reproductions.compare(made, suite)].count(True) > 0
  assert "`test_dann.py::test_one_step_equals_the_step_by_hand`" in page
  assert "## Our numbers" not in docs_pages.entry(
    KINDS["methods"], "coral", made, {"digits": suite}
  )


def with_curves():
  """Records of suites on which dann and source_only have a history."""
  names = ("zoo", "digits", "air", "heart", "many")
  tasks = {"many": ("a_b", "b_a")}
  return [
    sample_records.make(task, label, level, suite=suite)
    for suite in names
    for task in tasks.get(suite, ("a_b",))
    for label, level in (("dann", 0.8), ("source_only", 0.7))
  ]


def test_a_method_s_page_has_curves_on_four_suites_at_most(tmp_path):
  made = with_curves()
  shown = entry_curves.panels("dann", made, {})
  assert [one.suite for one in shown] == ["digits", "heart", "air", "many"]
  page = docs_pages.entry(KINDS["methods"], "dann", made, {})
  assert "## Curves\n\n```{raw} html\n:file: dann.svg\n```\n" in page
  assert "another measure" not in page
  file = entry_curves.write(tmp_path / "deep" / "dann.svg", "dann", made, {})
  text = file.read_text("utf-8")
  assert len(text) <= 60_000 and all(f">{one.suite}: " in text for one in shown)
  ends = ", ".join(
    f"{n} {100 * shown[0].curves[n][1][-1].mean:.1f}" for n in ("source_only", "dann")
  )
  assert f"at the last step digits, accuracy: {ends}; heart, accuracy: " in text


def test_curves_are_drawn_anew_only_where_they_change(tmp_path, monkeypatch):
  made, file = with_curves(), tmp_path / "dann.svg"
  entry_curves.write(file, "dann", made, {})
  first = file.read_text("utf-8")
  with monkeypatch.context() as patch:
    patch.setattr(entry_curves.method_curves, "figure", None)  # nothing is drawn
    entry_curves.write(file, "dann", made, {})
  made[2]["curves"]["target_accuracy"][0][3] += 0.1
  entry_curves.write(file, "dann", made, {})
  assert file.read_text("utf-8") != first
  assert entry_curves.write(file, "coral", made, {}) is None and not file.exists()


def test_curves_of_another_measure_than_the_tables_are_told():
  suites = {"digits": sample_records.SUITE._replace(measure="f1")}
  page = docs_pages.entry(KINDS["methods"], "dann", with_curves(), suites)
  assert "The tables of digits have another measure, of which not every run has a curve.\n" in page


@pytest.mark.parametrize("command", ["weights", "tunings", "validators"])
def test_every_entry_is_compared_with_another_computation(command):
  kind = KINDS[command]
  for name in kind.names():
    tests = entry_proofs.of(kind, name, ROOT)
    assert tests, f'mark a test of {name}: @pytest.mark.compares("with what")'
    page = docs_pages.entry(kind, name, [], {})
    for what, test in tests:
      file, _, function = test.partition("::")
      assert f"\ndef {function}(" in (ROOT / file).read_text("utf-8")
      assert f"- Compared with {what}: `{test}`.\n" in page


def test_marks_name_entries_that_there_are():
  known = {f"{k.package.rpartition('.')[2]}/{n}" for k in KINDS.values() for n in k.names()}
  assert set(entry_proofs.compared(ROOT)) <= known


def test_a_validator_s_page_has_its_row_of_every_suite_s_table(tmp_path):
  made = [
    {
      **sample_records.make("a_b", label),
      "validators": {"bnm": [list(range(10))] * 3, "snd": [list(range(10, 0, -1))] * 3},
    }
    for label in ("dann", "coral")
  ]
  file = tmp_path / "results" / "tables" / "digits.md"
  file.parent.mkdir(parents=True)
  file.write_text(tables.markdown(made, None), "utf-8")
  found = {n: "\n".join(entry_proofs.choices(n, tmp_path)) for n in ("bnm", "snd", "mmd")}
  sheet = comparisons.validators(made)
  for name in ("bnm", "snd"):
    [row] = [line for line in sheet.lines if line.name == name]
    cells = " | ".join(entry.text for entry in row.entries)
    assert f"\n| [digits](../../results/tables/digits.md#validators) | {cells} |" in found[name]
    assert f"| suite | {' | '.join(sheet.header[1:])} |\n| :--" in found[name]
  assert "`--select auto` takes it for `classes`." in found["bnm"]
  assert found["mmd"] == "" and "auto" not in found["snd"]
  page = docs_pages.entry(KINDS["validators"], "bnm", [], {})
  assert "\n".join(entry_proofs.choices("bnm", ROOT)) in page and "[digits]" in page


def test_a_weighting_s_page_has_the_runs_with_it():
  made = [sample_records.make("a_b", "source_only", 0.7)]
  made.append(sample_records.make("a_b", "source_only+kmm", 0.8))
  made[1]["config"]["weights"] = {"name": "kmm"}
  pages = {n: docs_pages.entry(KINDS["weights"], n, made, {}) for n in ("kmm", "bbse")}
  [row] = [line for line in pages["kmm"].splitlines() if "`source_only+kmm`" in line]
  assert row.split(" | ")[3:6] == ["accuracy, %", "1", "3"]
  assert "#digits?filter=source_only%2Bkmm" in pages["kmm"]
  assert "python -m benchmarks.weightings kmm" in pages["kmm"]
  assert "Our numbers" not in pages["bbse"] and "benchmarks.weightings" not in pages["bbse"]


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


def test_papers_of_lists_and_pages_lead_to_arxiv():
  row = "| `dann` | Trains. | none | Ganin et al., 2016, arXiv:1505.07818; B, PMLR 9:1–2 |"
  cell = "[Ganin et al., 2016](https://arxiv.org/abs/1505.07818); B, PMLR 9:1–2 |"
  named = docs_pages.named(f"| method | what | setting | paper |\n{row}").splitlines()[1]
  assert named.endswith(f"| none | {cell}")
  page = docs_pages.entry(KINDS["methods"], "dann", [], {})
  assert "- **paper**: [Ganin et al., 2016](https://arxiv.org/abs/1505.07818)\n" in page


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
