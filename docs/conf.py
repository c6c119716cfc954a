"""The site of these pages: `make docs` builds it into ``build/docs``. A broken link is an error."""

from __future__ import annotations

project = "Customer data platform"
author = ""
copyright = ""
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["deploy/team/*"]
# links to headings, as the pages write them
myst_heading_anchors = 4
html_theme = "furo"
html_title = "Customer data platform"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
# pages are read in the repository too, where a page's first fence may be of any language
suppress_warnings = ["misc.highlighting_failure"]
