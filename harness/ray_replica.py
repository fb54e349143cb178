"""One replica of a worker: what runs inside a Ray actor. Ray itself is not needed here."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from .batches import Batches
from .errors import UserError
from .worker import Answered, WorkerRecipe

AT_ONCE = 2
"""Portions at a replica: one is answered while the media of the next are prepared."""


@dataclass(frozen=True)
class Ready:
    """A replica is there; on which machine, as which process."""

    host: str
    process: int


@dataclass(frozen=True)
class Refused:
    """The worker cannot be used at all: the message of a :class:`UserError`."""

    reason: str


@dataclass(frozen=True)
class Reply:
    """The answers to one portion; ``said`` is for the user, ``spent`` what was used in all."""

    answered: list[Answered]
    said: list[str] = field(default_factory=list)
    spent: Mapping[str, object] = field(default_factory=dict)


class Replica:
    """Builds its worker from the recipe and answers portions; it keeps nothing that is not cached.

    Args:
        recipe: of the worker.
        batches: limits of a batch; they shrink for this replica alone.
    """

    def __init__(self, recipe: WorkerRecipe, batches: Batches) -> None:
        self._recipe, self._batches = recipe, batches
        self._said: list[str] = []
        self._turn = Lock()

    def open(self) -> Ready | Refused:
        """Build the worker."""
        try:
            self._worker = self._recipe.worker(self._batches, self._said.append)
        except UserError as error:
            return Refused(str(error))
        return Ready(socket.gethostname(), os.getpid())

    def answer(self, asked: Sequence[Any]) -> Reply | Refused:
        """Answer one portion; the next may be given already, so that its media are prepared."""
        begun = self._worker.begin(asked)
        with self._turn:
            try:
                answered = [one for batch in self._worker.finish(begun) for one in batch]
            except UserError as error:
                return Refused(str(error))
            said, self._said[:] = list(self._said), []
            return Reply(answered, said, self._worker.spent())
