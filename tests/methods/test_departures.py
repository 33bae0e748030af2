"""Every method's docstring says where it departs from its authors' code, or that it does not."""

import inspect
import re

import pytest

from adapt import methods

SAYS = re.compile(
  r"Departs from the authors' code in |Follows the authors' code|No authors' code (is|was) "
)
OURS = [n for n in methods.names() if methods.get(n).__module__.startswith("adapt.methods.")]


def says(name):
  text = " ".join((inspect.getdoc(methods.get(name)) or "").split())
  return bool(SAYS.search(text))


@pytest.mark.parametrize("name", OURS)
def test_docstring_says_where_it_departs_from_the_authors_code(name):
  assert says(name), (
    f"adapt/methods/{name}.py: add a paragraph 'Departs from the authors' code in …', or 'Follows "
    "the authors' code', or 'No authors' code is known', after reading that code"
  )
