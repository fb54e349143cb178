"""What the judge says of the candidates of all prompts, as a resumable run of the harness.

``judging/`` is one run folder, in which every round is a task with one plan for many prompts: of
each in turn, the pairs to be compared and, in the first round, the candidates to be scored. So
batches are full, and what a prompt's requests show is encoded once, while it is remembered.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from typing import Any, Literal

from ..harness.batches import Batches
from ..harness.engines import Engine, EngineSettings, Recipe
from ..harness.errors import UserError
from ..harness.items import (
    SCORE,
    THREE_WAY,
    TWO_WAY,
    Item,
    Media,
    PairItem,
    Request,
    Status,
)
from ..harness.items import Candidate as Shown
from ..harness.judge import Judge, answering
from ..harness.parsing import get_grammar
from ..harness.plan import Plan
from ..harness.progress import progress
from ..harness.registry import judges
from ..harness.runner import Runner
from ..harness.scores import SCORE_RANGES
from ..harness.store import Store, write_json
from ..harness.task import Data
from .build_settings import BuildSettings
from .contests import Contest, Judged, Round
from .ranking import Pair


@dataclass(frozen=True)
class Usage:
    """What one round took.

    ``encoded``: images and clips that the judge's vision tower encoded, in the last process that
    worked on the round; *None* where the judge does not tell.
    """

    calls: int
    failed: int
    encoded: int | None
    seconds: float

    def __add__(self, other: Usage) -> Usage:
        none = self.encoded is None or other.encoded is None
        return Usage(
            self.calls + other.calls,
            self.failed + other.failed,
            None if none else (self.encoded or 0) + (other.encoded or 0),
            round(self.seconds + other.seconds, 3),
        )


@dataclass(frozen=True)
class _Plan(Plan):
    """A plan of pairs and of candidates alone, which have one order and no verdicts."""

    def requests(self, item: Item) -> list[Request]:
        if isinstance(item, PairItem):
            return super().requests(item)
        return [Request(self.task.name, item, "ab", 0, self.seed, SCORE)]


class Judging:
    """One judge at work on one data set; refuses at once what the judge cannot do.

    Args:
        settings: the data set's.

    Raises:
        UserError: no such judge, an argument does not fit, or it cannot judge such candidates.
    """

    def __init__(self, settings: BuildSettings) -> None:
        self.settings = settings
        entry = judges.get(settings.judge)
        self.judge: Judge = answering(entry.create(settings.judge_args), settings.judge)
        get_grammar(self.judge.grammar)
        self._answered = 0
        self._engine: Engine | None = None
        self._check()

    def _check(self) -> None:
        own, name, supports = self.settings, self.settings.judge, self.judge.supports
        if own.modality not in supports.modalities:
            raise UserError(
                f"judge '{name}' does not take {own.modality}s; it takes:"
                f" {', '.join(sorted(supports.modalities))}. Choose another judge"
            )
        if own.objective not in supports.objectives:
            raise UserError(
                f"judge '{name}' does not judge {own.objective}; it judges:"
                f" {', '.join(sorted(supports.objectives))}. Choose another judge"
            )
        if not supports.pairwise:
            raise UserError(
                f"judge '{name}' does not compare pairs, which ranking needs; choose another judge"
            )
        if self.scores and not supports.pointwise:
            raise UserError(
                f"judge '{name}' does not score single candidates, which sifting by scores needs;"
                " say sifting: {rule: ranking}, or choose another judge"
            )
        expect = getattr(self.judge, "expect", None)
        if expect is not None:
            for made_up in self._made_up():
                expect(self._plan(made_up))

    def _made_up(self) -> Iterator[Round]:
        """A round of one pair, and one of one candidate, to ask the judge about."""
        medium = Media(self.settings.modality, "made-up", name="made-up")
        asks = self.settings.objective == "understanding"
        shown: tuple[Shown, ...] = ("one", "other") if asks else (medium, medium)
        contest = Contest("0", "made-up", (medium,) if asks else (), shown)
        yield self.round(1, [contest], [[(0, 1)]])
        if self.scores:
            yield self.round(1, [contest], [[]])

    @property
    def scores(self) -> bool:
        """Whether candidates are scored alone."""
        return self.settings.sifting.rule == "scores"

    def round(
        self,
        number: int,
        contests: Sequence[Contest],
        pairs: Sequence[Sequence[Pair]],
        block: int = 1,
    ) -> Round:
        """One round; in the first, candidates are scored too.

        Args:
            number: of the round, from 1.
            contests: of some prompts.
            pairs: of each contest.
            block: number of those prompts, from 1.
        """
        own = self.settings
        return Round(
            contests,
            pairs,
            self.scores and number == 1,
            f"block-{block}-round-{number}",
            (own.modality, own.objective),
            THREE_WAY if own.ranking.ties else TWO_WAY,
            own.sifting.score_range or SCORE_RANGES[own.modality, own.objective],
        )

    def _plan(self, of: Round) -> Plan:
        order: Literal["both", "random"] = (
            "both" if self.settings.ranking.orders == "both" else "random"
        )
        free = self.judge.supports.order_free
        return _Plan(of, Data(None, of.name), order, 1, 0, None, free)

    def run(self, of: Round, notify: Callable[[str], None]) -> tuple[list[Judged], Usage]:
        """Judge what is not stored yet of a round, and tell what was said.

        A finished round is only read: what failed in it is not tried again, since later rounds
        may follow from it.

        Raises:
            UserError: the judge cannot be used, every sample failed, or the folder holds other
                comparisons under the round's name.
        """
        folder = self.settings.output / "judging"
        plan, file = self._plan(of), folder / f"{of.name}.json"
        with Store(folder) as store:
            asked = _fingerprint(plan)
            known = json.loads(file.read_text("utf-8")) if file.is_file() else {}
            if known.get("items", asked) != asked:
                raise UserError(
                    f"{folder} holds other comparisons for {of.name}, perhaps of another version;"
                    " choose another output"
                )
            if "usage" not in known:
                write_json(file, {"items": asked})
                known = {"items": asked, "usage": vars(self._judge(plan, store, notify))}
                write_json(file, known)
            usage = Usage(**known["usage"])
            self._answered += usage.calls - usage.failed
            rows = chain.from_iterable(store.rows(of.name))
            return of.judged(iter(rows)), usage

    def _judge(self, plan: Plan, store: Store, notify: Callable[[str], None]) -> Usage:
        requests = sum(len(plan.requests(item)) for _, item in plan.items())
        self._engine = self._engine or self._opened(notify)
        runner = Runner(plan, self._engine, store, get_grammar(self.judge.grammar), "robust")
        before, began = self.encoded, time.perf_counter()
        title = f"{self.settings.judge}, {plan.task.name}"
        with progress(title, requests, store.count(plan.task.name)) as shown:
            runner.run(shown)
        statuses = [row[3] for block in store.rows(plan.task.name) for row in block]
        failed = sum(Status(status).failed for status in statuses)
        if statuses and failed == len(statuses) and not self._answered:
            item, reason = store.first_failure() or ("?", "?")
            raise UserError(
                f"judge '{self.settings.judge}': every sample failed; the first, {item}: {reason}"
            )
        encoded = None if self.encoded is None else self.encoded - (before or 0)
        return Usage(len(statuses), failed, encoded, round(time.perf_counter() - began, 3))

    def _opened(self, notify: Callable[[str], None]) -> Engine:
        own, judge = self.settings, self.judge
        batch: int = own.batch_size or getattr(judge, "batch_size", None) or 1024
        batches = Batches(max(1, batch), getattr(judge, "batch_tokens", None))
        recipe = Recipe.of("judge", own.judge, own.judge_args, judge)
        engine = EngineSettings(own.engine, own.engine_args)
        return engine.open(judge, recipe, batches, notify)

    @property
    def encoded(self) -> int | None:
        """How many images and clips the judge's vision tower has encoded, if it tells."""
        if self.settings.engine != "local":
            return None  # the replicas did that
        number = getattr(getattr(self.judge, "model", None), "encoded", None)
        return None if number is None else int(number)

    def identity(self) -> dict[str, Any]:
        """What verdicts depend on besides the candidates; loads no weights."""
        own = getattr(self.judge, "identity", None)
        return {
            "name": self.settings.judge,
            "arguments": {k: str(v) for k, v in sorted(self.settings.judge_args.items())},
            "grammar": self.judge.grammar,
            **(own() if own else {}),
        }

    def close(self) -> None:
        """Let go of the judge's weights."""
        if self._engine is not None:
            self._engine.close()
        else:
            getattr(self.judge, "close", lambda: None)()


def _fingerprint(plan: Plan) -> str:
    """Hash of all that is asked, in which order and with which answers allowed."""
    digest = blake2b(digest_size=16)
    choices = ",".join(plan.task.choices)
    digest.update(f"{plan.order}\0{choices}\n".encode())
    for _, item in plan.items():
        digest.update(f"{item.id}\0{item.content}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
