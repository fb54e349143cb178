"""Which row is learnt when, and its media, opened when a batch needs them."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, TypeVar

from ..harness.errors import MediaError, UserError
from ..harness.items import Media
from ..harness.seeds import seed_for
from .preferences import Preference

T = TypeVar("T")


def schedule(rows: int, length: int, seed: int) -> list[int]:
    """The row numbers of a whole training, one after the other.

    The first epoch takes the rows in the mixture's order, later ones in an order of their own. All
    of it is fixed beforehand, so neither a resume nor the number of processes can change it.
    """
    order: list[int] = []
    epoch = 0
    while len(order) < length:
        numbers = list(range(rows))
        if epoch:
            random.Random(seed_for(seed, "epoch", epoch)).shuffle(numbers)
        order += numbers
        epoch += 1
    return order[:length]


def fingerprint(preferences: Sequence[Preference]) -> str:
    """Hash of what the rows say, in their order; media count by their names."""
    digest = blake2b(digest_size=16)
    for row in preferences:
        said = [row.source, row.id, row.prompt, row.verdict, row.score, row.rationale]
        shown = [part.key if isinstance(part, Media) else part for part in row.candidates]
        line = "\0".join(map(str, [*said, *shown, *(media.key for media in row.context)]))
        digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


class Opened:
    """Rows that are made ready, media and all, when they are asked for.

    Args:
        preferences: the rows.
        make: makes one ready.
        skip_bad: put the next row in the place of one whose media cannot be used.
    """

    def __init__(
        self, preferences: Sequence[Preference], make: Callable[[Preference], T], skip_bad: bool
    ) -> None:
        self._preferences, self._make, self._skip_bad = preferences, make, skip_bad

    def __getitem__(self, number: int) -> Any:
        for step in range(len(self._preferences)):
            preference = self._preferences[(number + step) % len(self._preferences)]
            try:
                return self._make(preference)
            except MediaError as error:
                place = f"{preference.source}, preference '{preference.id}': {error}"
                if not self._skip_bad:
                    raise UserError(f"{place}; or say skip_bad: true") from None
                print(f"left out: {place}", file=sys.stderr)
        raise UserError("no row's media can be opened; check data.root and the sources' media")


def in_words(error: UserError) -> UserError:
    """The error itself, where a worker process has put it at the end of its traceback."""
    last = str(error).strip().splitlines()[-1]
    return UserError(last.partition("UserError: ")[2] or str(error))
