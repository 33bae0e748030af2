"""The page of the Python API: its session runs, and it has every public name."""

import doctest
import re
from pathlib import Path

import pytest

import adapt

PAGE = Path(__file__).parents[1] / "docs" / "api.md"


def test_every_public_name_is_on_the_page():
  shown = re.findall(r"^\.\. auto(?:function|class):: adapt\.(\w+)$", PAGE.read_text("utf-8"), re.M)
  assert sorted(shown) == sorted(adapt.__all__)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_session_of_the_page_runs(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  text = re.sub(r"^```.*$", "", PAGE.read_text("utf-8"), flags=re.M)
  session = doctest.DocTestParser().get_doctest(text, {}, "api.md", str(PAGE), 0)
  said = []
  found = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, out=said.append)
  assert found.attempted > 25 and not found.failed, "".join(said)
