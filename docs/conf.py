"""Settings of Sphinx, for ``tox -e docs``. Nothing is fetched, neither for the build nor by the pages."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "wsgiresp"
author = "wsgiresp contributors"
release = installed_version("wsgiresp")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"

html_theme = "furo"
html_title = f"wsgiresp {release}"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
