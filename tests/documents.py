"""Code that the README and the pages under docs/ show, for the tests that run it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
TEXTS = {page: page.read_text("utf-8") for page in PAGES}


def code(mark: str) -> str:
  """The Python below `<!-- MARK -->`, which one page has."""
  shown = rf"<!-- {mark} -->\n```python\n(.*?)```"
  [found] = [part for text in TEXTS.values() for part in re.findall(shown, text, re.DOTALL)]
  return str(found)
