"""What an entry's own file says of it, read without importing it."""

import pytest

from adapt import catalogue
from adapt.cli import kinds
from adapt.cli.kinds import KINDS


@pytest.mark.parametrize("command", ["methods", "weights", "tunings"])
def test_what_is_read_is_what_the_imported_entry_says(command):
  kind = KINDS[command]
  for name in kind.names():
    doc, factory = kinds.doc(kind, name), catalogue.get(kind.package, name)
    facts = catalogue.facts(factory)
    assert (doc.summary, doc.paper) == (catalogue.summary(factory), facts.paper), name
    assert doc.family == (facts.family if facts.family in kind.families else catalogue.OWN)


@pytest.mark.parametrize("command", KINDS)
def test_every_entry_has_a_title(command):
  for name in KINDS[command].names():
    doc = kinds.doc(KINDS[command], name)
    assert doc.title and not doc.title.endswith("."), name


@pytest.mark.parametrize(
  ("line", "title", "paper"),
  [
    (
      "DANN: features (Ganin et al., 2016, arXiv:1).",
      "DANN: features",
      "Ganin et al., 2016, arXiv:1",
    ),
    ("R (He et al., CVPR 2016), as published.", "R, as published", "He et al., CVPR 2016"),
    ("MLP: of Ganin et al. (2016, §5.1).", "MLP: of Ganin et al. (2016, §5.1)", ""),
    ("Nothing.", "Nothing", ""),
  ],
)
def test_a_first_line_is_a_title_and_a_paper(line, title, paper):
  assert kinds.titled(line) == (title, paper)


@pytest.mark.parametrize(
  ("paper", "short"),
  [
    ("Ganin et al., 2016, arXiv:1505.07818", "Ganin 2016"),
    ("Sun & Saenko, 2016, arXiv:1607.01719", "Sun 2016"),
    ("Tan and Le, ICML 2019, arXiv:1905.11946", "Tan 2019"),
    ("Cui et al., CVPR 2019, arXiv:1901.05555", "Cui 2019"),
    ("Ben Zaken et al., ACL 2022, arXiv:2106.10199", "Ben Zaken 2022"),
    ("arXiv:2108.10860", "arXiv:2108.10860"),
    ("", ""),
  ],
)
def test_a_paper_in_short(paper, short):
  assert kinds.short(paper) == short


def test_notes_are_the_paragraphs_before_the_sections():
  doc = kinds.doc(KINDS["weights"], "kmm")
  assert len(doc.notes) == 4 and doc.notes[2].startswith("Where re-implementations go wrong: κ")
  assert not any("Args" in note for note in doc.notes)


def test_an_unknown_name_is_answered_by_what_is_near():
  with pytest.raises(
    ValueError, match=r"unknown method 'dnan' \(did you mean dan.*\): choose from"
  ):
    kinds.known(KINDS["methods"], "dnan")
  with pytest.raises(ValueError, match="kmm is a weighting: see adapt weights kmm"):
    kinds.known(KINDS["methods"], "kmm")


def test_a_file_that_is_no_python_is_named(tmp_path, monkeypatch):
  monkeypatch.setattr(catalogue, "_extra", {})
  (tmp_path / "broken.py").write_text("def broken(net:\n")
  catalogue.add_folder("adapt.methods", str(tmp_path))
  with pytest.raises(ValueError, match=r"broken\.py cannot be read .*mend it"):
    kinds.doc(KINDS["methods"], "broken")
