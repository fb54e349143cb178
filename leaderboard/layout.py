"""How figures, names and footnotes are written; shared by the terminal and Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from string import ascii_lowercase

from ..harness import directions
from .model import Cell, Column, Row, Table

NOT_SHARES = frozenset(
    {"tie_threshold", "model_score", "reference_score", "reward", "mean_rank"}
    | {"score" + end for end in ("", "_lower", "_upper")}
)
"""Metrics in units of their own: written as they are, not in percent."""
CORRELATIONS = frozenset(
    name + end for name in ("spearman", "kendall", "pearson") for end in ("", "_parsed")
)
"""Metrics from -1 to 1, written so."""

TIED = "†"
"""Marks a figure that could not be told apart from the best."""
LOWER_IS_BETTER = directions.LOWER_IS_BETTER | {"mean_rank"}
"""Columns of which less is better."""
PUBLISHED = "published"
COUNTS = ("n", "unparsed", "failed")


def plain(text: str) -> str:
    """The text on one line, without control, invisible or direction-changing characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def judge(row: Row) -> str:
    """The row's name, saying so where it is not a whole run."""
    return plain(row.judge) + ("" if row.complete else " (incomplete)")


def value(row: Row, column: Column) -> str:
    """The figure in percent to two decimals; as many as the source has where it is quoted."""
    cell = row.cells.get(column.place)
    if cell is None or cell.value is None:
        return "-"
    if column.metric in NOT_SHARES:
        return f"{cell.value:.4g}"
    if column.metric in CORRELATIONS:
        return f"{cell.value:.3f}"
    return _as_published(cell.value) if row.kind == "published" else f"{100 * cell.value:.2f}"


def marked(row: Row, column: Column) -> str:
    """The figure, with a dagger where it could not be told apart from the best."""
    return value(row, column) + (TIED if column.place in row.tied else "")


def _as_published(share: float) -> str:
    percent = (Decimal(repr(share)) * 100).normalize()
    return f"{percent:.2f}" if percent.as_tuple().exponent == -2 else f"{percent:.1f}"


def interval(row: Row, column: Column) -> str:
    """``[low, high]``, written as the figure is, or nothing."""
    cell = row.cells.get(column.place, Cell(None))
    if cell.low is None or cell.high is None:
        return ""
    if column.metric in CORRELATIONS:
        return f"[{cell.low:.3f}, {cell.high:.3f}]"
    if column.metric in NOT_SHARES:
        return f"[{cell.low:.3g}, {cell.high:.3g}]"
    return f"[{100 * cell.low:.1f}, {100 * cell.high:.1f}]"


def counts(row: Row) -> tuple[str, ...]:
    """Items, unparsed and failed outputs of a measured row."""
    own = row.counts.get("")
    if own is None:
        return ("",) * len(COUNTS)
    return tuple(f"{count:,}" for count in (own.n, own.unparsed, own.failed))


@dataclass(frozen=True)
class Footnotes:
    """Numbered sources and lettered notes of a table's rows."""

    sources: dict[str, str]
    notes: dict[str, str]

    @classmethod
    def of(cls, table: Table) -> Footnotes:
        """Number what the table's rows refer to, in order of first mention."""
        sources = _unique(row.source.text for row in table.rows if row.source)
        notes = _unique(note for row in table.rows for note in row.notes)
        return cls(
            {text: str(number) for number, text in enumerate(sources, 1)},
            {text: _letters(number) for number, text in enumerate(notes)},
        )

    def marks(self, row: Row) -> str:
        """The row's references: `` [1,a,b]``."""
        own = [self.sources[row.source.text]] if row.source else []
        own += sorted(self.notes[note] for note in row.notes)
        return f" [{','.join(own)}]" if own else ""

    def lines(self) -> list[tuple[str, str]]:
        """Each mark with its text."""
        return [(mark, text) for text, mark in [*self.sources.items(), *self.notes.items()]]


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _letters(number: int) -> str:
    round_, letter = divmod(number, len(ascii_lowercase))
    return ascii_lowercase[letter] + (str(round_) if round_ else "")


def _best_word(table: Table) -> str:
    lower = {lower_is_better(place[1]) for row in table.rows for place in row.best}
    return "best" if True in lower else "highest"


def lower_is_better(metric: str) -> bool:
    """Whether a low figure is the better one."""
    return metric in LOWER_IS_BETTER


def legend(table: Table) -> str:
    """How to read the figures of this table."""
    correlations = any(column.metric in CORRELATIONS for column in table.columns)
    shares = any(column.metric not in CORRELATIONS for column in table.columns)
    kinds = ["figures in percent"] * shares + ["correlations from -1 to 1"] * correlations
    parts = [", ".join(kinds).capitalize() + "."]
    if any(cell.low is not None for row in table.rows for cell in row.cells.values()):
        parts = [parts[0].removesuffix(".") + ", with 95% intervals."]
    if any(row.best for row in table.rows):
        parts.append(f"Bold: the {_best_word(table)} of the complete runs.")
    if any(row.tied for row in table.rows):
        parts.append(f"{TIED}: not told apart from it.")
    return " ".join(parts)
