"""Plain text: nothing is wider than the terminal, and nothing is lost where it need not be."""

import pytest

from adapt.cli import text


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
  monkeypatch.setenv("COLUMNS", "80")


def test_a_text_is_cut_at_a_word():
  assert text.shortened("one two three", 13) == "one two three"
  assert text.shortened("one two three", 12) == "one two…"
  assert text.shortened("one two, three", 9) == "one two…"
  assert text.shortened("one two three", 4) == "one…"
  assert text.shortened("unbroken", 5) == "unbr…"


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_rows_fit_whatever_the_width(columns, monkeypatch):
  monkeypatch.setenv("COLUMNS", str(columns))
  rows = [(f"name{i}", "some words " * i, "Paper 2020") for i in range(12)]
  rows.append(("a_name_that_is_much_longer", "some words", "Paper 2020"))
  lines = list(text.columns(rows, flexible=1))
  assert max(map(len, lines)) <= columns
  assert all(line.startswith(row[0]) for line, row in zip(lines, rows, strict=True))
  assert all(line.endswith("Paper 2020") for line in lines[:-1])


def test_one_long_name_does_not_widen_the_column_of_all():
  rows = [(f"name{i}", "words", "x") for i in range(12)]
  usual = next(iter(text.columns(rows, flexible=1)))
  [*others, last] = text.columns([*rows, ("n" * 20, "words", "x")], flexible=1)
  assert others[0].index("words") == usual.index("words") == 8
  assert last.startswith("n" * 20 + "  ")


def test_paragraphs_and_lists_are_folded():
  folded = text.paragraph("word " * 60, 2).splitlines()
  assert max(map(len, folded)) <= 80 and all(line.startswith("  word") for line in folded)
  items = text.paragraph("such:\n- one\n  goes on\n- two").splitlines()
  assert items == ["such:", "- one goes on", "- two"]


def test_pairs_hang_beside_their_names():
  lines = text.pairs([("a", "word " * 30), ("b", "short"), ("n" * 30, "said below")]).splitlines()
  assert lines[0].startswith("  a  word") and lines[1].startswith("     word")
  assert lines[-2:] == ["  " + "n" * 30, "     said below"]
  assert max(map(len, lines)) <= 80


def test_a_long_command_is_continued_as_a_shell_wants_it():
  assert text.command("adapt run --method dann") == "  adapt run --method dann"
  long = "adapt run " + " ".join(f"--flag-{i} value" for i in range(8))
  lines = text.command(long).split(" \\\n")
  assert max(map(len, lines)) <= 78 and len(lines) > 1
  assert " ".join(line.strip() for line in lines) == long


def test_headings_are_bold_on_a_terminal_only(monkeypatch):
  assert text.heading("a") == "a"
  monkeypatch.setattr(text.sys.stdout, "isatty", lambda: True, raising=False)
  monkeypatch.delenv("NO_COLOR", raising=False)
  assert text.heading("a") == "\x1b[1ma\x1b[0m"
  monkeypatch.setenv("NO_COLOR", "1")
  assert text.heading("a") == "a"
