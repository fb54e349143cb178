"""Where the program keeps what it can make or fetch again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """``$UNIEVAL_CACHE``, else ``unieval`` in the user's cache folder."""
    if given := os.environ.get("UNIEVAL_CACHE"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unieval"
