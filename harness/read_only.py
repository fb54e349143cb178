"""A finished run's records, read and never written: no lock, no journal, no file made."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from .errors import UserError
from .store import Store, only_tables

RECORDS = "records.sqlite"


class Answer(NamedTuple):
    """One stored output; scores are about the item's own candidates."""

    order: str
    vote: int
    status: str
    verdict: str | None
    score_a: float | None
    score_b: float | None
    raw: str | None
    error: str | None


def address(folder: Path) -> str:
    """How SQLite opens a run folder's records so that nothing is written.

    Raises:
        UserError: it holds none.
    """
    path = folder / RECORDS
    if not path.is_file():
        raise UserError(f"{folder} holds no records: it has no {RECORDS}")
    journal = path.with_name(f"{RECORDS}-wal")
    # SQLite wants to write beside a database in WAL mode, unless told that nobody changes it.
    quiet = not journal.exists() or journal.stat().st_size == 0
    return f"file:{quote(str(path.resolve()))}?{'immutable=1' if quiet else 'mode=ro'}"


def unreadable(folder: Path, error: Exception) -> UserError:
    """The records are there and cannot be read."""
    return UserError(f"{folder / RECORDS} cannot be read: {error}; copy the run folder again")


class ReadOnlyStore(Store):
    """One run folder, opened for reading; it may lie on a read-only disk, or still be written.

    Args:
        folder: the run folder.

    Raises:
        UserError: it holds no records, or they cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = None
        try:
            self._db = sqlite3.connect(address(folder), uri=True)
            only_tables(self._db, folder)
            self._db.execute("SELECT 1 FROM items, records LIMIT 1")
        except sqlite3.Error as error:
            raise unreadable(folder, error) from None

    def raw_outputs(self) -> Iterator[tuple[str, str, str, int, str, str]]:
        """(task, item id, order, vote, raw output, the item's content) of all that was said.

        Raises:
            UserError: the records are damaged.
        """
        try:
            yield from self._db.execute(
                "SELECT r.task, r.item, r.ord, r.vote, r.raw, i.content FROM records r"
                " JOIN items i ON i.task = r.task AND i.position = r.position"
                " WHERE r.raw IS NOT NULL ORDER BY r.rowid"
            )
        except sqlite3.Error as error:
            raise unreadable(self.folder, error) from None

    def contents(self, task: str) -> Iterator[tuple[int, str, str, str]]:
        """(position, item id, label, content) of each item, in order of position."""
        yield from self._db.execute(
            "SELECT position, item, label, content FROM items WHERE task = ? ORDER BY position",
            (task,),
        )

    def answers_about(self, task: str, position: int) -> list[Answer]:
        """What was said about one item: each order and vote."""
        rows = self._db.execute(
            "SELECT ord, vote, status, verdict, score_a, score_b, raw, error FROM records"
            " WHERE task = ? AND position = ? ORDER BY ord, vote",
            (task, position),
        )
        return [Answer(*row) for row in rows]

    def said(self, task: str) -> Iterator[tuple[int, Answer]]:
        """Each item's position with one answer about it, by position, order and vote."""
        for position, *answer in self._db.execute(
            "SELECT position, ord, vote, status, verdict, score_a, score_b, raw, error"
            " FROM records WHERE task = ? ORDER BY position, ord, vote",
            (task,),
        ):
            yield position, Answer(*answer)

    def item(self, task: str, position: int) -> tuple[str, str, str, str]:
        """(item id, label, group, content) of one item."""
        found: tuple[str, str, str, str] = self._db.execute(
            "SELECT item, label, grp, content FROM items WHERE task = ? AND position = ?",
            (task, position),
        ).fetchone()
        return found
