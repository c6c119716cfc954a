"""What the pages show, read from one open snapshot. Plain functions: rows out, no HTML, no request, no language."""

from __future__ import annotations
