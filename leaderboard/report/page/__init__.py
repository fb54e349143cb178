"""The page of a report: one HTML file with its style and program in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...templates import page_template
from ..scripts import permission

_HERE = Path(__file__).parent
_PROGRAM = ("data", "outcomes", "filters", "list", "media", "detail", "keys", "views", "start")
"""Parts of the program, in the order in which they are read."""


def render(content: Mapping[str, Any]) -> str:
    """The page with this content; text is escaped, and no script runs but its own."""
    style = (_HERE / "style.css").read_text("utf-8")
    parts = [(_HERE / "app" / f"{name}.js").read_text("utf-8") for name in _PROGRAM]
    program = "(() => {\n" + "\n".join(['"use strict";', *parts]) + "})();"
    return page_template(_HERE).render(
        style=style, program=program, policy=_policy(style, program), **content
    )


def _policy(style: str, program: str) -> str:
    """The page runs its own program, which may load the data; nothing else, from nowhere else."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {permission(program)} 'strict-dynamic'",
            f"style-src {permission(style)}",
            "img-src 'self' file:",
            "media-src 'self' file:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
