"""``python -m cdp_pipeline`` is ``cdp``."""

from __future__ import annotations

import sys

from cdp_pipeline.cli import main

if __name__ == "__main__":
    sys.exit(main())
