"""Task x judge -> records: what is not stored yet is answered by the engine, read and stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from .characters import well_formed
from .engines import Answer, Engine, Work
from .items import Record
from .parsing import Asked, Grammar, in_item_frame, parse
from .plan import Plan
from .progress import Progress
from .secrets import scrubbed
from .store import Store

_CHUNK = 512
"""The most items that are read at a time; also the grain of the *done already* query."""


@dataclass(frozen=True)
class Runner:
    """Runs one judge, or model under test, over one planned task into one store."""

    plan: Plan
    engine: Engine
    store: Store
    read: Grammar
    protocol: Literal["robust", "official"]

    def run(self, progress: Progress) -> None:
        """Have everything answered that is not stored yet.

        A sample that fails is recorded with its reason, and the run goes on.
        """
        for answers in self.engine.answers(self._portions()):
            self._store(answers, progress)

    def _portions(self) -> Iterator[list[Work]]:
        """What is to be done, whole items together."""
        size = max(1, min(_CHUNK, self.engine.portion // (self.plan.votes * self.plan.passes)))
        stream = self.plan.items(media=self.engine.needs_media)
        while items := list(islice(stream, size)):
            done = self.store.finished(self.plan.task.name, items[0][0], items[-1][0])
            work = [
                Work(position, request)
                for position, item in items
                for request in self.plan.requests(item)
                if (position, request.order, request.vote) not in done
            ]
            if work:
                yield work

    def _store(self, answers: Sequence[Answer], progress: Progress) -> None:
        items = {answer.work.position: answer.work.request.item for answer in answers}
        records = [(answer.work.position, self._record(answer)) for answer in answers]
        self.store.write(self.plan.task.name, items.items(), records)
        progress.advance(len(records), sum(r.status.failed for _, r in records))

    def _record(self, answer: Answer) -> Record:
        request, output = answer.work.request, answer.output
        item = request.item
        base = (request.task, item.id, request.order, request.vote, request.key)
        if output.failure is not None:
            status, reason = output.failure
            return Record(*base, status, error=well_formed(scrubbed(reason)))
        if output.made is not None:
            output = replace(output, text=self.store.keep(*output.made))
        elif output.text is not None:
            output = replace(output, text=well_formed(output.text))
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
            answer.seconds,
        )
