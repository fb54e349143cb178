"""The candidates of every prompt: made in batches, stored as they come, never made twice.

``candidates.sqlite`` in the output folder has one row a candidate. Every batch is one durable
transaction, and batches begin at the same candidates after a stop, so a kill loses at most the
batch in flight, and what is made afterwards is what would have been made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..harness.errors import UserError
from ..harness.progress import progress
from ..harness.seeds import seed_for
from .media_files import MediaFolder
from .prompts_file import Prompt

_SCHEMA = """
CREATE TABLE IF NOT EXISTS candidates (
  prompt INTEGER NOT NULL, number INTEGER NOT NULL, seed INTEGER, text TEXT, media TEXT,
  failure TEXT, own_media INTEGER NOT NULL, truncated INTEGER NOT NULL,
  PRIMARY KEY (prompt, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stages (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One candidate that is to be made, with its prompt's position; *seed* if it is drawn."""

    position: int
    prompt: Prompt
    number: int
    seed: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: a text, or a file's content and how its name ends; or why not.

    ``own_media``: the failure is one of the prompt's own image or video. ``truncated``: a text
    that reached the token limit.
    """

    text: str | None = None
    data: bytes | None = None
    suffix: str = ""
    failure: str | None = None
    own_media: bool = False
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """One stored candidate; ``media`` is relative to the output folder."""

    position: int
    number: int
    seed: int | None
    text: str | None
    media: str | None
    failure: str | None
    own_media: bool
    truncated: bool

    @property
    def key(self) -> str:
        """Its content: candidates of equal keys are the same; empty if it says nothing."""
        return self.media or (self.text or "").strip()

    @property
    def usable(self) -> bool:
        """Whether it could be made, and says or shows something."""
        return self.failure is None and bool(self.key)


class Generator(Protocol):
    """Makes candidates in batches."""

    @property
    def batch_size(self) -> int:
        """How many are made at a time."""
        ...

    def make(self, wanted: Sequence[Wanted]) -> Sequence[Made]:
        """Make each of the batch, in order; a failure of one alone is part of what is returned."""
        ...

    def identity(self) -> Mapping[str, object]:
        """What candidates depend on besides prompt and seed; loads no weights."""
        ...

    def close(self) -> None:
        """Let go of the weights."""
        ...


class Makers(Protocol):
    """Makes portions of candidates, in this process or elsewhere."""

    @property
    def portion(self) -> int:
        """How many candidates a portion has."""
        ...

    def made(self, portions: Iterable[Sequence[Wanted]]) -> Iterator[list[tuple[Wanted, Made]]]:
        """Make every candidate once.

        Yields:
            What is there to be stored, in any order, as soon as it is there.

        Raises:
            UserError: the generator cannot be used.
        """
        ...

    def close(self) -> None:
        """Let go of what they hold."""
        ...


def wanted(prompts: Sequence[Prompt], count: int, seed: int) -> list[Wanted]:
    """``count`` candidates of each prompt; each has a seed of its own."""
    return [
        Wanted(position, prompt, number, seed_for(seed, prompt.id, number))
        for position, prompt in enumerate(prompts)
        for number in range(count)
    ]


def given(prompts: Sequence[Prompt]) -> list[Wanted]:
    """The candidates that prompts have already."""
    return [
        Wanted(position, prompt, number, None)
        for position, prompt in enumerate(prompts)
        for number in range(len(prompt.candidates))
    ]


class CandidateStore:
    """The stored candidates; the process that has opened them is the only one at work in a folder.

    Args:
        folder: the output folder.

    Raises:
        UserError: it cannot be written, another process holds it, or the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._db = sqlite3.connect(folder / "candidates.sqlite", timeout=1)
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
            with self._db:  # takes the lock, which is kept
                self._db.execute("DELETE FROM stages WHERE name = ''")
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def __enter__(self) -> CandidateStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self._db.close()

    @property
    def complete(self) -> bool:
        """Whether all were made; those that failed are not tried again then."""
        return self._db.execute("SELECT 1 FROM stages WHERE name = 'made'").fetchone() is not None

    def finish(self) -> None:
        """Mark them as complete."""
        with self._db:
            self._db.execute("INSERT OR IGNORE INTO stages VALUES ('made')")

    def made(self) -> set[tuple[int, int]]:
        """Position and number of those that are there and have not failed."""
        query = "SELECT prompt, number FROM candidates WHERE failure IS NULL"
        return set(self._db.execute(query))

    def write(self, candidates: Sequence[Candidate]) -> None:
        """Store some in one durable transaction."""
        try:
            with self._db:
                self._db.executemany(
                    "INSERT OR REPLACE INTO candidates VALUES (?,?,?,?,?,?,?,?)",
                    [
                        (
                            *(c.position, c.number, c.seed, c.text, c.media, c.failure),
                            *(int(c.own_media), int(c.truncated)),
                        )
                        for c in candidates
                    ],
                )
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def of_each(self, prompts: int) -> Iterator[list[Candidate]]:
        """The candidates of each prompt in turn, in order of their numbers."""
        for position in range(prompts):
            rows = self._db.execute(
                "SELECT * FROM candidates WHERE prompt = ? ORDER BY number", (position,)
            )
            yield [_candidate(*row) for row in rows]

    def first_failure(self) -> tuple[int, str] | None:
        """Position of a prompt with a failed candidate and the reason, if there is any."""
        query = "SELECT prompt, failure FROM candidates WHERE failure IS NOT NULL LIMIT 1"
        found: tuple[int, str] | None = self._db.execute(query).fetchone()
        return found

    def _unusable(self, error: sqlite3.Error) -> UserError:
        if "locked" in str(error):
            return UserError(
                f"{self.folder} is in use by another process; wait for it, or choose another output"
            )
        return UserError(
            f"{self.folder / 'candidates.sqlite'} cannot be used ({error}); free space, or choose"
            " another output"
        )


def collect(
    store: CandidateStore, media: MediaFolder, makers: Makers, all_wanted: Sequence[Wanted]
) -> None:
    """Make all candidates that are not stored yet.

    Raises:
        UserError: the generator cannot be used, or all that it made are failures.
    """
    if store.complete:
        return
    done = store.made()
    step = makers.portion
    grid = (all_wanted[start : start + step] for start in range(0, len(all_wanted), step))
    left = ([w for w in batch if (w.position, w.number) not in done] for batch in grid)
    with progress("candidates", len(all_wanted), len(done)) as shown:
        for made in makers.made(batch for batch in left if batch):
            stored = [_stored(wanted, one, media) for wanted, one in made]
            store.write(stored)
            shown.advance(len(stored), sum(c.failure is not None for c in stored))
    if all_wanted and not store.made():
        position, reason = store.first_failure() or (0, "?")
        prompt = next(w.prompt for w in all_wanted if w.position == position)
        raise UserError(f"every candidate failed; the first, prompt '{prompt.id}': {reason}")
    store.finish()


def _candidate(
    position: int,
    number: int,
    seed: int | None,
    text: str | None,
    media: str | None,
    failure: str | None,
    own_media: int,
    truncated: int,
) -> Candidate:
    flags = bool(own_media), bool(truncated)
    return Candidate(position, number, seed, text, media, failure, *flags)


def _stored(wanted: Wanted, made: Made, media: MediaFolder) -> Candidate:
    kept = None if made.data is None else media.keep(made.data, made.suffix)
    return Candidate(
        wanted.position,
        wanted.number,
        wanted.seed,
        made.text,
        kept,
        made.failure,
        made.own_media,
        made.truncated,
    )
