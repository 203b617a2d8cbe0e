"""Sphinx settings. What the pages show of the library itself is written by `generated` before each build."""

import sys
from pathlib import Path

import tinygan

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generated  # noqa: E402  (these lie beside this file)
import lessons  # noqa: E402
import strips  # noqa: E402
import tables  # noqa: E402

project = "tinygan"
copyright = "2026, the tinygan developers"
release = version = tinygan.__version__
# Formulas by a MathJax that comes along, so that the pages need no network.
extensions = [
    *("myst_nb", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "numpydoc", "sphinx-mathjax-offline"),
    *("sphinx_design", "sphinx_copybutton", "sphinxext.opengraph"),
]
# Python files beside this one are tools. `_generated` is included by pages.
exclude_patterns = ["_build", "_generated", "*.py"]

html_theme = "pydata_sphinx_theme"
html_title = "tinygan"
html_static_path = ["_static"]
html_css_files = ["tinygan.css"]
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}  # light or dark, as the visitor's system is
# What is shown where somebody shares a page.
ogp_site_url = "https://{}.github.io/{}/".format(*lessons.REPOSITORY.split("/"))
ogp_image = "_static/social.png"
ogp_image_alt = "Digits that a generator drew, and points that another one learned to put on a ring"
ogp_enable_meta_description = True
ogp_social_cards = {"enable": False}
copybutton_exclude = ".linenos, .gp, .go"
html_show_sourcelink = False
html_sidebars = {
    page: [] for page in ("index", "start", "results", "performance", "tested", "instructors", "syllabus", "quiz")
}
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
autodoc_default_options = {"exclude-members": "axes, convolve, extra, with_weight, output_axis"}
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath", "colon_fence"]

# The pages show what the tutorials printed and drew in a full run: see lessons.py.
nb_execution_mode = "off"
# The output of a cell that answers a question (tagged hide-output) waits until the reader asks for it.
nb_code_prompt_show = "Made your guess? Show the {type}"
nb_code_prompt_hide = "Hide the {type}"

generated.write_all()


def setup(app):
    app.add_transform(strips.CutStrips)
    app.connect("source-read", lambda _app, _page, source: source.__setitem__(0, tables.shown(source[0])))
