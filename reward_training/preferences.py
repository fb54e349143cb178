"""One preference: two candidates and which is better, or one candidate and its score.

Every data set is read into this schema, and everything after (mixtures, statistics, conversations)
knows nothing else. A pair::

    Preference(id="7", source="hpd", modality="image", objective="generation", prompt="a red cube",
               candidates=(Media("image", "a.png"), Media("image", "b.png")),
               verdict=Verdict.FIRST)

For *understanding* the candidates are texts answering ``prompt`` about the media in ``context``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import get_args

from ..harness.errors import UserError
from ..harness.items import (
    Item,
    Kind,
    Media,
    Modality,
    PairItem,
    PointItem,
    ScoreRange,
    Verdict,
)
from ..harness.scores import SCORE_RANGES
from ..harness.shown import PlainCandidate, PlainObjective

_MARKUP = ("<think>", "</think>", "<answer>", "</answer>")


class PreferenceError(UserError):
    """A preference that breaks a rule of the schema; ``field`` and ``rule`` say which."""

    def __init__(self, name: str, field: str, rule: str) -> None:
        super().__init__(f"preference '{name}': {field} {rule}")
        self.field, self.rule = field, rule


@dataclass(frozen=True)
class Preference:
    """A judgement to learn from; checked when it is made.

    Args:
        id: unique within its source and stable, because sampling and swapping are seeded by it.
        source: the data set.
        modality: image or video.
        objective: generation (candidates are media) or understanding (candidates are texts).
        prompt: what the candidates were made from, or the question that they answer.
        candidates: two for a pair, one for a score.
        context: the media that a question is about; for an edited image, its source.
        verdict: which candidate of a pair is better.
        score: how good the one candidate is, within ``score_range``.
        score_range: lowest and highest score; the default is the task's own range.
        rationale: why, in words.
        cluster: what must not stand on both sides of a held-out split; the default is the prompt.

    Raises:
        PreferenceError: a rule is broken.
    """

    id: str
    source: str
    modality: Modality
    objective: PlainObjective
    prompt: str
    candidates: tuple[PlainCandidate, ...]
    context: tuple[Media, ...] = ()
    verdict: Verdict | None = None
    score: float | None = None
    score_range: ScoreRange | None = None
    rationale: str | None = None
    cluster: str = ""

    def __post_init__(self) -> None:
        self._check_words()
        self._check_candidates()
        if self.kind == "pair":
            self._require(self.verdict is not None, "verdict", "is missing (two candidates)")
            self._require(self.score is None, "score", "belongs to one candidate, not to two")
            self._require(self.score_range is None, "score_range", "belongs to a score")
        else:
            self._require(self.verdict is None, "verdict", "belongs to two candidates, not to one")
            self._check_score()
        if not self.cluster:
            object.__setattr__(self, "cluster", self.prompt)

    @property
    def kind(self) -> Kind:
        """Whether two candidates are compared or one is scored."""
        return "pair" if len(self.candidates) == 2 else "point"

    @property
    def media(self) -> tuple[Media, ...]:
        """Every image and video, context first."""
        return self.context + tuple(c for c in self.candidates if isinstance(c, Media))

    @property
    def item(self) -> Item:
        """What a judge is asked about, with the label; its id tells sources apart.

        Items about one medium share a cluster, unless the preference names another.
        """
        name, group = f"{self.source}/{self.id}", f"{self.modality}-{self.objective}"
        about = (self.modality, self.objective, self.prompt)
        cluster = self.cluster
        if self.context and self.objective == "understanding" and cluster == self.prompt:
            cluster = "\n".join(media.key for media in self.context)
        if self.verdict is not None:
            first, second = self.candidates
            pair = (first, second)
            return PairItem(name, *about, pair, self.verdict, self.context, group, cluster)
        (one,) = self.candidates
        scored = (self.score, self.score_range)
        return PointItem(name, *about, one, self.context, *scored, group, cluster)

    def swapped(self) -> Preference:
        """The same pair in the other order.

        A rationale is dropped, because it may speak of the first and the second.
        """
        assert self.verdict is not None
        return replace(
            self,
            candidates=self.candidates[::-1],
            verdict=self.verdict.swapped,
            rationale=None,
        )

    def _require(self, holds: bool, field: str, rule: str) -> None:
        if not holds:
            raise PreferenceError(self.id, field, rule)

    def _check_words(self) -> None:
        for field in ("id", "source", "prompt"):
            value: object = getattr(self, field)
            self._require(isinstance(value, str) and bool(value.strip()), field, "must be text")
        for field, allowed in (
            ("modality", get_args(Modality)),
            ("objective", get_args(PlainObjective)),
        ):
            known = getattr(self, field) in allowed
            self._require(known, field, f"must be {' or '.join(allowed)}")
        if self.rationale is not None:
            self._require(bool(self.rationale.strip()), "rationale", "must be text or absent")
            # the answer is what follows the last </think>: it must not be moved
            clean = not any(tag in self.rationale for tag in _MARKUP)
            self._require(clean, "rationale", f"must not contain {', '.join(_MARKUP)}")

    def _check_candidates(self) -> None:
        self._require(len(self.candidates) in (1, 2), "candidates", "must be one or two")
        about = all(media.modality == self.modality for media in self.context)
        self._require(about, "context", f"must hold {self.modality}s only")
        if self.objective == "understanding":
            texts = all(isinstance(c, str) and c.strip() for c in self.candidates)
            self._require(texts, "candidates", "must be texts (objective understanding)")
            self._require(bool(self.context), "context", "needs the medium that is asked about")
            return
        made = all(isinstance(c, Media) and c.modality == self.modality for c in self.candidates)
        self._require(made, "candidates", f"must be {self.modality}s (objective generation)")
        edit = self.modality == "image" and self.kind == "pair" and len(self.context) == 1
        self._require(
            not self.context or edit,
            "context",
            "of generated media is the source of two edited images, and of nothing else",
        )

    def _check_score(self) -> None:
        self._require(self.score is not None, "score", "is missing (one candidate)")
        assert self.score is not None
        if self.score_range is None:
            default = SCORE_RANGES[self.modality, self.objective]
            object.__setattr__(self, "score_range", default)
        assert self.score_range is not None
        low, high = self.score_range
        ordered = math.isfinite(low) and math.isfinite(high) and low < high
        self._require(ordered, "score_range", "must be a lower and a higher number")
        # then a score written with one decimal can never leave its range
        fine = all(math.isclose(end, round(end, 1), abs_tol=1e-9) for end in (low, high))
        self._require(fine, "score_range", "must have ends of one decimal at most")
        inside = math.isfinite(self.score) and low <= self.score <= high
        self._require(inside, "score", f"must lie within {low:g} to {high:g}")


def rescaled(score: float, given: ScoreRange, wanted: ScoreRange) -> float:
    """A score of one range on another, linearly: ends go to ends."""
    share = (score - given[0]) / (given[1] - given[0])
    return wanted[0] + share * (wanted[1] - wanted[0])


def content_id(prompt: str, *parts: PlainCandidate) -> str:
    """An id for rows that have none: a hash of what is judged, the same in any order of rows."""
    keys = (part.key if isinstance(part, Media) else part for part in parts)
    joined = "\0".join((prompt, *keys)).encode("utf-8", "surrogatepass")
    return blake2b(joined, digest_size=8).hexdigest()
