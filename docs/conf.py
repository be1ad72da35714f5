"""How Sphinx builds the documentation; `docs/build.py` collects what it is built of."""

project = "nsimlib"
author = "The nsimlib authors"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "nsimlib"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
# Notebooks are shown with the outputs that are stored in them, which a test keeps true.
nb_execution_mode = "off"
# Nothing is fetched when a page opens; a widget shows the text beside it.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_mime_priority_overrides = [
    ("html", "application/vnd.jupyter.widget-view+json", None),
]
myst_heading_anchors = 3
suppress_warnings = [
    "mystnb.unknown_mime_type",
    # Notebooks and READMEs link to files of the repository that are no pages here.
    "myst.xref_missing",
    "myst.header",
]
autodoc_typehints = "signature"
python_use_unqualified_type_names = True
default_role = "code"
highlight_language = "text"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
