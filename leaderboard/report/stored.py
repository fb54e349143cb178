"""A run's records as a report reads them: whole outputs item by item, and what they took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np

from ...harness.read_only import ReadOnlyStore
from ...harness.statistics import Floats


@dataclass(frozen=True, slots=True)
class Given:
    """One stored output, as the judge gave it and as it was read, with what it took.

    ``order`` is *ab* or *ba*; ``score_a`` and ``score_b`` are about the item's own candidates;
    ``logprobs`` is a JSON object of answer phrases.
    """

    order: str
    vote: int
    status: str
    verdict: str | None
    score_a: float | None
    score_b: float | None
    raw: str | None
    error: str | None
    logprobs: str | None
    tokens_in: int | None
    tokens_out: int | None
    seconds: float | None


_FIELDS = (
    "ord, vote, status, verdict, score_a, score_b, raw, error, logprobs,"
    " tokens_in, tokens_out, seconds"
)


class Reader(ReadOnlyStore):
    """The records of a run folder, open for reading alone.

    Raises:
        UserError: the folder holds no records, or they cannot be read.
    """

    def statuses(self, task: str) -> dict[str, int]:
        """How many outputs ended how."""
        return dict(
            self._db.execute(
                "SELECT status, count(*) FROM records WHERE task = ? GROUP BY status", (task,)
            )
        )

    def spent(self, task: str) -> Floats:
        """Position, seconds, tokens in and out of each output; ``nan`` if unknown; shape (n, 4)."""
        rows = self._db.execute(
            "SELECT position, seconds, tokens_in, tokens_out FROM records WHERE task = ?", (task,)
        ).fetchall()
        return np.array(rows, dtype=np.float64).reshape(-1, 4)

    def by_item(self, task: str, share: int = 1) -> Iterator[tuple[int, list[Given]]]:
        """Each item's position with all its outputs, in order of position.

        ``share`` is how many stored positions an item has (the grades of its votes).
        """
        rows = self._db.execute(
            f"SELECT position / ?, {_FIELDS} FROM records WHERE task = ?"
            " ORDER BY position, vote, ord",
            (share, task),
        )
        for position, own in groupby(rows, itemgetter(0)):
            yield position, [Given(*row[1:]) for row in own]
