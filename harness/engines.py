"""Where a judge or model answers: in this process, or as replicas on a Ray cluster.

An engine is given portions of requests and gives their answers back, in any order; the runner does
the rest, so plans, run folders and results do not depend on the engine.
"""

from __future__ import annotations

import importlib.util
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from .batches import Batches
from .errors import UserError
from .items import Output, Request
from .judge import Judge, answering
from .model import Model
from .registry import Entry, judges, load_plugin, loaded_plugins, models
from .worker import Begun, Worker

if TYPE_CHECKING:
    from .ray_engine import RayReplicas

EngineName = Literal["local", "ray"]
_WHOLE = 1 << 20
"""Requests in a portion where nothing but the plan's own grain bounds it."""
_WINDOW = 4
"""Batches that are sorted by length together."""


class Work(NamedTuple):
    """One request still to be answered, with its item's position."""

    position: int
    request: Request


class Answer(NamedTuple):
    """What was said to one request, and the seconds it took."""

    work: Work
    output: Output
    seconds: float


class Engine(Protocol):
    """Answers portions of requests."""

    @property
    def needs_media(self) -> bool:
        """Whether images and videos are going to be opened."""
        ...

    @property
    def portion(self) -> int:
        """How many requests a portion should have."""
        ...

    def answers(self, portions: Iterable[Sequence[Work]]) -> Iterator[list[Answer]]:
        """Answer every request once; portions are drawn no faster than they are worked off.

        Yields:
            What is there to be stored, as soon as it is there.

        Raises:
            UserError: the judge or the engine cannot be used.
        """
        ...

    def spent(self) -> Mapping[str, object]:
        """What a judge has used that tells."""
        ...

    def close(self) -> None:
        """Let go of the judge and what it holds, whatever is still under way."""
        ...


class Local:
    """This process: the next portion is prepared while the current one is answered."""

    def __init__(self, by: Judge | Model, batches: Batches, notify: Callable[[str], None]) -> None:
        self.needs_media = by.supports.needs_media
        self.portion = portion_for(by, batches, otherwise=_WHOLE)
        self._worker = Worker(by, batches, notify)

    def answers(self, portions: Iterable[Sequence[Work]]) -> Iterator[list[Answer]]:
        """See :class:`Engine`."""
        begun: deque[tuple[Sequence[Work], Begun]] = deque()
        for portion in portions:
            begun.append((portion, self._worker.begin([work.request for work in portion])))
            if len(begun) > 1:
                yield from self._finished(*begun.popleft())
        for portion, last in begun:
            yield from self._finished(portion, last)

    def _finished(self, portion: Sequence[Work], begun: Begun) -> Iterator[list[Answer]]:
        for batch in self._worker.finish(begun):
            yield [Answer(portion[one.place], one.output, one.seconds) for one in batch]

    def spent(self) -> Mapping[str, object]:
        """See :class:`Engine`."""
        return self._worker.spent()

    def close(self) -> None:
        """See :class:`Engine`."""
        self._worker.close()


def portion_for(by: Judge | Model, batches: Batches, otherwise: int) -> int:
    """Several batches where they are sorted by length, else what the engine likes best."""
    return batches.requests * _WINDOW if hasattr(by, "prepare") else otherwise


@dataclass(frozen=True)
class Recipe:
    """How another process builds the same judge or model.

    ``noted`` is what it took note of in the plan (its optional members ``noted()`` and
    ``note(...)``). Relative paths among the arguments start at ``folder``.
    """

    kind: Literal["judge", "model"]
    name: str
    arguments: Mapping[str, object]
    noted: Mapping[str, object] = field(default_factory=dict)
    plugins: tuple[Path, ...] = ()
    folder: str = "."

    @classmethod
    def of(
        cls,
        kind: Literal["judge", "model"],
        name: str,
        arguments: Mapping[str, object],
        by: Judge | Model,
    ) -> Recipe:
        """The recipe of one that stands here already."""
        noted: Mapping[str, object] = getattr(by, "noted", dict)()
        return cls(kind, name, dict(arguments), noted, loaded_plugins(), str(Path.cwd()))

    def worker(self, batches: Batches, notify: Callable[[str], None]) -> Worker:
        """A worker that asks it; see :class:`~.worker.WorkerRecipe`."""
        return Worker(self.build(), batches, notify)

    def build(self) -> Judge | Model:
        """Build it; nothing is loaded before it is asked.

        Raises:
            UserError: a plugin, the name or an argument is not known here.
        """
        if Path(self.folder).is_dir():
            os.chdir(self.folder)
        for plugin in self.plugins:
            load_plugin(plugin)
        if self.kind == "model":
            by: Judge | Model = models.get(self.name).create(self.arguments)
        else:
            by = answering(judges.get(self.name).create(self.arguments), self.name)
        if self.noted:
            by.note(self.noted)  # type: ignore[union-attr]
        return by


@dataclass(frozen=True)
class EngineSettings:
    """Which engine, and its arguments as the user gave them.

    Raises:
        UserError: at once, if an argument is unknown or Ray is not installed.
    """

    name: EngineName = "local"
    arguments: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name == "local" and self.arguments:
            raise UserError("--engine-arg needs --engine ray; the local engine takes none")
        if self.name == "ray":
            if importlib.util.find_spec("ray") is None:
                raise UserError("--engine ray needs Ray: pip install 'unieval[ray]'")
            self.replicas()

    def open(
        self, by: Judge | Model, recipe: Recipe, batches: Batches, notify: Callable[[str], None]
    ) -> Engine:
        """The engine for one judge or model; nothing starts before there is work."""
        if self.name == "local":
            return Local(by, batches, notify)
        return self.replicas().engine(by, recipe, batches, notify)

    def replicas(self) -> RayReplicas:
        """What the arguments of the Ray engine say."""
        return self.entry().create(self.arguments)

    @staticmethod
    def entry() -> Entry[RayReplicas]:
        """What the arguments of the Ray engine are."""
        from .ray_engine import RayReplicas

        return Entry("--engine ray", RayReplicas, None, RayReplicas.__module__)
