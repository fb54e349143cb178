"""Task x judge -> records: skip what is stored, prepare ahead, batch, isolate what fails, store."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from .errors import MediaError, UserError
from .items import Item, Output, Record, Request, Status
from .judge import Judge, failure
from .parsing import Asked, Grammar, in_item_frame, parse
from .plan import Plan
from .progress import Progress
from .store import Store

_CHUNK = 512
"""Items read at a time when nothing else bounds it; also the grain of the *done already* query."""
_WINDOW = 4
"""Batches that are sorted by length together."""


@dataclass(frozen=True, slots=True)
class Work:
    """One request still to be judged, with its item's position."""

    position: int
    request: Request


@dataclass(slots=True)
class Window:
    """Items read together, what of them is to be judged, and its preparation under way."""

    items: list[tuple[int, Item]]
    work: list[Work]
    prepared: list[Future[Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Runner:
    """Runs one judge over one planned task into one store."""

    plan: Plan
    judge: Judge
    store: Store
    read: Grammar
    protocol: Literal["robust", "official"]
    batch_size: int
    threads: int = 4

    def run(self, progress: Progress) -> None:
        """Judge everything that is not stored yet.

        A sample that fails is recorded with its reason, and the run goes on. A batch that fails
        is halved until the failing samples stand alone, so one bad sample (or one batch too big
        for the memory) costs nothing else.
        """
        with ThreadPoolExecutor(self.threads, thread_name_prefix="prepare") as pool:
            for window in self._ahead(pool):
                try:
                    self._judge_window(window, progress)
                except BaseException:
                    for future in window.prepared:
                        future.cancel()
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise

    def _ahead(self, pool: ThreadPoolExecutor) -> Iterator[Window]:
        """Windows of work, the next one being prepared while the current one is judged."""
        prepare: Callable[[Request], Any] | None = getattr(self.judge, "prepare", None)
        waiting: deque[Window] = deque()
        for window in self._windows():
            if prepare is not None:
                window.prepared = [pool.submit(prepare, w.request) for w in window.work]
            waiting.append(window)
            if len(waiting) > 1:
                yield waiting.popleft()
        yield from waiting

    def _windows(self) -> Iterator[Window]:
        per_item = self.plan.votes * self.plan.passes
        size = max(1, min(_CHUNK, self.batch_size * _WINDOW // per_item))
        if getattr(self.judge, "prepare", None) is None:
            size = _CHUNK
        stream = self.plan.items(media=self.judge.supports.needs_media)
        while items := list(islice(stream, size)):
            done = self.store.finished(self.plan.task.name, items[0][0], items[-1][0])
            work = [
                Work(position, request)
                for position, item in items
                for request in self.plan.requests(item)
                if (position, request.order, request.vote) not in done
            ]
            if work:
                yield Window(items, work)

    def _judge_window(self, window: Window, progress: Progress) -> None:
        ready, failed = self._ready(window)
        if failed:
            self._store(window.items, failed, 0.0, progress)
        size: Callable[[Any], int] | None = getattr(self.judge, "size", None)
        if size is not None:
            ready.sort(key=lambda pair: size(pair[1]))
        for start in range(0, len(ready), self.batch_size):
            batch = ready[start : start + self.batch_size]
            began = time.perf_counter()
            outputs = self._answers([prepared for _, prepared in batch])
            seconds = (time.perf_counter() - began) / len(batch)
            judged = [(work, output) for (work, _), output in zip(batch, outputs, strict=True)]
            self._store(window.items, judged, seconds, progress)

    def _ready(self, window: Window) -> tuple[list[tuple[Work, Any]], list[tuple[Work, Output]]]:
        if not window.prepared:
            return [(work, work.request) for work in window.work], []
        ready: list[tuple[Work, Any]] = []
        failed: list[tuple[Work, Output]] = []
        for work, future in zip(window.work, window.prepared, strict=True):
            try:
                ready.append((work, future.result()))
            except UserError:
                raise
            except Exception as error:
                failed.append((work, _failed(error)))
        return ready, failed

    def _answers(self, batch: Sequence[Any]) -> list[Output]:
        try:
            outputs = list(self.judge.judge(batch))
        except UserError:
            raise
        except Exception as error:
            if len(batch) == 1:
                return [_failed(error)]
            half = len(batch) // 2
            return self._answers(batch[:half]) + self._answers(batch[half:])
        if len(outputs) != len(batch):
            raise UserError(
                f"the judge returned {len(outputs)} outputs for a batch of {len(batch)};"
                " it must return one for each request, in order"
            )
        return outputs

    def _store(
        self,
        items: list[tuple[int, Item]],
        judged: list[tuple[Work, Output]],
        seconds: float,
        progress: Progress,
    ) -> None:
        records = [(w.position, self._record(w.request, output, seconds)) for w, output in judged]
        touched = {w.position for w, _ in judged}
        self.store.write(self.plan.task.name, [i for i in items if i[0] in touched], records)
        progress.advance(len(records), sum(r.status.failed for _, r in records))

    def _record(self, request: Request, output: Output, seconds: float) -> Record:
        item = request.item
        base = (request.task, item.id, request.order, request.vote, request.key)
        if output.failure is not None:
            status, reason = output.failure
            return Record(*base, status, error=reason)
        parsed = parse(output, self.read, Asked.of(item, self.protocol))
        verdict, scores = in_item_frame(parsed, request.order)
        return Record(
            *base,
            parsed.status,
            verdict,
            scores,
            output.text,
            None,
            None if output.logprobs is None else json.dumps(dict(output.logprobs)),
            output.tokens_in,
            output.tokens_out,
            output.truncated,
            seconds,
        )


def _failed(error: Exception) -> Output:
    if isinstance(error, MediaError):
        return Output(failure=(Status.MEDIA_FAILED, str(error)))
    return failure(error)
