"""What flows through the program: media, items, requests, outputs and records.

A task yields items, a plan turns each into requests, a judge answers a batch of requests with
outputs, and the runner makes one record of each output. Verdicts stored in records always speak of
the item's own candidates (``first`` is ``candidates[0]``), whatever order the judge saw them in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from json.encoder import encode_basestring as _quoted

from .questions import GradeItem, PromptItem, QuestionItem
from .seeds import seed_for
from .shown import (
    LETTERS,
    ROTATIONS,
    Candidate,
    Kind,
    Media,
    Mixed,
    Modality,
    Objective,
    Order,
    ScoreRange,
    content_of,
    media_of,
    rotated,
)

__all__ = [
    "FOUR_WAY",
    "LETTERS",
    "ROTATIONS",
    "SCORE",
    "THREE_WAY",
    "TWO_WAY",
    "Candidate",
    "GradeItem",
    "Item",
    "Judged",
    "Kind",
    "Label",
    "Media",
    "Mixed",
    "Modality",
    "Objective",
    "Order",
    "Output",
    "PairItem",
    "PointItem",
    "PromptItem",
    "QuestionItem",
    "Record",
    "Request",
    "ScoreRange",
    "Status",
    "Verdict",
    "media_of",
    "rotated",
]


class Verdict(StrEnum):
    """Which candidate of a pair is better.

    ``BOTH_GOOD`` and ``BOTH_BAD`` are the two kinds of tie that GenAI-Bench's voters could choose;
    ``TIE`` is a tie that does not say which.
    """

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    BOTH_GOOD = "both_good"
    BOTH_BAD = "both_bad"

    @property
    def coarse(self) -> Verdict:
        """The verdict among three classes: first, second or tie."""
        return self if self in (Verdict.FIRST, Verdict.SECOND) else Verdict.TIE

    @property
    def swapped(self) -> Verdict:
        """The same verdict about the pair shown in the other order."""
        return _SWAPPED.get(self, self)


_SWAPPED = {Verdict.FIRST: Verdict.SECOND, Verdict.SECOND: Verdict.FIRST}

THREE_WAY = (Verdict.FIRST, Verdict.SECOND, Verdict.TIE)
FOUR_WAY = (Verdict.FIRST, Verdict.SECOND, Verdict.BOTH_GOOD, Verdict.BOTH_BAD)
TWO_WAY = (Verdict.FIRST, Verdict.SECOND)
SCORE: tuple[Verdict, ...] = ()
"""No verdicts: each item is one candidate, and the answer is a score."""


class Status(StrEnum):
    """How one sample ended; everything but ``OK`` is counted and shown."""

    OK = "ok"
    AMBIGUOUS = "ambiguous"
    UNPARSED = "unparsed"
    TRUNCATED = "truncated"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_NUMBER = "not_a_number"
    MEDIA_FAILED = "media_failed"
    REQUEST_FAILED = "request_failed"

    @property
    def failed(self) -> bool:
        """Whether the sample never got an answer (as opposed to one that cannot be read)."""
        return self in (Status.MEDIA_FAILED, Status.REQUEST_FAILED)


Label = Verdict | Mapping[str, Verdict]


@dataclass(frozen=True)
class PairItem:
    """Two candidates for one prompt, with the human label.

    ``objective`` *generation*: the candidates are media made from ``prompt`` (and, for editing,
    from the source media in ``context``). *understanding*: they are texts answering ``prompt``
    about the media in ``context``. *interleaved*: they are answers that mix texts and media
    (:class:`Mixed`), to a ``prompt`` that may have media in ``context``. ``label`` is one verdict,
    or one a dimension. ``group`` is the reported subset; ``cluster`` is what the bootstrap
    resamples (items sharing a prompt share it).
    """

    id: str
    modality: Modality
    objective: Objective
    prompt: str
    candidates: tuple[Candidate, Candidate]
    label: Label
    context: tuple[Media, ...] = ()
    group: str = ""
    cluster: str = ""

    @property
    def media(self) -> tuple[Media, ...]:
        """Every image and video of the item, context first."""
        return self.context + tuple(m for c in self.candidates for m in media_of(c))

    @cached_property
    def content(self) -> str:
        """The item without its label as one line of JSON; media stand as their keys."""
        return f"{{{_content(self)}}}"


@dataclass(frozen=True)
class PointItem:
    """One candidate, to be scored on its own, with its human score.

    ``scores`` is one human score, or one a dimension, and ``score_range`` the lowest and highest
    score that people could give; a judge that writes its score is asked for one in this range. A
    task's items have both; the candidates of a pair, scored one by one, have neither. All else is
    as in :class:`PairItem`.
    """

    id: str
    modality: Modality
    objective: Objective
    prompt: str
    candidate: Candidate
    context: tuple[Media, ...] = ()
    scores: float | Mapping[str, float] | None = None
    score_range: ScoreRange | None = None
    group: str = ""
    cluster: str = ""

    @property
    def candidates(self) -> tuple[Candidate]:
        """The one candidate."""
        return (self.candidate,)

    @property
    def media(self) -> tuple[Media, ...]:
        """Every image and video of the item, context first."""
        return self.context + tuple(m for c in self.candidates for m in media_of(c))

    @cached_property
    def content(self) -> str:
        """The item without its human score as one line of JSON; media stand as their keys."""
        if self.score_range is None:
            return f"{{{_content(self)}}}"
        low, high = self.score_range
        return f'{{{_content(self)},"score_range":[{low},{high}]}}'


Judged = PairItem | PointItem
"""What judges compare and score."""
Item = Judged | QuestionItem | PromptItem | GradeItem


def _content(item: Judged) -> str:
    # Written by hand, since this is done for every item: ten times as fast as json.dumps.
    context = ",".join(_quoted(m.key) for m in item.context)
    candidates = ",".join(map(content_of, item.candidates))
    return (
        f'"prompt":{_quoted(item.prompt)},"context":[{context}],'
        f'"candidates":[{candidates}],"modality":"{item.modality}",'
        f'"objective":"{item.objective}"'
    )


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a judge or model: an item shown in one order, once.

    A pair can be shown in two orders; a single candidate has one; the options of a question can be
    rotated. ``choices`` are the verdicts the task allows: none where the answer is no verdict.
    """

    task: str
    item: Item
    order: Order
    vote: int
    run_seed: int
    choices: tuple[Verdict, ...]

    @property
    def seed(self) -> int:
        """Seed of this request alone, so sampling does not depend on batches or resumes."""
        return seed_for(self.run_seed, self.task, self.item.id, self.order, self.vote)

    @property
    def shown(self) -> tuple[Candidate, ...]:
        """The two candidates in the order in which the judge sees them, or the one to score."""
        candidates = self.item.candidates
        return candidates if self.order == "ab" else candidates[::-1]

    @property
    def key(self) -> str:
        """Content key: what is asked, in which order, for the how-manieth time."""
        asked = f"{self.task}\0{self.item.id}\0{self.order}\0{self.vote}\0{self.item.content}"
        return blake2b(asked.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Output:
    """What a judge says to one request, about the candidates *as shown*.

    A judge that writes gives ``text`` (read by its grammar); a judge that scores gives
    ``scores``, one for each candidate shown, higher is better. ``logprobs`` maps answer phrases to
    log-probabilities where the judge offers them. A model that makes media gives ``made``: the
    file's content, and its name's ending. ``failure`` is set, and all else empty, when this sample
    could not be judged or answered.
    """

    text: str | None = None
    scores: tuple[float, ...] | None = None
    logprobs: Mapping[str, float] | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    truncated: bool = False
    made: tuple[bytes, str] | None = None
    failure: tuple[Status, str] | None = None

    @classmethod
    def verdict(cls, verdict: Verdict) -> Output:
        """The output of a judge that decides without writing: the verdict's own word."""
        return cls(text=verdict.value)

    @classmethod
    def score(cls, score: float) -> Output:
        """The same for one candidate: a score in the range that the item asks for."""
        return cls(text=repr(float(score)))


@dataclass(frozen=True, slots=True)
class Record:
    """One judged request, as stored.

    ``verdict`` and ``scores`` are about ``candidates[0]`` and ``candidates[1]`` of the item (or
    about its one candidate); ``verdict`` may be one word, the letter of a question's own option or,
    for judges with dimensions, a JSON object of words. Of media that a model made, ``raw`` is the
    file's place in the run folder.
    """

    task: str
    item: str
    order: Order
    vote: int
    key: str
    status: Status
    verdict: str | None = None
    scores: tuple[float, ...] | None = None
    raw: str | None = None
    error: str | None = None
    logprobs: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    truncated: bool = False
    seconds: float | None = None
