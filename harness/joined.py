"""A run folder that takes in the records of others."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from .items import Status
from .read_only import ReadOnlyStore, address, unreadable
from .store import Store

_FAILED = ",".join(f"'{status.value}'" for status in Status if status.failed)
_KEY = "task, position, ord, vote"
_ANSWER = ("status", "verdict", "score_a", "score_b", "raw", "logprobs", "truncated")
_DIFFER = " OR ".join(f"theirs.{name} IS NOT ours.{name}" for name in _ANSWER)

_CONFLICT = f"""
SELECT theirs.task, theirs.item, theirs.ord, theirs.vote
FROM part.records theirs JOIN main.records ours USING ({_KEY})
WHERE ours.status NOT IN ({_FAILED}) AND theirs.status NOT IN ({_FAILED}) AND ({_DIFFER}) LIMIT 1
"""
_TAKE = f"""
INSERT OR REPLACE INTO main.records
SELECT theirs.* FROM part.records theirs LEFT JOIN main.records ours USING ({_KEY})
WHERE ours.task IS NULL OR ours.status IN ({_FAILED})
"""


class Conflict(NamedTuple):
    """One sample to which two runs have different answers."""

    task: str
    item: str
    order: str
    vote: int


class JoinedStore(Store):
    """A run folder, and the records of others that are read into it."""

    def take(self, folder: Path) -> Conflict | None:
        """Take all records of a run folder, or none where one conflicts.

        An answer that is here already stays; a sample that has failed here gives way.

        Returns:
            The first sample that both have an answer to, and not the same one.

        Raises:
            UserError: its records cannot be read.
        """
        ReadOnlyStore(folder).close()  # refuses a database that is not one of ours
        self._db.execute("ATTACH ? AS part", (address(folder),))
        try:
            found = self._db.execute(_CONFLICT).fetchone()
            if found is not None:
                return Conflict(*found)
            with self._transaction():
                self._db.execute("INSERT OR IGNORE INTO main.items SELECT * FROM part.items")
                self._db.execute(_TAKE)
        except sqlite3.DatabaseError as error:
            raise unreadable(folder, error) from None
        finally:
            self._db.execute("DETACH part")
        return None
