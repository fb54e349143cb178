"""Answers to questions about pictures and films, good and bad, in pairs.

An answer is worth 1 less what is wrong with it: a wrong answer 0.85, a vague one 0.6, a false
remark 0.25. A description loses 0.25 for each false statement and 0.2 for each kind of thing that
it leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

from ...harness.items import Verdict
from ...harness.truth import Truth, answer_key
from .dice import Dice
from .facts import Caption, Shown
from .faults import Faults
from .labels import answer_label
from .questions import Question, near_miss
from .words import Description, Seen, kind_of

C = TypeVar("C")
S = TypeVar("S", bound=Shown)

WRONG, VAGUE, FALSE_REMARK = 0.15, 0.4, 0.75
FALSE, LEFT_OUT, LEAST = 0.25, 0.2, 0.1
"""What a description loses for a false statement and for a kind left out, and keeps at least."""
_CLEAR = 0.19
"""How far apart the scores of two answers are at least."""

ANSWERERS = ("parrot-7b", "parrot-13b", "owl-base", "owl-chat", "magpie-mini")
_CONTRASTS: dict[Literal["wrong", "vague", "vague or wrong", "remark"], float] = {
    "wrong": 10,
    "vague": 1.5,
    "vague or wrong": 1,
    "remark": 3,
}
_A_REMARK = 0.25
_SAME_STYLE = 0.6
EVASIONS = (
    "It is hard to say.",
    "I cannot tell for sure.",
    "There are some shapes on a dark ground.",
    "That depends on how one looks at it.",
)
VAGUE_DESCRIPTIONS = (
    "Some shapes on a dark ground.",
    "There are a few coloured shapes.",
    "A dark ground with something on it.",
)
_DRAFTS = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its text, what is wrong with it, and its latent score."""

    text: str
    score: float
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerPair(Generic[C]):
    """Two answers to a question about a picture or film, and a voter's label: first or second.

    ``truth`` is what is right, in a few words.
    """

    kind: str
    question: str
    subject: C
    answers: tuple[Answer, Answer]
    models: tuple[str, str]
    label: Verdict
    truth: str

    def known(self) -> Truth:
        """What the file of the picture or film is to carry."""
        scores = {answer_key(answer.text): answer.score for answer in self.answers}
        return Truth(self.question, answers=scores)


@dataclass(frozen=True, slots=True)
class Describer(Generic[S]):
    """How to put something in words, how to get it wrong, and how to ask for it."""

    say: Callable[[S, Dice | None], Caption[S]]
    faults: Faults[S]
    invent: Callable[[S, Dice], S]
    requests: tuple[str, ...]

    def pair(self, shown: S, dice: Dice) -> tuple[Answer, Answer]:
        """A better and a worse description."""
        if dice.chance(0.12):
            return self._told(shown, shown, None, dice), Answer(
                dice.choice(VAGUE_DESCRIPTIONS), VAGUE, "vague"
            )
        while True:
            drafts = [self._told(shown, shown, None, dice)]
            while len(drafts) < _DRAFTS:
                drafts.append(self._draft(shown, dice))
            worse, *_, better = sorted(dice.shuffled(drafts)[:2], key=lambda draft: draft.score)
            if better.score - worse.score > _CLEAR:
                return better, worse

    def _draft(self, shown: S, dice: Dice) -> Answer:
        """A description with one fault or two."""
        imagined, fault = shown, ""
        for _ in range(2 if dice.chance(0.3) else 1):
            if dice.chance(0.25):
                imagined, fault = self.invent(imagined, dice), "hallucination"
                continue
            said = self.say(imagined, dice)
            wrong = self.faults.one("missing", imagined, said, dice) if dice.chance(0.25) else None
            if wrong := wrong or self.faults.any(imagined, said, dice):
                imagined, fault = wrong.shown, wrong.slip
        return self._told(shown, imagined, fault, dice)

    def _told(self, shown: S, imagined: S, fault: str | None, dice: Dice) -> Answer:
        """What is imagined in words, and how far it is true of what is shown."""
        said = self.say(imagined, dice)
        there = {kind_of(thing) for thing in shown.things}
        left_out = there - {kind_of(thing) for thing in imagined.things}
        score = 1 - FALSE * len(said.broken(shown)) - LEFT_OUT * len(left_out)
        return Answer(said.text, max(LEAST, score), fault if score < 1 else None)


def contrast(asked: Question, things: Sequence[Seen], dice: Dice) -> tuple[Answer, Answer]:
    """A better and a worse answer to a question."""
    style = dice.below(len(asked.right))
    other_style = style if dice.chance(_SAME_STYLE) else dice.below(len(asked.right))
    right = asked.right[style]
    better = Answer(right + _remark(asked, dice), 1.0)
    wrong = dice.choice(asked.wrong)[other_style]
    worse = Answer(wrong + _remark(asked, dice), WRONG, asked.kind)
    vague = Answer(dice.choice(EVASIONS), VAGUE, "vague")
    match dice.weighted(_CONTRASTS):
        case "vague":
            return better, vague
        case "vague or wrong":
            return vague, worse
        case "remark" if asked.aside:
            false = f" There is also a {Description(*near_miss(things, dice)).noun()}."
            return better, Answer(asked.right[other_style] + false, FALSE_REMARK, "remark")
    return better, worse


def answer_pair(
    subject: C, kind: str, text: str, truth: str, contrasted: tuple[Answer, Answer], dice: Dice
) -> AnswerPair[C]:
    """Two models' answers in a random order, with a voter's label."""
    first, second = dice.shuffled(contrasted)
    one, other, *_ = dice.shuffled(ANSWERERS)
    label = answer_label(first.score, second.score, dice)
    return AnswerPair(kind, text, subject, (first, second), (one, other), label, truth)


def turned(pair: AnswerPair[C]) -> AnswerPair[C]:
    """The same pair with its answers in the other order."""
    return replace(
        pair,
        answers=pair.answers[::-1],
        models=pair.models[::-1],
        label=pair.label.swapped,
    )


def _remark(asked: Question, dice: Dice) -> str:
    """At times a true remark on something that was not asked about."""
    if not asked.aside or not dice.chance(_A_REMARK):
        return ""
    return f" There is also a {kind_of(dice.choice(asked.aside)).noun()}."
