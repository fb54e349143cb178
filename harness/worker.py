"""One judge, or model under test, at work on portions of requests.

It opens media on threads ahead of the model, puts requests of like length into one batch, and
halves a batch that fails until the failing samples stand alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from .batches import Batches, isolated
from .errors import MediaError, UserError
from .items import Output, Request, Status
from .judge import Judge, failure
from .model import Model


class Answered(NamedTuple):
    """What was said to one request of a portion: its place there, and the seconds it took."""

    place: int
    output: Any
    seconds: float


class PortionWorker(Protocol):
    """What works on portions, of whatever kind; :class:`Worker` is that of judges and models."""

    def begin(self, asked: Sequence[Any]) -> Any:
        """Take a portion, which may be while another one is being finished."""
        ...

    def finish(self, begun: Any) -> Iterator[list[Answered]]:
        """Work on a portion that was begun.

        Raises:
            UserError: nothing of this kind can be worked on.
        """
        ...

    def spent(self) -> Mapping[str, object]:
        """What was used so far."""
        ...


class WorkerRecipe(Protocol):
    """How another process builds a worker; it is pickled."""

    def worker(self, batches: Batches, notify: Callable[[str], None]) -> PortionWorker:
        """Build it; nothing is loaded before it is asked.

        Args:
            batches: limits of a batch.
            notify: told when they shrink.

        Raises:
            UserError: it cannot be built here.
        """
        ...


@dataclass(frozen=True, slots=True)
class Begun:
    """A portion whose media are being prepared; nothing is, where the judge prepares nothing."""

    requests: Sequence[Request]
    prepared: Sequence[Future[Any]]


class Worker:
    """Asks a judge or model; a sample that fails costs nothing else.

    Args:
        by: who is asked.
        batches: limits of a batch; they shrink for good when memory has run out.
        notify: told of that.
        threads: that prepare.
    """

    def __init__(
        self,
        by: Judge | Model,
        batches: Batches,
        notify: Callable[[str], None],
        threads: int = 4,
    ) -> None:
        self._by, self._batches, self._notify = by, batches, notify
        self._prepare: Callable[[Request], Any] | None = getattr(by, "prepare", None)
        self._size: Callable[[Any], int] = getattr(by, "size", lambda prepared: 0)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="prepare")

    def begin(self, requests: Sequence[Request]) -> Begun:
        """Start to prepare a portion."""
        if self._prepare is None:
            return Begun(requests, ())
        return Begun(requests, [self._pool.submit(self._prepare, r) for r in requests])

    def finish(self, begun: Begun) -> Iterator[list[Answered]]:
        """Ask about a portion, a batch at a time.

        Raises:
            UserError: the judge cannot be used.
        """
        ready, failed = self._ready(begun)
        if failed:
            yield failed
        sized = [(self._size(prepared), place, prepared) for place, prepared in ready]
        sized.sort(key=lambda each: each[0])
        while sized:
            count = self._batches.first([tokens for tokens, _, _ in sized])
            batch, sized = sized[:count], sized[count:]
            began = time.perf_counter()
            outputs = isolated(
                self._ask,
                [prepared for _, _, prepared in batch],
                [tokens for tokens, _, _ in batch],
                self._batches,
                _failed,
                self._notify,
            )
            seconds = (time.perf_counter() - began) / len(batch)
            yield [
                Answered(place, output, seconds)
                for (_, place, _), output in zip(batch, outputs, strict=True)
            ]

    def spent(self) -> Mapping[str, object]:
        """What was used so far, of a judge that tells."""
        spent: Mapping[str, object] = getattr(self._by, "spent", dict)()
        return spent

    def close(self) -> None:
        """Prepare nothing more, and let go of what the judge holds."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        getattr(self._by, "close", lambda: None)()

    def _ready(self, begun: Begun) -> tuple[list[tuple[int, Any]], list[Answered]]:
        if not begun.prepared:
            return list(enumerate(begun.requests)), []
        ready: list[tuple[int, Any]] = []
        failed: list[Answered] = []
        for place, future in enumerate(begun.prepared):
            try:
                ready.append((place, future.result()))
            except UserError:
                raise
            except Exception as error:
                failed.append(Answered(place, _failed(error), 0.0))
        return ready, failed

    def _ask(self, batch: Sequence[Any]) -> Sequence[Output]:
        by = self._by
        outputs = list(by.respond(batch) if isinstance(by, Model) else by.judge(batch))
        if len(outputs) != len(batch):
            raise UserError(
                f"the judge returned {len(outputs)} outputs for a batch of {len(batch)};"
                " it must return one for each request, in order"
            )
        return outputs


def _failed(error: Exception) -> Output:
    if isinstance(error, MediaError):
        return Output(failure=(Status.MEDIA_FAILED, str(error)))
    return failure(error)
