"""The leaderboard as one HTML page with its style and program in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import layout
from ..model import Column, Row, Table
from ..report.scripts import permission
from ..templates import page_template

_HERE = Path(__file__).parent


def page(tables: Sequence[Table], title: str = "Leaderboard", files: Sequence[str] = ()) -> str:
    """The page: sortable tables; text is escaped, no script runs but its own.

    Args:
        tables: what to show, summaries first.
        title: its heading.
        files: names of files beside it that hold the same figures.
    """
    style = (_HERE / "style.css").read_text("utf-8")
    program = (_HERE / "sort.js").read_text("utf-8")
    return page_template(_HERE).render(
        title=layout.plain(title),
        tables=[(table, layout.Footnotes.of(table)) for table in tables],
        files=files,
        layout=layout,
        sort_value=_sort_value,
        style=style,
        program=program,
        policy="; ".join(
            [
                "default-src 'none'",
                f"script-src {permission(program)}",
                f"style-src {permission(style)}",
                "base-uri 'none'",
                "form-action 'none'",
            ]
        ),
    )


def _sort_value(row: Row, column: Column) -> str:
    """The whole figure, to sort by; nothing where there is none."""
    cell = row.cells.get(column.place)
    return "" if cell is None or cell.value is None else repr(cell.value)
