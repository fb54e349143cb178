"""The candidates of all prompts as a task of the harness, and what stored outputs say of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ..harness.items import Candidate as Shown
from ..harness.items import (
    Item,
    Media,
    Modality,
    Objective,
    Order,
    PairItem,
    PointItem,
    ScoreRange,
    Status,
    Verdict,
)
from ..harness.store import Row
from ..harness.task import Data, HubSource, OrderPlan
from .ranking import Pair


@dataclass(frozen=True, slots=True)
class Contest:
    """The distinct candidates of one prompt, as a judge is shown them."""

    id: str
    prompt: str
    context: tuple[Media, ...]
    candidates: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of a pair shown in one order, about the pair's own first and second."""

    order: Order
    verdict: Verdict | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """One pair of a contest, and the answer in each order that it was shown in."""

    pair: Pair
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What one round says of one contest; *None* is a score that could not be read."""

    compared: tuple[Compared, ...]
    scores: Mapping[int, float | None]


@dataclass
class Round:
    """A task in memory: pairs, and candidates alone, of all contests.

    Args:
        contests: of all prompts.
        pairs: those of each contest that are compared.
        points: whether all candidates are scored alone, too.
        name: of the round.
        kind: what the candidates are.
        choices: verdicts that a judge may give about a pair.
        score_range: lowest and highest score.
    """

    contests: Sequence[Contest]
    pairs: Sequence[Sequence[Pair]]
    points: bool
    name: str
    kind: tuple[Modality, Objective]
    choices: tuple[Verdict, ...]
    score_range: ScoreRange | None
    version: str = "1"
    official_order: OrderPlan = "random"
    headline: tuple[str, ...] = ()
    source: HubSource | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    modality: Modality | None = field(init=False)
    objective: Objective | None = field(init=False)

    def __post_init__(self) -> None:
        self.modality, self.objective = self.kind

    def items(self, data: Data) -> Iterator[Item]:
        """Of each contest in turn, its pairs, then its candidates."""
        for contest, pairs in zip(self.contests, self.pairs, strict=True):
            yield from (self._pair(contest, pair) for pair in pairs)
            if self.points:
                yield from (self._point(contest, n) for n in range(len(contest.candidates)))

    def _pair(self, contest: Contest, pair: Pair) -> PairItem:
        first, second = pair
        return PairItem(
            f"{contest.id}/{first}-{second}",
            *self.kind,
            contest.prompt,
            (contest.candidates[first], contest.candidates[second]),
            Verdict.TIE,  # nobody has judged it yet, and nothing looks at it
            contest.context,
        )

    def _point(self, contest: Contest, number: int) -> PointItem:
        return PointItem(
            f"{contest.id}/{number}",
            *self.kind,
            contest.prompt,
            contest.candidates[number],
            contest.context,
            score_range=self.score_range,
        )

    def judged(self, rows: Iterator[Row]) -> list[Judged]:
        """What stored outputs say of each contest.

        Args:
            rows: those of the store, in order of position.
        """
        outputs = (list(group) for _, group in groupby(rows, key=lambda row: row[0]))
        found = []
        for contest, pairs in zip(self.contests, self.pairs, strict=True):
            compared = [Compared(pair, tuple(map(_answer, next(outputs)))) for pair in pairs]
            alone = range(len(contest.candidates)) if self.points else ()
            scores = {number: _score(next(outputs)[0]) for number in alone}
            found.append(Judged(tuple(compared), scores))
        return found


def _answer(row: Row) -> Answer:
    _, order, _, status, verdict, first, second = row
    read = _verdict(verdict, first, second) if status == Status.OK else None
    return Answer("ba" if order == "ba" else "ab", read, Status(status).failed)


def _verdict(verdict: str | None, first: float | None, second: float | None) -> Verdict | None:
    """The verdict, the overall one of several; where there is none, that of the scores."""
    if verdict is not None:
        word = json.loads(verdict).get("Overall") if verdict.startswith("{") else verdict
        return None if word is None else Verdict(word).coarse
    if first is None or second is None:
        return None
    if first == second:
        return Verdict.TIE
    return Verdict.FIRST if first > second else Verdict.SECOND


def _score(row: Row) -> float | None:
    return row[5] if row[3] == Status.OK else None
