"""Task x judge -> records: skip what is stored, prepare ahead, batch, isolate what fails, store."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal

from .batches import Batches, is_out_of_memory
from .errors import MediaError, UserError
from .items import Item, Output, Record, Request, Status
from .judge import Judge, failure
from .model import Model
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
    """Runs one judge, or model under test, over one planned task into one store."""

    plan: Plan
    judge: Judge | Model
    store: Store
    read: Grammar
    protocol: Literal["robust", "official"]
    batches: Batches
    notify: Callable[[str], None] = lambda line: None
    threads: int = 4

    def run(self, progress: Progress) -> None:
        """Judge everything that is not stored yet.

        A sample that fails is recorded with its reason, and the run goes on. A batch that fails
        is halved until the failing samples stand alone, so one bad sample costs nothing else. If it
        was too big for the memory, later batches are smaller too.
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
        size = max(1, min(_CHUNK, self.batches.requests * _WINDOW // per_item))
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
        size: Callable[[Any], int] = getattr(self.judge, "size", lambda prepared: 0)
        sized = [(size(prepared), work, prepared) for work, prepared in ready]
        sized.sort(key=lambda each: each[0])
        while sized:
            count = self.batches.first([tokens for tokens, _, _ in sized])
            batch, sized = sized[:count], sized[count:]
            began = time.perf_counter()
            outputs = self._answers([p for _, _, p in batch], [tokens for tokens, _, _ in batch])
            seconds = (time.perf_counter() - began) / len(batch)
            judged = [(work, output) for (_, work, _), output in zip(batch, outputs, strict=True)]
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

    def _answers(self, batch: Sequence[Any], sizes: Sequence[int]) -> list[Output]:
        count = self.batches.first(sizes)
        if count < len(batch):  # the limits have shrunk since it was put together
            return self._apart(batch, sizes, count)
        try:
            outputs = list(self._ask(batch))
        except UserError:
            raise
        except Exception as error:
            if len(batch) == 1:
                return [_failed(error)]
            if is_out_of_memory(error):
                self.notify(self.batches.shrink(sizes))
            return self._apart(batch, sizes, len(batch) // 2)
        if len(outputs) != len(batch):
            raise UserError(
                f"the judge returned {len(outputs)} outputs for a batch of {len(batch)};"
                " it must return one for each request, in order"
            )
        return outputs

    def _ask(self, batch: Sequence[Any]) -> Sequence[Output]:
        by = self.judge
        return by.respond(batch) if isinstance(by, Model) else by.judge(batch)

    def _apart(self, batch: Sequence[Any], sizes: Sequence[int], at: int) -> list[Output]:
        return [
            *self._answers(batch[:at], sizes[:at]),
            *self._answers(batch[at:], sizes[at:]),
        ]

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
        if output.made is not None:
            output = replace(output, text=self.store.keep(*output.made))
        asked = Asked.of(item, self.protocol, request.order)
        parsed = parse(output, self.read, asked)
        verdict, scores = in_item_frame(parsed, request.order, len(asked.options))
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
