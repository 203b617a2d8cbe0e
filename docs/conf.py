"""Sphinx settings."""

import tinygan

project = "tinygan"
copyright = "2026, the tinygan developers"
release = version = tinygan.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.viewcode", "numpydoc"]
html_theme = "pydata_sphinx_theme"
html_title = "tinygan"
exclude_patterns = ["_build", "_generated"]
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
myst_heading_anchors = 3
