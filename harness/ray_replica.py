"""One replica of a judge or model: what runs inside a Ray actor. Ray itself is not needed here."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from .batches import Batches
from .engines import Recipe
from .errors import UserError
from .items import Request
from .worker import Answered, Worker

AT_ONCE = 2
"""Portions at a replica: one is answered while the media of the next are prepared."""


@dataclass(frozen=True)
class Ready:
    """A replica is there; on which machine, as which process."""

    host: str
    process: int


@dataclass(frozen=True)
class Refused:
    """The judge cannot be used at all: the message of a :class:`UserError`."""

    reason: str


@dataclass(frozen=True)
class Reply:
    """The answers to one portion; ``said`` is for the user, ``spent`` what was used in all."""

    answered: list[Answered]
    said: list[str] = field(default_factory=list)
    spent: Mapping[str, object] = field(default_factory=dict)


class Replica:
    """Builds its judge from the recipe and answers portions; it keeps nothing that is not cached.

    Args:
        recipe: of the judge or model.
        batches: limits of a batch; they shrink for this replica alone.
    """

    def __init__(self, recipe: Recipe, batches: Batches) -> None:
        self._recipe, self._batches = recipe, batches
        self._said: list[str] = []
        self._turn = Lock()

    def open(self) -> Ready | Refused:
        """Build the judge."""
        try:
            self._worker = Worker(self._recipe.build(), self._batches, self._said.append)
        except UserError as error:
            return Refused(str(error))
        return Ready(socket.gethostname(), os.getpid())

    def answer(self, requests: Sequence[Request]) -> Reply | Refused:
        """Answer one portion; the next may be given already, so that its media are prepared."""
        begun = self._worker.begin(requests)
        with self._turn:
            try:
                answered = [one for batch in self._worker.finish(begun) for one in batch]
            except UserError as error:
                return Refused(str(error))
            said, self._said[:] = list(self._said), []
            return Reply(answered, said, self._worker.spent())
