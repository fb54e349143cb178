"""Tables as text: CSV, JSON, Markdown, LaTeX, HTML."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence

from ..harness.errors import not_found
from . import layout
from .boards import exported
from .latex import latex
from .model import Column, Row, Table

TIDY = (
    *("task", "protocol", "order", "votes", "variant", "data", "judge", "group", "metric"),
    *("value", "low", "high", "n", "unparsed", "failed", "best", "tied", "published", "source"),
)
"""Columns of the tidy form: one row a judge, metric and group."""


def render(tables: Sequence[Table], format: str) -> str:
    """The tables as text: ``csv``, ``markdown``, ``latex``, ``html`` or ``json``.

    ``json`` holds, beside the rows, the runs behind them, so that leaderboards can be merged.

    Raises:
        UserError: no such format; lists the known ones.
    """
    if format not in _FORMATS:
        raise not_found("format", format, ["table", *_FORMATS])
    return _FORMATS[format](tables)


def tidy(tables: Sequence[Table]) -> Iterator[dict[str, object]]:
    """Every figure of the tables as one flat row, keyed by ``TIDY``; ``None`` where undefined."""
    for table in tables:
        for row in table.rows:
            yield from _tidy_row(table, row)


def _tidy_row(table: Table, row: Row) -> Iterator[dict[str, object]]:
    quoted = row.kind == "published"
    for (group, metric), cell in row.cells.items():
        if table.summary and group:
            continue  # it stands in the task's own table
        lost = row.counts.get(group)
        yield {
            "task": table.task,
            "protocol": row.protocol or None,
            "order": None if quoted else table.order,
            "votes": None if quoted else table.votes,
            "variant": row.variant or None,
            "data": row.data or None,
            "judge": row.judge,
            "group": group or None,
            "metric": metric,
            "value": cell.value,
            "low": cell.low,
            "high": cell.high,
            "n": cell.n,
            "unparsed": lost.unparsed if lost else None,
            "failed": lost.failed if lost else None,
            "best": (group, metric) in row.best,
            "tied": (group, metric) in row.tied,
            "published": quoted,
            "source": row.source.text if row.source else None,
        }


def _csv(tables: Sequence[Table]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TIDY)
    writer.writerows([_csv_cell(row[name]) for name in TIDY] for row in tidy(tables))
    return text.getvalue()


def _csv_cell(content: object) -> str:
    if content is None:
        return ""
    if isinstance(content, bool):
        return str(content).lower()
    if isinstance(content, int | float):
        return repr(content)
    text = str(content)
    # A spreadsheet runs what starts like this as a formula; an apostrophe makes it text.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _json(tables: Sequence[Table]) -> str:
    content = {"schema": 1, "rows": list(tidy(tables)), "runs": exported(tables)}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _markdown(tables: Sequence[Table]) -> str:
    return "\n".join(_markdown_table(table) for table in tables)


def _markdown_table(table: Table) -> str:
    footnotes = layout.Footnotes.of(table)
    heads = [_escaped(" ".join(filter(None, (c.group, c.metric)))) for c in table.columns]
    width = len(heads) + len(layout.COUNTS)
    lines = [
        f"### {_escaped(table.title)}",
        "",
        _escaped(table.subtitle),
        "",
        _line("judge", *heads, *layout.COUNTS),
        _line(":--", *["--:"] * width),
    ]
    for index, row in enumerate(table.rows):
        if row.kind == "published" and table.rows[index - 1].kind != "published":
            lines.append(_line(f"*{layout.PUBLISHED}*", *[""] * width))
        cells = [_markdown_cell(row, column) for column in table.columns]
        name = _escaped(layout.judge(row) + footnotes.marks(row))
        lines.append(_line(name, *cells, *layout.counts(row)))
    lines += ["", layout.legend(table), ""]
    lines += [f"- {_escaped(note)}" for note in table.notes]
    lines += [f"- {_escaped(f'[{mark}] {text}')}" for mark, text in footnotes.lines()]
    return "\n".join(lines) + "\n"


def _markdown_cell(row: Row, column: Column) -> str:
    value = layout.marked(row, column)
    value = f"**{value}**" if column.place in row.best else value
    return f"{value} {layout.interval(row, column)}".rstrip()


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return re.sub(r"([\\|`*_~<>\[\]])", r"\\\1", layout.plain(text))


def _html(tables: Sequence[Table]) -> str:
    from .page import page

    return page(tables)


_FORMATS: dict[str, Callable[[Sequence[Table]], str]] = {
    "csv": _csv,
    "markdown": _markdown,
    "latex": latex,
    "html": _html,
    "json": _json,
}
