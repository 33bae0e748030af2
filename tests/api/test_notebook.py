"""Figures are displayed in a notebook, and left alone elsewhere."""

import sys
import types

import pytest

from adapt.api import notebook


@pytest.mark.parametrize("running", [True, False])
def test_a_figure_is_displayed_where_a_notebook_runs(monkeypatch, running):
  seen = []
  parts = {
    "IPython": {"get_ipython": lambda: object() if running else None},
    "IPython.display": {"display": seen.append, "Image": bytes},
  }
  for name, content in parts.items():
    module = types.ModuleType(name)
    module.__dict__.update(content)
    monkeypatch.setitem(sys.modules, name, module)
  notebook.show(types.SimpleNamespace(savefig=lambda file, format: file.write(format.encode())))
  assert seen == [b"png"] * running


def test_nothing_happens_without_ipython(monkeypatch):
  monkeypatch.setitem(sys.modules, "IPython", None)
  notebook.show("figure")
