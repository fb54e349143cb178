"""What a model under test is asked, and what a grader is asked about its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from .shown import LETTERS, Candidate, Media, Modality, Objective, Order, ScoreRange, rotated


@dataclass(frozen=True)
class QuestionItem:
    """A question about media for a model under test.

    ``prompt`` is all that is asked, but for the ``options`` (none: an open question) and the
    ``closing`` line after them. ``answer`` is the right option's place; ``references`` are right
    answers in words. ``frames`` is how many frames of a video the benchmark shows. ``facets`` are
    further subsets that the item is in, by what divides them; ``known`` is what a grader is told
    besides. Modality, context, group and cluster are as in :class:`PairItem`.
    """

    id: str
    modality: Modality
    prompt: str
    context: tuple[Media, ...] = ()
    options: tuple[str, ...] = ()
    answer: int | None = None
    references: tuple[str, ...] = ()
    closing: str = ""
    frames: int | None = None
    group: str = ""
    cluster: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)

    objective: ClassVar[Objective] = "understanding"
    candidates: ClassVar[tuple[Candidate, ...]] = ()

    @property
    def media(self) -> tuple[Media, ...]:
        """Every image and video of the item."""
        return self.context

    def text(self, order: Order = "ab") -> str:
        """The whole question with its options in that order, each on a line with its letter."""
        options = rotated(self.options, order)
        named = [f"{LETTERS[i]}. {option}" for i, option in enumerate(options)]
        return "\n".join(part for part in (self.prompt, *named, self.closing) if part)

    @cached_property
    def content(self) -> str:
        """The item without its answer as one line of JSON; media stand as their keys."""
        asked = {"options": self.options, "closing": self.closing, "frames": self.frames}
        return _written(self, {"prompt": self.prompt, **asked, "known": dict(self.known)})


@dataclass(frozen=True)
class PromptItem:
    """A prompt for a generation model under test; ``modality`` is what it is to make.

    ``context`` is the source of an edit. ``known`` is what the task needs to score what is made.
    """

    id: str
    modality: Modality
    prompt: str
    context: tuple[Media, ...] = ()
    group: str = ""
    cluster: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)

    objective: ClassVar[Objective] = "generation"
    candidates: ClassVar[tuple[Candidate, ...]] = ()

    @property
    def media(self) -> tuple[Media, ...]:
        """The source media."""
        return self.context

    @cached_property
    def content(self) -> str:
        """The item as one line of JSON; media stand as their keys."""
        return _written(self, {"prompt": self.prompt, "known": dict(self.known)})


@dataclass(frozen=True)
class GradeItem:
    """A model's answer to be graded: the grader is asked ``prompts[0]`` about ``context``.

    Where the answer stands beside another one, ``prompts[1]`` shows the two in the other order.
    ``scales`` are the ranges of the numbers that a grade consists of; where two answers are
    compared, the other one's number comes first. ``references`` are right answers.
    """

    id: str
    modality: Modality
    prompts: tuple[str, ...]
    answer: str
    scales: tuple[ScoreRange, ...]
    references: tuple[str, ...] = ()
    context: tuple[Media, ...] = ()
    group: str = ""
    cluster: str = ""

    objective: ClassVar[Objective] = "understanding"
    candidates: ClassVar[tuple[Candidate, ...]] = ()

    @property
    def prompt(self) -> str:
        """What is asked, in the usual order."""
        return self.prompts[0]

    @property
    def compares(self) -> bool:
        """Whether the answer stands beside another one."""
        return len(self.prompts) > 1

    @property
    def media(self) -> tuple[Media, ...]:
        """What the grader looks at."""
        return self.context

    def text(self, order: Order = "ab") -> str:
        """The whole question to the grader."""
        return self.prompts[order == "ba"]

    @cached_property
    def content(self) -> str:
        """All that is asked as one line of JSON; media stand as their keys."""
        return _written(self, {"prompts": self.prompts, "scales": self.scales})


def _written(item: QuestionItem | PromptItem | GradeItem, own: Mapping[str, object]) -> str:
    about = {"modality": item.modality, "objective": item.objective}
    media = [one.key for one in item.context]
    return json.dumps({**own, "context": media, **about}, ensure_ascii=False)
