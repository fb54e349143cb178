"""A team's own leaderboard as a file: which runs, tasks, columns and rows, by which names.

::

    title: Our judges
    runs: [runs/nightly, boards/theirs.json]
    tasks: [genai-bench-*, vl-rewardbench]
    columns: [tau, diff, vl-rewardbench.macro, hallucination.accuracy]
    judges: [unifiedreward*, random]
    names: {unifiedreward-nano: Nano}
    order: given
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..harness.errors import UserError, not_found
from .model import Column, Place, Row, Table

Patterns = tuple[str, ...]


class Selection(BaseModel):
    """What a leaderboard shows. Names may be patterns (``*``, ``?``); nothing given means all.

    Args:
        title: heading of pages.
        runs: run folders, exported leaderboards, addresses; relative to the file.
        tasks: which, in this order.
        columns: figures, in this order: *metric* or *group.metric*, with or without *task.* before.
        judges: rows, by the names that the tables give.
        without: rows to leave out.
        names: what rows are to be called instead.
        order: of rows: by figure (*rank*), or as ``judges`` has them (*given*).
        published: add the figures from papers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = "Leaderboard"
    runs: Patterns = ()
    tasks: Patterns = ()
    columns: Patterns = ()
    judges: Patterns = ()
    without: Patterns = ()
    names: dict[str, str] = Field(default_factory=dict)
    order: Literal["rank", "given"] = "rank"
    published: bool = False

    def wants(self, row: Row) -> bool:
        """Whether a measured row is shown."""
        wanted = not self.judges or _fits(row.judge, self.judges)
        return wanted and not _fits(row.judge, self.without)

    def columns_of(self, task: str, rows: Sequence[Row], usual: Sequence[Column]) -> list[Column]:
        """The task's columns: those named, among every figure that the rows have, or the usual."""
        if not self.columns:
            return list(usual)
        headline = {column.place: column.headline for column in usual}
        places = dict.fromkeys([*headline, *(place for row in rows for place in row.cells)])
        found = [
            place
            for pattern in self.columns
            for place in places
            if any(fnmatchcase(name, pattern) for name in _column_names(task, place))
        ]
        return [
            Column(metric, group, headline.get((group, metric), False))
            for group, metric in dict.fromkeys(found)
        ]

    def ordered(self, rows: Sequence[Row]) -> list[Row]:
        """Ranked rows in the order asked for."""
        if self.order == "rank" or not self.judges:
            return list(rows)
        return sorted(
            rows,
            key=lambda row: next(i for i, p in enumerate(self.judges) if _fits(row.judge, [p])),
        )

    def named(self, rows: Sequence[Row]) -> list[Row]:
        """The rows by their chosen names.

        Raises:
            UserError: two rows of a table would have the same one.
        """
        found = [replace(row, judge=self.names.get(row.judge, row.judge)) for row in rows]
        names = [row.judge for row in found if row.kind == "run"]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"names: two rows would be called '{name}'; choose another name")
        return found

    def arranged(self, tables: Sequence[Table]) -> list[Table]:
        """The tables of the chosen tasks in the order asked for."""
        if not self.tasks:
            return list(tables)
        return [t for p in self.tasks for t in tables if fnmatchcase(t.task, p)]

    def check(self, tasks: Iterable[str], judges: Iterable[str], columns: Iterable[str]) -> None:
        """Refuse names that nothing has.

        Args:
            tasks, judges, columns: every name that the runs have.

        Raises:
            UserError: names the first one, and the nearest that there is.
        """
        for kind, given, known in (
            ("task", self.tasks, set(tasks)),
            ("judge", (*self.judges, *self.without, *self.names), set(judges)),
            ("column", self.columns, set(columns)),
        ):
            for pattern in given:
                if not any(_fits(name, [pattern]) for name in known):
                    raise not_found(kind, pattern, known)


def column_names(task: str, rows: Iterable[Row]) -> set[str]:
    """Every name by which a figure of the rows can be chosen."""
    return {n for row in rows for place in row.cells for n in _column_names(task, place)}


def _column_names(task: str, place: Place) -> list[str]:
    name = ".".join(filter(None, place))
    return [name, f"{task}.{name}"]


def _fits(name: str, patterns: Iterable[str]) -> bool:
    """Brackets are often part of a name, so a name that is a pattern fits itself too."""
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def read_selection(file: Path) -> Selection:
    """Read a selection; its relative paths are made to start at the file's folder.

    Raises:
        UserError: it is missing, no YAML, or holds a setting that is unknown or does not fit.
    """
    import yaml

    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is no YAML file: {' '.join(str(error).split())}") from None
    known = ", ".join(Selection.model_fields)
    if not isinstance(content, dict):
        raise UserError(f"{file} must hold settings: {known}")
    try:
        selection = Selection.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            raise UserError(f"{file}: {not_found('setting', place, known.split(', '))}") from None
        raise UserError(f"{file}: {place}: {first['msg']}") from None
    runs = [run if "://" in run else str(file.parent / run) for run in selection.runs]
    return selection.model_copy(update={"runs": tuple(runs)})
