"""Markdown, LaTeX and CSV of one sheet: what they show, and that nothing breaks out of its place."""

import csv
import io
import re

import pytest

from adapt.report import formats
from adapt.report.table import Entry, Line, Sheet

LINES = (
  Line("a_b", (Entry("80.0 ± 1.0", 80.0, 1.0, 3, mark="best"), Entry("x|y", None)), "(3)"),
  Line("c", (Entry("79.0 ± 2.0 (2)", 79.0, 2.0, 2, mark="tie"), Entry("–")), "(3)"),
  Line("Paper", (Entry("70.0", 70.0), Entry("–")), "[1]", published=True),
)
SHEET = Sheet(
  "accuracy", "Target", ("method", "s_t", "gain"), LINES, "50 % of p < 0.05.", ("W, 2",)
)


def test_markdown():
  assert formats.markdown(SHEET).splitlines() == [
    "| method | s_t | gain |",
    "| :-- | --: | --: |",
    r"| a_b (3) | **80.0 ± 1.0** | x\|y |",
    "| c (3) | 79.0 ± 2.0 (2) ≈ | – |",
    "| *Paper* [1] | *70.0* | – |",
    "",
    "50 % of p < 0.05.",
    "",
    "As published, each under its own protocol:",
    "",
    "1. W, 2",
  ]
  warned = formats.markdown(SHEET._replace(warnings=("Not *comparable*.",)))
  assert r"**Not \*comparable\*.**" in warned


@pytest.mark.parametrize(
  "text", ["<script>", "a|b", "*a*", "[a](javascript:b)", "`a`", "a\nb", "\\", "\\|"]
)
def test_markdown_shows_what_it_is_given(text):
  sheet = SHEET._replace(lines=(Line(text, (Entry(text), Entry(text))),), caption=text)
  shown = formats.markdown(sheet)
  assert re.sub(r"\\.", "", shown.splitlines()[2]).count("|") == 4
  assert not re.search(r"(?<!\\)[*`]|(?<!\\)<s|\]\(", shown)


def test_latex():
  text = formats.latex(SHEET, "my_suite")
  assert r"a\_b (3) & \textbf{80.0 $\pm$ 1.0} & x\textbar{}y \\" in text
  assert r"c (3) & 79.0 $\pm$ 2.0 (2) $\approx$ & -- \\" in text
  assert r"\textit{Paper} {[}1{]} & \textit{70.0} & -- \\" in text
  assert r"\label{tab:my-suite-accuracy}" in text and r"\begin{tabular}{lrr}" in text
  assert r"my\_suite, Target. 50 \% of p \textless{} 0.05. {[}1{]} W, 2" in text


@pytest.mark.parametrize(
  "text", [r"\input{/etc/passwd}", "a & b", "}{", "$x$", "100 %", "--null", "#~^_"]
)
def test_latex_is_never_a_command(text):
  sheet = SHEET._replace(lines=(Line(text, (Entry(text), Entry(text))),), caption=text)
  shown = formats.latex(sheet, "s")
  row = next(line for line in shown.splitlines() if line.endswith(r"\\") and "method" not in line)
  plain = re.sub(
    r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater)\{\}", "", row
  )
  plain = re.sub(r"\\[&%$#_{}]", "", plain)
  assert plain.count("&") == 2 and not re.search(r"[%$#_~^]|\\[a-z]|--", plain)
  assert plain.count("{") == plain.count("}")


def test_a_wide_latex_table_has_headings_of_two_lines_and_is_scaled_to_the_page():
  header = ("method", *(f"mnist_usps_{i}" for i in range(formats.WIDE)))
  sheet = SHEET._replace(
    header=header, lines=(Line("a", (Entry("1"),) * formats.WIDE),), notes=(), caption=""
  )
  text = formats.latex(sheet, "s")
  assert r"method & \shortstack[r]{mnist\_\\usps\_0} & " in text
  assert text.count(r"\resizebox{\textwidth}{!}{%") == text.count("\\end{tabular}}\n") == 1
  fits = sheet._replace(header=header[:-1], lines=(Line("a", (Entry("1"),) * (formats.WIDE - 1)),))
  assert not re.search(r"shortstack|resizebox|\{tabular\}\}", formats.latex(fits, "s"))


def test_csv_keeps_numbers_and_what_was_shown():
  rows = list(csv.DictReader(io.StringIO(formats.table_csv([("digits", SHEET)]))))
  assert len(rows) == 6
  first = {"suite": "digits", "table": "accuracy", "row": "a_b", "seeds": "3", "column": "s_t"}
  first |= {"value": "80", "std": "1", "n": "3", "mark": "best", "shown": "80.0 ± 1.0"}
  assert first.items() <= rows[0].items() and rows[0]["published"] == ""
  assert rows[4]["published"] == "W, 2" and rows[4]["value"] == "70" and rows[4]["seeds"] == ""


def test_csv_holds_no_formula():
  evil = Line("=cmd()", (Entry("+1.0 [0.1, 2.0]", 1.0), Entry("@x")))
  (row, other) = csv.DictReader(
    io.StringIO(formats.table_csv([("-s", SHEET._replace(lines=(evil,)))]))
  )
  assert row["row"] == "'=cmd()" and row["suite"] == "'-s" and other["shown"] == "'@x"
  assert row["shown"] == "+1.0 [0.1, 2.0]"


@pytest.mark.holds("shown")
@pytest.mark.parametrize(
  ("text", "shown"),
  [
    ("[x][y]", r"[x]\[y]"),
    ("&#60;b>", r"\&#60;b>"),
    ("_a b_ c_d _e", r"\_a b_ c_d _e"),
    ("# h", r"\# h"),
    ("<!-- /x -->", r"\<!-- /x --\>"),
    ("in [0, 1]", "in [0, 1]"),
  ],
)
def test_texts_of_records_are_no_markdown(text, shown):
  assert formats._escaped(text) == shown
