"""The leaderboard as a folder to publish: a page, and its figures for people and for merging."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..harness.errors import UserError
from .model import Table
from .render import render

PAGE = "index.html"
BOARD = "leaderboard.json"
FILES = (BOARD, "leaderboard.csv")


def write_site(tables: Sequence[Table], out: Path, title: str = "Leaderboard") -> Path:
    """Write the site; an earlier one in its place is replaced, other files stay.

    Args:
        tables: what to show, summaries first.
        out: a folder that is absent, empty, or holds a site.
        title: heading of the page.

    Returns:
        The page's file.

    Raises:
        UserError: the folder holds something else, or cannot be written.
    """
    from .page import page

    if out.is_file():
        raise UserError(f"--out {out} is a file; name a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / BOARD).is_file():
        raise UserError(f"--out {out} holds something else than a site; choose another folder")
    texts = {
        BOARD: render(tables, "json"),
        "leaderboard.csv": render(tables, "csv"),
        PAGE: page(tables, title, FILES),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _replace(out / name, text)
    except OSError as error:
        raise UserError(f"cannot write {out}: {error.strerror or error}") from None
    return out / PAGE


def _replace(path: Path, text: str) -> None:
    """Write a file so that readers see the old one or the new one, never a part."""
    number, part = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(part).chmod(0o644)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
