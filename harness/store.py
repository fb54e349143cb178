"""The run folder: ``records.sqlite``, ``manifest.json``, ``results.json``, ``log.txt``.

Every batch is one durable transaction (WAL, full synchronisation), so a kill at any moment loses
at most the batch in flight. Rows are keyed by (task, item, order, vote): writing is idempotent.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from .errors import UserError
from .items import Item, Record, Status
from .kept import keep
from .lock import hold
from .stored_rows import Stored, label_text, record_row, stored_output

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
  task TEXT NOT NULL, position INTEGER NOT NULL, item TEXT NOT NULL, label TEXT NOT NULL,
  grp TEXT NOT NULL, cluster TEXT NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (task, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
  task TEXT NOT NULL, position INTEGER NOT NULL, item TEXT NOT NULL, ord TEXT NOT NULL,
  vote INTEGER NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL, verdict TEXT,
  score_a REAL, score_b REAL, raw TEXT, error TEXT, logprobs TEXT,
  tokens_in INTEGER, tokens_out INTEGER, truncated INTEGER NOT NULL, seconds REAL,
  PRIMARY KEY (task, position, ord, vote)
);
"""
PULLED = "inventory.json"
"""In a copy of somebody's run, which stays as it was pushed; see :mod:`unieval.leaderboard`."""
_FAILED = tuple(s.value for s in Status if s.failed)


Row = tuple[int, str, int, str, str | None, float | None, float | None]
"""Of one output: position, order, vote, status, verdict, score_a, score_b."""


class Store:
    """One open run folder.

    Args:
        folder: the run folder; made if missing.

    Raises:
        UserError: the folder cannot be made or written, another process holds it, or its
            database is not one of ours.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None
        if (folder / PULLED).is_file():
            raise UserError(
                f"{folder} is a copy that was pulled, and stays as it is; to go on with the run,"
                f" copy the folder without its {PULLED}"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = hold(folder)
            self._db = sqlite3.connect(folder / "records.sqlite", uri=True)
            only_tables(self._db, folder)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            self._release()
            raise unwritable(folder, error) from error
        except UserError:
            self._release()
            raise

    def close(self) -> None:
        """Close the database and let go of the folder."""
        self._db.close()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if isinstance(error, sqlite3.Error):
            raise unwritable(self.folder, error) from error

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def finished(self, task: str, first: int, last: int) -> set[tuple[int, str, int]]:
        """(position, order, vote) of outputs already stored for items ``first`` to ``last``.

        Samples that failed are not among them: they are tried again.
        """
        marks = ",".join("?" * len(_FAILED))
        return set(
            self._db.execute(
                "SELECT position, ord, vote FROM records WHERE task = ? AND position BETWEEN ? AND"
                f" ? AND status NOT IN ({marks})",
                (task, first, last, *_FAILED),
            )
        )

    def write(
        self,
        task: str,
        items: Iterable[tuple[int, Item]],
        records: Iterable[tuple[int, Record]],
    ) -> None:
        """Store items and records, each with the item's position, in one durable transaction."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO items VALUES (?,?,?,?,?,?,?)",
                [
                    (task, p, i.id, label_text(i), i.group, i.cluster or i.id, i.content)
                    for p, i in items
                ],
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO records VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                [record_row(position, record) for position, record in records],
            )

    def items(self, task: str) -> Iterator[tuple[int, str, str, str]]:
        """(position, label, group, cluster) of each item, in order of position."""
        yield from self._db.execute(
            "SELECT position, label, grp, cluster FROM items WHERE task = ? ORDER BY position",
            (task,),
        )

    def rows(self, task: str) -> Iterator[list[Row]]:
        """The stored outputs of one task in blocks, in order of position."""
        cursor = self._db.execute(
            "SELECT position, ord, vote, status, verdict, score_a, score_b FROM records"
            " WHERE task = ? ORDER BY position, ord, vote",
            (task,),
        )
        while block := cursor.fetchmany(2_000):
            yield block

    def texts(self, task: str, first: int, last: int) -> dict[tuple[int, int], str]:
        """What a model said to items ``first`` to ``last``, by (position, vote).

        Those that failed are not among them, nor those to questions with rotated options.
        """
        rows = self._db.execute(
            "SELECT position, vote, raw FROM records WHERE task = ? AND position BETWEEN ? AND ?"
            " AND ord = 'ab' AND raw IS NOT NULL",
            (task, first, last),
        )
        return {(position, vote): raw for position, vote, raw in rows}

    def keep(self, content: bytes, suffix: str) -> str:
        """Store a file that a model made under the hash of its content; returns its place."""
        try:
            return keep(self.folder, content, suffix)
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def has_scores(self, task: str) -> bool:
        """Whether the task's outputs are scores rather than verdicts."""
        query = "SELECT 1 FROM records WHERE task = ? AND score_a IS NOT NULL LIMIT 1"
        return self._db.execute(query, (task,)).fetchone() is not None

    def has_texts(self, task: str) -> bool:
        """Whether the task's outputs were written by the judge."""
        query = "SELECT 1 FROM records WHERE task = ? AND raw IS NOT NULL LIMIT 1"
        return self._db.execute(query, (task,)).fetchone() is not None

    def outputs(self, task: str, protocol: Literal["robust", "official"]) -> Iterator[list[Stored]]:
        """The answered outputs as the judge gave them, in blocks that may be rewritten."""
        # The plus keeps SQLite on the row ids; by the task's index every block would be a new sort.
        query = (
            "SELECT r.rowid, r.ord, r.raw, r.score_a, r.score_b, r.truncated, i.content FROM"
            " records r JOIN items i ON i.task = r.task AND i.position = r.position WHERE"
            " +r.task = ? AND r.rowid > ? AND (r.raw IS NOT NULL OR r.score_a IS NOT NULL)"
            " ORDER BY r.rowid LIMIT 5000"
        )
        last = -1
        while block := self._db.execute(query, (task, last)).fetchall():
            yield [stored_output(protocol, *row) for row in block]
            last = block[-1][0]

    def reparse(
        self, changes: Sequence[tuple[str, str | None, float | None, float | None, int]]
    ) -> None:
        """Replace (status, verdict, score_a, score_b) of the rows given by their rowid."""
        with self._transaction():
            self._db.executemany(
                "UPDATE records SET status = ?, verdict = ?, score_a = ?, score_b = ?"
                " WHERE rowid = ?",
                changes,
            )

    def first_failure(self) -> tuple[str, str] | None:
        """(item id, reason) of one failed sample, if any."""
        marks = ",".join("?" * len(_FAILED))
        found: tuple[str, str] | None = self._db.execute(
            f"SELECT item, error FROM records WHERE status IN ({marks}) ORDER BY rowid LIMIT 1",
            _FAILED,
        ).fetchone()
        return found

    def first_unread(self) -> tuple[str, str, str | None] | None:
        """(item id, status, text) of one answer that could not be read, if any."""
        marks = ",".join("?" * len(_FAILED))
        found: tuple[str, str, str | None] | None = self._db.execute(
            f"SELECT item, status, raw FROM records WHERE status NOT IN ('ok',{marks})"
            " ORDER BY rowid LIMIT 1",
            _FAILED,
        ).fetchone()
        return found

    def count(self, task: str | None = None) -> int:
        """Number of stored outputs, of one task or of all."""
        where, values = ("WHERE task = ?", (task,)) if task else ("", ())
        (number,) = self._db.execute(f"SELECT count(*) FROM records {where}", values).fetchone()
        return int(number)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._db:
                yield
        except sqlite3.DatabaseError as error:
            raise unwritable(self.folder, error) from error


def unwritable(folder: Path, error: Exception) -> UserError:
    """The error for a run folder that cannot be written, or whose database is damaged."""
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return UserError(f"{folder / 'records.sqlite'} is damaged ({error}); choose another --out")
    reason = getattr(error, "strerror", None) or str(error)
    return UserError(
        f"cannot write the run folder {folder}: {reason}; free space or choose another --out"
    )


def only_tables(database: sqlite3.Connection, folder: Path) -> None:
    """Refuse a database that would do something of its own when it is read or written.

    Raises:
        UserError: it holds views or triggers.
    """
    database.execute("PRAGMA trusted_schema=OFF")
    query = "SELECT type, name FROM sqlite_master WHERE type NOT IN ('table', 'index') LIMIT 1"
    for kind, name in database.execute(query):
        database.close()
        raise UserError(
            f"{folder / 'records.sqlite'} holds a {kind} ({name}), as no run does; do not trust it"
        )


def write_json(path: Path, content: object) -> None:
    """Write a JSON file so that it is either the old one or the whole new one.

    Raises:
        UserError: the folder cannot be written.
    """
    part = path.with_suffix(".part")
    try:
        # Half a surrogate pair, which JSON may hold and UTF-8 may not, becomes its JSON escape.
        with part.open("w", encoding="utf-8", errors="backslashreplace") as file:
            json.dump(content, file, indent=1, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise unwritable(path.parent, error) from error
