"""Shows figures in a notebook."""

from typing import Any


def show(figure: Any) -> None:
  """Displays a figure in a notebook.

  Elsewhere its axes are there to be saved.
  """
  try:
    from IPython import get_ipython
    from IPython.display import display
  except ImportError:
    return
  if get_ipython() is not None:
    display(figure)
