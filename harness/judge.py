"""What a judge is, and how one that only scores becomes one that answers requests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, get_args, runtime_checkable

from .errors import UserError
from .items import (
    Candidate,
    Item,
    Modality,
    Objective,
    Output,
    PointItem,
    Request,
    Status,
)
from .shown import PlainObjective

ALL_MODALITIES: frozenset[Modality] = frozenset({"image", "video"})
PLAIN_OBJECTIVES: frozenset[Objective] = frozenset(get_args(PlainObjective))
ALL_OBJECTIVES: frozenset[Objective] = PLAIN_OBJECTIVES | {"interleaved"}


@dataclass(frozen=True)
class Supports:
    """What a judge can do; the plan refuses a task outside it before anything is loaded.

    ``objectives``: a judge that takes candidates which mix texts and media says *interleaved*.
    ``needs_media``: the judge opens the images and videos (replays and baselines do not).
    ``order_free``: its answer cannot depend on the order in which a pair is shown, so one order
    is judged and counts for both. ``pairwise``: it compares two candidates. ``pointwise``: it
    scores one; if it writes the score, then in the range that the item asks for. A judge that has
    ``score(batch)`` does both. ``grading``: it grades a model's answer as a question asks it to,
    or with numbers on the item's scales.
    """

    modalities: frozenset[Modality] = ALL_MODALITIES
    objectives: frozenset[Objective] = PLAIN_OBJECTIVES
    needs_media: bool = True
    order_free: bool = False
    pairwise: bool = True
    pointwise: bool = False
    grading: bool = False


@runtime_checkable
class Judge(Protocol):
    """Compares two candidates, or scores one; takes batches.

    Optional members, used where present: ``prepare(request)`` opens and preprocesses media on a
    worker thread ahead of the model (``judge`` then receives what it returns); ``size(prepared)``
    is the length in tokens by which batches are sorted; ``batch_size`` and ``batch_tokens`` bound a
    batch; ``identity()`` returns what of the judge belongs in the manifest (checkpoint fingerprint,
    prompt hashes, decoding, preprocessing); ``expect(plan)`` raises :class:`UserError` if the judge
    cannot serve a plan (what it takes note of there, ``noted()`` returns and ``note(noted)`` takes,
    so that replicas in other processes know it); ``order`` is the order of presentation it serves
    when the user names none; ``estimate(survey)`` returns the seconds (*None* if unknown) and
    dollars that a plan will cost, ``spent()`` what was used in the end; ``close()``.
    """

    @property
    def supports(self) -> Supports:
        """What it can do."""
        ...

    @property
    def grammar(self) -> str:
        """Name of the grammar its texts are read by (*plain* for ``Output.verdict``)."""
        ...

    def judge(self, batch: Sequence[Any]) -> Sequence[Output]:
        """Answer each request of the batch, in order."""
        ...


@runtime_checkable
class ScoreJudge(Protocol):
    """Scores one candidate at a time, higher is better; takes batches."""

    @property
    def supports(self) -> Supports:
        """What it can do."""
        ...

    def score(self, batch: Sequence[PointItem]) -> Sequence[float]:
        """Score each candidate of the batch, in order."""
        ...


AnyJudge = Judge | ScoreJudge


@dataclass
class ScoreDifference:
    """The one adapter from scores to requests: the verdict is the sign of the score difference.

    A single candidate's score is its answer. Each distinct candidate is scored once (the last
    ``remember`` of them are kept), however many pairs it takes part in. The tie threshold is not
    chosen here but by the task's metrics (tie calibration), because it needs the human labels.
    """

    inner: ScoreJudge
    remember: int = 65_536
    grammar: str = "scores"
    _scores: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict, repr=False)

    @property
    def supports(self) -> Supports:
        """The inner judge's abilities; scores do not depend on the order shown."""
        return replace(self.inner.supports, order_free=True, pointwise=True)

    @property
    def batch_size(self) -> int:
        """The inner judge's batch, in pairs."""
        return max(1, int(getattr(self.inner, "batch_size", 64)) // 2)

    def identity(self) -> Mapping[str, object]:
        """The inner judge's identity."""
        own = getattr(self.inner, "identity", None)
        return dict(own()) if own else {}

    def close(self) -> None:
        """Let the inner judge go of what it holds."""
        getattr(self.inner, "close", lambda: None)()

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """Score the batch's new candidates in one call, then give each request its own."""
        asked = [[_point(request.item, shown) for shown in request.shown] for request in batch]
        points = {key: point for each in asked for key, point in each}
        new = [key for key in points if key not in self._scores]
        found = {key: self._scores[key] for key in points if key in self._scores}
        if new:
            scores = self.inner.score([points[key] for key in new])
            found.update(zip(new, map(float, scores), strict=True))
        outputs = [Output(scores=tuple(found[key] for key, _ in each)) for each in asked]
        self._keep(found)
        return outputs

    def _keep(self, found: Mapping[tuple[str, str], float]) -> None:
        for key, score in found.items():
            self._scores[key] = score
            self._scores.move_to_end(key)
        while len(self._scores) > self.remember:
            self._scores.popitem(last=False)


def _point(item: Item, candidate: Candidate) -> tuple[tuple[str, str], PointItem]:
    """What tells a candidate from others, and the candidate alone."""
    content = candidate if isinstance(candidate, str) else candidate.key
    where = "\0".join([item.prompt, *(m.key for m in item.context)])
    if isinstance(item, PointItem):
        return (where, content), item
    point = PointItem(item.id, item.modality, item.objective, item.prompt, candidate, item.context)
    return (where, content), point


def answering(judge: AnyJudge, name: str) -> Judge:
    """The judge itself if it answers requests, else the adapter around its scores.

    Raises:
        UserError: the object is neither; the message says which methods are missing.
    """
    if not isinstance(getattr(judge, "supports", None), Supports):
        raise UserError(
            f"judge '{name}' has no `supports`; set `supports = unieval.Supports(...)` on it"
        )
    if callable(getattr(judge, "judge", None)):
        if not isinstance(getattr(judge, "grammar", None), str):
            raise UserError(
                f"judge '{name}' has no `grammar`; set `grammar = \"plain\"` if it answers"
                " with Output.verdict(...), else the name of the grammar of its texts"
            )
        return judge  # type: ignore[return-value]
    if callable(getattr(judge, "score", None)):
        return ScoreDifference(judge)  # type: ignore[arg-type]
    raise UserError(f"judge '{name}' has neither a `judge` nor a `score` method")


def failure(error: BaseException, status: Status = Status.REQUEST_FAILED) -> Output:
    """The output of a sample that could not be judged, with the reason."""
    return Output(failure=(status, f"{type(error).__name__}: {error}"))
