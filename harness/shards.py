"""A part of every task's items that one of several runs takes; ``merge`` joins them again."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import UserError
from .items import Item
from .seeds import seed_for


@dataclass(frozen=True)
class Shard:
    """Part ``number`` of ``of``, from 1.

    Items of one cluster are in one part: they show the same media, which a judge then opens and
    encodes once, and the part's own intervals stay honest. Which part that is depends on the
    cluster's name (the item's id, where it is alone) alone, so it is the same on every
    machine. Parts are equal in expectation only, and far from it where there are few clusters.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """From ``i/n``.

        Raises:
            UserError: it is something else, or ``i`` is none of 1 to ``n``.
        """
        match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise UserError(f"--shard {text}: say i/n with i from 1 to n, such as 1/4")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def has(self, item: Item) -> bool:
        """Whether this part has the item."""
        return seed_for("shard", item.cluster or item.id) % self.of == self.number - 1
