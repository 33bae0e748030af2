"""catalogue: files become entries, and what is missing is said."""

import sys
from pathlib import Path

import pytest

from adapt import catalogue, methods

GAIN = '''"""A file."""


def gain(net, *, factor: float = 2.0, times: int = 3, loud: bool = False, mode: str = "up"):
  """Gains something.

  More words.

  Args:
    net: a network, positional and so no flag.
    factor: what to multiply by,
      told over two lines.
    times: how often.
    loud: whether to shout.
  """
  return factor * times
'''


@pytest.fixture
def shelf(tmp_path, monkeypatch):
  """A package with the entries gain and plain and one private file; forgotten afterwards."""
  folder = tmp_path / "shelf"
  folder.mkdir()
  (folder / "__init__.py").write_text("")
  (folder / "gain.py").write_text(GAIN)
  (folder / "plain.py").write_text("def plain(): return 'plain'\n")
  (folder / "_private.py").write_text("def _private(): pass\n")
  (folder / "notes.txt").write_text("no entry")
  monkeypatch.syspath_prepend(tmp_path)
  monkeypatch.setattr(catalogue, "_extra", {})
  yield "shelf"
  for name in [m for m in sys.modules if m == "shelf" or m.startswith("shelf.")]:
    del sys.modules[name]


@pytest.fixture
def own(tmp_path):
  """A user's folder with an entry of its own."""
  folder = tmp_path / "own"
  folder.mkdir()
  (folder / "mine.py").write_text("def mine(*, size: int = 1): return size\n")
  (folder / "_helper.py").write_text("")
  return folder


def test_names_are_the_public_files_sorted(shelf):
  assert catalogue.names(shelf) == ("gain", "plain")


def test_every_method_file_is_a_method():
  files = {f.stem for f in Path(methods.__file__).parent.glob("*.py")}
  assert {f for f in files if not f.startswith("_")} <= set(methods.names())
  assert "dann" in files


def test_get_gives_the_function_named_as_its_file(shelf):
  assert catalogue.get(shelf, "plain")() == "plain"


def test_unknown_names_are_answered_with_the_choices(shelf):
  message = r"unknown entry of shelf 'gian' \(did you mean gain\?\): choose from gain, plain"
  with pytest.raises(ValueError, match=message):
    catalogue.get(shelf, "gian")


def test_private_files_cannot_be_had(shelf):
  with pytest.raises(ValueError, match="unknown"):
    catalogue.get(shelf, "_private")


@pytest.mark.parametrize("text", ["", "wrong = 3\n", "def other(): pass\n"])
def test_a_file_without_its_function_is_named(shelf, own, text):
  (own / "wrong.py").write_text(text)
  catalogue.add_folder(shelf, str(own))
  with pytest.raises(ValueError, match=r"own/wrong\.py must define a function 'wrong'"):
    catalogue.get(shelf, "wrong")


def test_an_added_folder_offers_its_public_files(shelf, own):
  catalogue.add_folder(shelf, str(own))
  assert catalogue.names(shelf) == ("gain", "mine", "plain")
  assert catalogue.get(shelf, "mine")(size=4) == 4


def test_an_added_folder_serves_its_own_package_only(shelf, own):
  catalogue.add_folder(shelf, str(own))
  assert "mine" not in methods.names()


def test_adding_a_folder_twice_or_asking_twice_changes_nothing(shelf, own):
  catalogue.add_folder(shelf, str(own))
  catalogue.add_folder(shelf, str(own))
  assert catalogue.names(shelf) == ("gain", "mine", "plain")
  assert catalogue.get(shelf, "mine") is catalogue.get(shelf, "mine")


def test_a_relative_folder_is_loaded_once_too(shelf, own, monkeypatch):
  monkeypatch.chdir(own.parent)
  catalogue.add_folder(shelf, "own")
  assert catalogue.get(shelf, "mine") is catalogue.get(shelf, "mine")


def test_an_own_file_hides_the_packages(shelf, own):
  (own / "plain.py").write_text("def plain(): return 'mine'\n")
  catalogue.add_folder(shelf, str(own))
  assert catalogue.get(shelf, "plain")() == "mine"


def test_an_own_file_may_define_dataclasses(shelf, own):
  (own / "record.py").write_text(
    "from __future__ import annotations\nfrom dataclasses import dataclass\n\n"
    "@dataclass\nclass Record:\n  size: int = 1\n\ndef record(): return Record()\n"
  )
  catalogue.add_folder(shelf, str(own))
  assert catalogue.get(shelf, "record")().size == 1


def test_a_file_that_fails_to_load_fails_again(shelf, own):
  (own / "broken.py").write_text("def broken(): pass\nraise RuntimeError('on import')\n")
  catalogue.add_folder(shelf, str(own))
  for _ in range(2):
    with pytest.raises(ValueError, match=r"broken\.py cannot be imported .*on import"):
      catalogue.get(shelf, "broken")


def test_a_folder_that_is_not_there_is_named(shelf):
  with pytest.raises(ValueError, match="no folder 'nowhere'"):
    catalogue.add_folder(shelf, "nowhere")


def test_installed_entry_points_are_entries(shelf, monkeypatch):
  class Entry:
    name = "installed"

    def load(self):
      return lambda: "from elsewhere"

  monkeypatch.setattr(catalogue, "entry_points", lambda group: [Entry()] if group == shelf else [])
  assert catalogue.names(shelf) == ("gain", "installed", "plain")
  assert catalogue.get(shelf, "installed")() == "from elsewhere"
  assert catalogue.get(shelf, "plain")() == "plain"


def test_parameters_are_the_keyword_arguments_with_their_meanings(shelf):
  found = catalogue.parameters(catalogue.get(shelf, "gain"))
  assert found == (
    ("factor", 2.0, float, "what to multiply by, told over two lines."),
    ("times", 3, int, "how often."),
    ("loud", False, bool, "whether to shout."),
    ("mode", "up", str, ""),
  )


def test_the_module_of_an_entry_stands_for_it():
  from adapt import models, tuning, weights
  from adapt.methods import dann
  from adapt.models import lenet
  from adapt.tuning import lora
  from adapt.weights import kmm

  assert methods.bind(dann, weight=0.3) == methods.bind(dann.dann, weight=0.3)
  assert weights.bind(kmm).name == "kmm" and tuning.bind(lora).factory is lora.lora
  assert models.bind(lenet) == models.bind("lenet")


def test_summary_is_the_first_line_of_the_docstring(shelf):
  assert catalogue.summary(catalogue.get(shelf, "gain")) == "Gains something."
  assert catalogue.summary(catalogue.get(shelf, "plain")) == ""


def test_meanings_read_attributes_too():
  class Documented:
    """A record.

    Attributes:
      size: how large.
    """

  assert catalogue.meanings(Documented) == {"size": "how large."}


def test_every_parameter_of_every_method_has_a_meaning():
  for name in methods.names():
    for parameter in catalogue.parameters(methods.get(name)):
      assert parameter.meaning, f"{name}: {parameter.name}"


def test_the_file_of_an_entry_is_found_without_importing_it(shelf, own, monkeypatch):
  assert catalogue.source(shelf, "gain").name == "gain.py"
  assert catalogue.source(shelf, "absent") is None
  assert not [m for m in sys.modules if m.startswith("shelf")]
  catalogue.add_folder(shelf, str(own))
  assert catalogue.source(shelf, "mine") == own / "mine.py"
  (own / "gain.py").write_text("def gain(): ...\n")  # as `get` has it, a user's own comes first
  assert catalogue.source(shelf, "gain") == own / "gain.py"


def test_what_is_near_is_named():
  assert catalogue.meant("dnn", ["dann", "coral"]) == " (did you mean dann?)"
  assert catalogue.meant("xyzzy", ["dann", "coral"]) == ""
  line = catalogue.unknown("method", "corall", ["dann", "coral"])
  assert line == "unknown method 'corall' (did you mean coral?): choose from dann, coral"
