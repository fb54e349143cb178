"""Endless streams of training samples, each made on the spot.

>>> pairs = image_pairs(seed=1)
>>> pairs[7].prompt == next(pairs.walk(start=7)).prompt
True

Sample number i of a stream is the same wherever it is made, so any worker can make any part: worker
w of n takes ``stream.walk(start=w, step=n)``. Streams and demo sets are drawn from different dice,
whatever their seeds. ``size`` is the side in pixels; ``gap``, for easy samples first, leaves out
pairs whose latent scores are closer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Generic, TypeVar

from .answers import AnswerPair
from .asked import any_picture_answers, film_answers, plain_film, plain_picture
from .dice import Dice
from .edited import Edited, edited_pair
from .edits import instruction
from .films import Film, FilmPair, film_pair, unlike_film_pair
from .motion import cast
from .pairs import Pair
from .pictures import Picture, picture_pair
from .samples import (
    AnswerPoint,
    AnswersSample,
    CandidatePair,
    CandidatePoint,
    Captioned,
    answer_point,
    answers_sample,
    candidate_pair,
    candidate_point,
    shot,
)
from .scene import generate

T_co = TypeVar("T_co", covariant=True)
Candidates = Pair[Picture] | Pair[Edited] | FilmPair
Answers = AnswerPair[Picture] | AnswerPair[Film]


@dataclass(frozen=True)
class Stream(Generic[T_co]):
    """Samples of one kind by number; it can be pickled, so loaders can hand it to workers."""

    name: str
    make: Callable[[Dice], T_co]
    seed: int

    def __getitem__(self, index: int) -> T_co:
        return self.make(Dice("shapes", "stream", self.name, self.seed, index))

    def __iter__(self) -> Iterator[T_co]:
        return self.walk()

    def walk(self, start: int = 0, step: int = 1) -> Iterator[T_co]:
        """Sample ``start`` and every ``step``-th after it, without end."""
        return (self[index] for index in count(start, step))


def image_pairs(seed: int = 0, *, gap: float = 0.0, size: int = 64) -> Stream[CandidatePair]:
    """Two pictures made for a caption."""
    return Stream("image pairs", partial(_pair, _pictures, gap, size), seed)


def edit_pairs(seed: int = 0, *, gap: float = 0.0, size: int = 64) -> Stream[CandidatePair]:
    """Two edits of a picture by an instruction."""
    return Stream("edit pairs", partial(_pair, _edits, gap, size), seed)


def video_pairs(seed: int = 0, *, gap: float = 0.0, size: int = 64) -> Stream[CandidatePair]:
    """Two films made for a caption: half as GenAI-Bench's demo has them, half as VideoGen's."""
    return Stream("video pairs", partial(_pair, _films, gap, size), seed)


def answer_pairs(seed: int = 0, *, gap: float = 0.0, size: int = 64) -> Stream[AnswersSample]:
    """Two answers to a question about a picture."""
    return Stream("answer pairs", partial(_answers, any_picture_answers, gap, size), seed)


def video_answer_pairs(seed: int = 0, *, gap: float = 0.0, size: int = 64) -> Stream[AnswersSample]:
    """Two answers to a question about a film."""
    return Stream("video answer pairs", partial(_answers, film_answers, gap, size), seed)


def image_points(seed: int = 0, *, size: int = 64) -> Stream[CandidatePoint]:
    """One picture made for a caption."""
    return Stream("image points", partial(_point, _pictures, size), seed)


def edit_points(seed: int = 0, *, size: int = 64) -> Stream[CandidatePoint]:
    """One edit of a picture by an instruction."""
    return Stream("edit points", partial(_point, _edits, size), seed)


def video_points(seed: int = 0, *, size: int = 64) -> Stream[CandidatePoint]:
    """One film made for a caption."""
    return Stream("video points", partial(_point, _films, size), seed)


def answer_points(seed: int = 0, *, size: int = 64) -> Stream[AnswerPoint]:
    """One answer to a question about a picture."""
    return Stream("answer points", partial(_answer, any_picture_answers, size), seed)


def video_answer_points(seed: int = 0, *, size: int = 64) -> Stream[AnswerPoint]:
    """One answer to a question about a film."""
    return Stream("video answer points", partial(_answer, film_answers, size), seed)


def image_captions(seed: int = 0, *, size: int = 64) -> Stream[Captioned]:
    """A picture with a true caption."""
    return Stream("image captions", partial(_captioned, plain_picture, size), seed)


def video_captions(seed: int = 0, *, size: int = 64) -> Stream[Captioned]:
    """A film with a true caption."""
    return Stream("video captions", partial(_captioned, plain_film, size), seed)


def _pictures(dice: Dice) -> Pair[Picture]:
    return picture_pair(generate(dice), dice)


def _edits(dice: Dice) -> Pair[Edited]:
    return edited_pair(instruction(dice), dice)


def _films(dice: Dice) -> FilmPair:
    make = film_pair if dice.chance(0.5) else unlike_film_pair
    return make(cast(dice), dice)


def _pair(make: Callable[[Dice], Candidates], gap: float, size: int, dice: Dice) -> CandidatePair:
    while True:
        pair = make(dice)
        first, second = pair.candidates
        if abs(first.score - second.score) >= gap:
            return candidate_pair(pair, size)


def _answers(make: Callable[[Dice], Answers], gap: float, size: int, dice: Dice) -> AnswersSample:
    while True:
        pair = make(dice)
        first, second = pair.answers
        if abs(first.score - second.score) >= gap:
            return answers_sample(pair, size)


def _point(make: Callable[[Dice], Candidates], size: int, dice: Dice) -> CandidatePoint:
    pair = make(dice)
    return candidate_point(pair.prompt, pair.candidates[0], size)


def _answer(make: Callable[[Dice], Answers], size: int, dice: Dice) -> AnswerPoint:
    return answer_point(make(dice), size)


def _captioned(make: Callable[[Dice], Picture | Film], size: int, dice: Dice) -> Captioned:
    shown = make(dice)
    return Captioned(shown.caption.text, shot(shown, size))
