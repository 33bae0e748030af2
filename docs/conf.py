"""How Sphinx builds the site: `bash scripts/docs.sh`."""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent), str(HERE.parent / "scripts")]

project = "adapt"
author = copyright = "The adapt authors"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
html_theme = "furo"
html_title = "adapt"
html_static_path = ["_static"]
html_css_files = ["tables.css", "drawings.css"]
smartquotes = False  # flags have two hyphens
exclude_patterns = ["_build", "jupyter_execute", "**.ipynb_checkpoints"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
# Their data are fetched by `adapt data prepare`, so they carry what they printed; see CONTRIBUTING.md.
nb_execution_excludepatterns = ["tutorials/*.ipynb"]
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
copybutton_prompt_text = "$ "
# Generated tables name files of the repository that are no pages.
suppress_warnings = ["myst.xref_missing"]


def generate(app):
  """Writes the pages of entries and results, and what is drawn for them."""
  import docs_pages

  from adapt.cli import results
  from adapt.records import record

  folder = HERE.parent / "results"
  suites = results.suites_in(HERE.parent / "benchmarks")
  docs_pages.written(HERE, record.read_all(folder), suites)


def rewrite(app, name, source):
  """Points links to files of the repository at the site's pages, and puts the map in its place."""
  import docs_pages
  import rooms_map

  if "/" not in name:
    source[0] = docs_pages.links(source[0])
  if name == "rooms":
    source[0] = rooms_map.shown(source[0], "entries/rooms_map.svg")
  if name in ("methods", "choices"):
    source[0] = docs_pages.named(source[0])


def add_results_page(app, error):
  """Puts the page of all results beside the site's own pages."""
  if error is None:
    shutil.copy(HERE.parent / "results" / "index.html", Path(app.outdir) / "results_page.html")


def setup(app):
  """Connects them."""
  app.connect("builder-inited", generate)
  app.connect("build-finished", add_results_page)
  app.connect("source-read", rewrite)
