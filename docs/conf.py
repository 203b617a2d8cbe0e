"""Sphinx settings. What the pages show of the library itself is written by `generated` before each build."""

import os
import sys
from pathlib import Path

import tinygan

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generated  # noqa: E402  (it lies beside this file)

project = "tinygan"
copyright = "2026, the tinygan developers"
release = version = tinygan.__version__
# Formulas by a MathJax that comes along, so that the pages need no network.
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "numpydoc", "sphinx-mathjax-offline"]
# Python files are tutorials in `_tutorials`; those beside this one are tools. `_generated` is included by pages.
exclude_patterns = ["_build", "_generated", "_tutorials/out", "*.py"]

html_theme = "pydata_sphinx_theme"
html_title = "tinygan"
html_static_path = ["_static"]
html_css_files = ["tinygan.css"]
html_show_sourcelink = False
html_sidebars = {page: [] for page in ("index", "start", "results", "performance", "tested", "instructors")}
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navbar_align": "left",
    "show_toc_level": 2,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

highlight_language = "none"  # a block without a language is a command
toc_object_entries_show_parents = "hide"
autodoc_default_options = {"exclude-members": "extra, with_weight, output_axis"}
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath", "colon_fence"]

# Tutorials are percent files, run as the pages are built: short, or whole with TINYGAN_DOCS_FULL=1.
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"
nb_execution_in_temp = True  # what a tutorial writes is gone when it ends
nb_execution_timeout = 120  # seconds for a cell
nb_merge_streams = True
if os.environ.get("TINYGAN_DOCS_FULL"):
    os.environ.pop("TINYGAN_FAST", None)
    nb_execution_timeout = 1800
else:
    os.environ["TINYGAN_FAST"] = "1"
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # Agg, as in tests, would show nothing

generated.write_all()
