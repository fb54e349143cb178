"""Tables for papers: LaTeX with booktabs, one ``table`` environment each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import layout
from .model import Column, Row, Table

PREAMBLE = (
    r"% needs \usepackage{booktabs}; wide tables fit with \usepackage{graphicx} and \resizebox"
)
_ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\symbol{34}",  # \textquotedbl is an error without T1 fonts
    "`": r"\textasciigrave{}",
    # After the end of a row these would be read as its arguments.
    "[": "{[}",
    "*": "{*}",
    # Two of them would become a dash.
    "-": "{-}",
    layout.TIED: r"\textsuperscript{\dag}",
}


def latex(tables: Sequence[Table]) -> str:
    """The tables as LaTeX source; captions, figures, marks and footnotes as everywhere else."""
    return "\n".join([PREAMBLE, *(line for table in tables for line in _table(table))]) + "\n"


def escaped(text: str) -> str:
    """The text on one line as LaTeX shows it literally."""
    return "".join(_ESCAPED.get(character, character) for character in layout.plain(text))


def _table(table: Table) -> Iterator[str]:
    footnotes = layout.Footnotes.of(table)
    heads = [" ".join(filter(None, (c.group, c.metric))) for c in table.columns]
    width = 1 + len(heads) + len(layout.COUNTS)
    yield r"\begin{table}"
    yield r"\centering"
    yield rf"\caption{{{escaped(table.title)}. {escaped(table.subtitle)}.}}"
    yield rf"\begin{{tabular}}{{l{'r' * (width - 1)}}}"
    yield r"\toprule"
    yield _line("judge", *map(escaped, heads), *layout.COUNTS)
    yield r"\midrule"
    for index, row in enumerate(table.rows):
        if row.kind == "published" and (not index or table.rows[index - 1].kind != "published"):
            yield r"\midrule"
            yield rf"\multicolumn{{{width}}}{{l}}{{\emph{{{layout.PUBLISHED}}}}} \\"
        cells = [_cell(row, column) for column in table.columns]
        name = escaped(layout.judge(row) + footnotes.marks(row))
        yield _line(name, *cells, *map(escaped, layout.counts(row)))
    yield r"\bottomrule"
    yield r"\end{tabular}"
    yield r"\par\smallskip\raggedright\footnotesize"
    notes = [layout.legend(table), *table.notes]
    notes += [f"[{mark}] {text}" for mark, text in footnotes.lines()]
    yield " \\par\n".join(map(escaped, notes))
    yield r"\end{table}"


def _cell(row: Row, column: Column) -> str:
    text = layout.value(row, column)
    value = "--" if text == "-" else f"${text}$" if text.startswith("-") else text
    if column.place in row.best:
        value = rf"\textbf{{{value}}}"
    if column.place in row.tied:
        value += escaped(layout.TIED)
    # Intervals are figures alone; in math mode their signs are minus signs.
    interval = layout.interval(row, column)
    return rf"{value} {{\scriptsize ${interval}$}}" if interval else value


def _line(*cells: str) -> str:
    return rf"{' & '.join(cells)} \\"
