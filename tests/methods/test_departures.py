"""Every method's docstring says where it departs from its authors' code, or that it does not."""

import inspect
import re

import pytest

from adapt import methods

SAYS = re.compile(
  r"Departs from the authors' code in |Follows the authors' code|No authors' code (is|was) "
)
# Methods that do not say it yet; one that does is to be taken out.
MISSING = {"aad", "atdoc", "dance", "nrc", "shot"}
OURS = [n for n in methods.names() if methods.get(n).__module__.startswith("adapt.methods.")]


def says(name):
  text = " ".join((inspect.getdoc(methods.get(name)) or "").split())
  return bool(SAYS.search(text))


@pytest.mark.parametrize("name", [n for n in OURS if n not in MISSING])
def test_docstring_says_where_it_departs_from_the_authors_code(name):
  assert says(name), (
    f"adapt/methods/{name}.py: add a paragraph 'Departs from the authors' code in …', or 'Follows "
    "the authors' code', or 'No authors' code is known', after reading that code"
  )


def test_none_is_missing_that_is_not_there():
  assert set(OURS) >= MISSING
