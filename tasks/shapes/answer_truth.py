"""How true an answer is, whoever gave it: its English is read, and held against what is shown.

>>> scene = generate(Dice(6))
>>> answer_score(scene, "What colour is the small triangle?", "It is purple.")
Measured(score=1.0, read=True)

Scores are those that answers of the world have by how they were made (see ``answers``): an answer
of which everything is true 1, a wrong one 0.15, a vague one 0.4, and 0.25 less for a false remark;
descriptions lose for every false statement and for what they leave out. What cannot be read as an
answer to the question scores 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .answer_kinds import DESCRIBE, is_right
from .answers import (
    EVASIONS,
    FALSE,
    FALSE_REMARK,
    LEAST,
    LEFT_OUT,
    VAGUE,
    VAGUE_DESCRIPTIONS,
    WRONG,
)
from .caption_reader import CaptionError, Stated, read_caption
from .motion import Cast
from .plain_words import plain, read_kind
from .scene import Scene
from .words import kind_of

_EVASIVE = {plain(text) for text in (*EVASIONS, *VAGUE_DESCRIPTIONS)}
_REMARK = re.compile(r"\. there is also an? ")


@dataclass(frozen=True, slots=True)
class Measured:
    """The score of an answer, from 0 to 1; 0 where it could not be read."""

    score: float
    read: bool = True


_UNREAD = Measured(0.0, read=False)


def answer_score(shown: Scene | Cast, question: str, answer: str) -> Measured:
    """How true an answer to a question about a picture or film is.

    Args:
        shown: what the picture or film shows.
        question: one that the world asks.
        answer: any text.

    Raises:
        ValueError: the question is none of the world's.
    """
    asked, said = plain(question), plain(answer)
    if said in _EVASIVE:
        return Measured(VAGUE)
    if asked in DESCRIBE:
        return _described(shown, said)
    head, *remarks = _REMARK.split(said)
    right = is_right(shown, asked, head)
    named = [read_kind(remark) for remark in remarks]
    if right is None or None in named:
        return _UNREAD
    false = sum(not what.found(shown.things) for what in named if what)
    score = (1.0 if right else WRONG) - false * (1 - FALSE_REMARK)
    return Measured(max(0.0, score))


def _described(shown: Scene | Cast, said: str) -> Measured:
    try:
        stated = read_caption(said)
        broken = _broken(shown, stated)
    except CaptionError:
        return _UNREAD
    left_out = {kind_of(thing) for thing in shown.things}.difference(stated.kinds)
    return Measured(max(LEAST, 1 - FALSE * broken - LEFT_OUT * len(left_out)))


def _broken(shown: Scene | Cast, stated: Stated) -> int:
    """How many of the facts do not hold, each counted once."""
    if isinstance(shown, Cast):
        return sum(not fact.holds(shown) for fact in set(stated.of_film()))
    return sum(not fact.holds(shown) for fact in set(stated.of_picture()))
