"""Shows figures in a notebook."""

import io
from typing import Any


def show(figure: Any) -> None:
  """Displays a figure in a notebook.

  Elsewhere its axes are there to be saved.
  """
  try:
    from IPython import get_ipython
    from IPython.display import Image, display
  except ImportError:
    return
  if get_ipython() is not None:
    # As a PNG: a notebook draws figures itself only after `%matplotlib inline`.
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    display(Image(stream.getvalue()))
