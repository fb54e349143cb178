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
P = TypeVar("P")
Candidates = Pair[Picture] | Pair[Edited] | FilmPair
M = TypeVar("M", Pair[Picture], Pair[Edited], FilmPair, AnswerPair[Picture], AnswerPair[Film])


@dataclass(frozen=True)
class Stream(Generic[P, T_co]):
    """Samples of one kind by number; it can be pickled, so loaders can hand it to workers.

    ``plan`` decides all that a sample is to be, and ``draw`` makes it, pixels and all.
    """

    name: str
    plan: Callable[[Dice], P]
    draw: Callable[[P], T_co]
    seed: int

    def __getitem__(self, index: int) -> T_co:
        return self.draw(self.planned(index))

    def planned(self, index: int) -> P:
        """What sample number ``index`` is to be, for those who need no pixels."""
        return self.plan(Dice("shapes", "stream", self.name, self.seed, index))

    def __iter__(self) -> Iterator[T_co]:
        return self.walk()

    def walk(self, start: int = 0, step: int = 1) -> Iterator[T_co]:
        """Sample ``start`` and every ``step``-th after it, without end."""
        return (self[index] for index in count(start, step))


def image_pairs(
    seed: int = 0, *, gap: float = 0.0, size: int = 64
) -> Stream[Pair[Picture], CandidatePair]:
    """Two pictures made for a caption."""
    return Stream(
        "image pairs", partial(_apart, _pictures, gap), partial(candidate_pair, size=size), seed
    )


def edit_pairs(
    seed: int = 0, *, gap: float = 0.0, size: int = 64
) -> Stream[Pair[Edited], CandidatePair]:
    """Two edits of a picture by an instruction."""
    return Stream(
        "edit pairs", partial(_apart, _edits, gap), partial(candidate_pair, size=size), seed
    )


def video_pairs(
    seed: int = 0, *, gap: float = 0.0, size: int = 64
) -> Stream[FilmPair, CandidatePair]:
    """Two films made for a caption: half as GenAI-Bench's demo has them, half as VideoGen's."""
    return Stream(
        "video pairs", partial(_apart, _films, gap), partial(candidate_pair, size=size), seed
    )


def answer_pairs(
    seed: int = 0, *, gap: float = 0.0, size: int = 64
) -> Stream[AnswerPair[Picture], AnswersSample]:
    """Two answers to a question about a picture."""
    return Stream(
        "answer pairs",
        partial(_apart, any_picture_answers, gap),
        partial(answers_sample, size=size),
        seed,
    )


def video_answer_pairs(
    seed: int = 0, *, gap: float = 0.0, size: int = 64
) -> Stream[AnswerPair[Film], AnswersSample]:
    """Two answers to a question about a film."""
    return Stream(
        "video answer pairs",
        partial(_apart, film_answers, gap),
        partial(answers_sample, size=size),
        seed,
    )


def image_points(seed: int = 0, *, size: int = 64) -> Stream[Pair[Picture], CandidatePoint]:
    """One picture made for a caption."""
    return Stream("image points", _pictures, partial(_first, size=size), seed)


def edit_points(seed: int = 0, *, size: int = 64) -> Stream[Pair[Edited], CandidatePoint]:
    """One edit of a picture by an instruction."""
    return Stream("edit points", _edits, partial(_first, size=size), seed)


def video_points(seed: int = 0, *, size: int = 64) -> Stream[FilmPair, CandidatePoint]:
    """One film made for a caption."""
    return Stream("video points", _films, partial(_first, size=size), seed)


def answer_points(seed: int = 0, *, size: int = 64) -> Stream[AnswerPair[Picture], AnswerPoint]:
    """One answer to a question about a picture."""
    return Stream("answer points", any_picture_answers, partial(answer_point, size=size), seed)


def video_answer_points(seed: int = 0, *, size: int = 64) -> Stream[AnswerPair[Film], AnswerPoint]:
    """One answer to a question about a film."""
    return Stream("video answer points", film_answers, partial(answer_point, size=size), seed)


def image_captions(seed: int = 0, *, size: int = 64) -> Stream[Picture, Captioned]:
    """A picture with a true caption."""
    return Stream("image captions", plain_picture, partial(_captioned, size=size), seed)


def video_captions(seed: int = 0, *, size: int = 64) -> Stream[Film, Captioned]:
    """A film with a true caption."""
    return Stream("video captions", plain_film, partial(_captioned, size=size), seed)


def _pictures(dice: Dice) -> Pair[Picture]:
    return picture_pair(generate(dice), dice)


def _edits(dice: Dice) -> Pair[Edited]:
    return edited_pair(instruction(dice), dice)


def _films(dice: Dice) -> FilmPair:
    make = film_pair if dice.chance(0.5) else unlike_film_pair
    return make(cast(dice), dice)


def _apart(make: Callable[[Dice], M], gap: float, dice: Dice) -> M:
    """The first pair whose latent scores are so far apart."""
    while True:
        pair = make(dice)
        first, second = pair.answers if isinstance(pair, AnswerPair) else pair.candidates
        if abs(first.score - second.score) >= gap:
            return pair


def _first(pair: Candidates, size: int) -> CandidatePoint:
    return candidate_point(pair.prompt, pair.candidates[0], size)


def _captioned(shown: Picture | Film, size: int) -> Captioned:
    return Captioned(shown.caption.text, shot(shown, size))
