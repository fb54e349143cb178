"""What training takes: pictures and films as arrays, with prompts, answers, scores and truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...harness.items import Verdict
from .answers import AnswerPair
from .dense import Dense, of_film, of_scene
from .draw import Pixels, draw
from .edited import Edited
from .films import Film, FilmPair
from .pairs import Pair
from .pictures import Picture

Candidate = Picture | Edited | Film


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A picture (one frame) or film; ``pixels`` has the shape (frames, size, size, 3)."""

    pixels: Pixels
    dense: Dense


@dataclass(frozen=True, slots=True, eq=False)
class CandidatePair:
    """Two pictures, edits or films made for one prompt.

    Attributes:
        prompt: the caption, or the instruction of an edit.
        source: the picture to edit; ``None`` for what is made from text alone.
        candidates: the two.
        scores: the latent score of each.
        label: a voter's noisy verdict: first, second, both good or both bad.
        dimensions: for films, the two latent scores in each dimension.
        dimension_labels: for films, a voter's verdict in each dimension.
        faults: the kinds of everything that went wrong with each.
    """

    prompt: str
    source: Shot | None
    candidates: tuple[Shot, Shot]
    scores: tuple[float, float]
    label: Verdict
    faults: tuple[tuple[str, ...], tuple[str, ...]]
    dimensions: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    dimension_labels: Mapping[str, Verdict] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class CandidatePoint:
    """One picture, edit or film with its latent score, in each dimension too if it is a film."""

    prompt: str
    source: Shot | None
    candidate: Shot
    score: float
    faults: tuple[str, ...]
    dimensions: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class AnswersSample:
    """Two answers to a question about a picture or film.

    Attributes:
        kind: what is asked for, *describe* or a kind of question.
        question: the question.
        shot: what it is about.
        answers: the two.
        scores: the latent score of each.
        label: a voter's noisy verdict: first or second.
        truth: the right answer, in a few words.
        faults: what is wrong with each; ``None`` for nothing.
    """

    kind: str
    question: str
    shot: Shot
    answers: tuple[str, str]
    scores: tuple[float, float]
    label: Verdict
    truth: str
    faults: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True, eq=False)
class AnswerPoint:
    """One answer to a question about a picture or film, with its latent score."""

    kind: str
    question: str
    shot: Shot
    answer: str
    score: float
    fault: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Captioned:
    """A picture or film with a true caption."""

    caption: str
    shot: Shot


def shot(candidate: Candidate, size: int) -> Shot:
    """The candidate drawn or filmed at that size."""
    match candidate:
        case Film():
            return Shot(candidate.pixels(size), of_film(candidate))
        case Edited():
            scene = candidate.outcome.scene
        case Picture():
            scene = candidate.scene
    dense = of_scene(scene, candidate.flaw, candidate.severity)
    return Shot(candidate.pixels(size)[None], dense)


def candidate_pair(pair: Pair[Picture] | Pair[Edited] | FilmPair, size: int) -> CandidatePair:
    """A pair of candidates as training takes it."""
    first, second = pair.candidates
    dimensions, labels = dict[str, tuple[float, float]](), dict[str, Verdict]()
    if isinstance(pair, FilmPair):
        one, other = (film.dimensions for film in pair.candidates)
        dimensions, labels = {name: (one[name], other[name]) for name in one}, pair.dimensions
    return CandidatePair(
        pair.prompt,
        _source(first, size),
        (shot(first, size), shot(second, size)),
        (first.score, second.score),
        pair.label,
        (_faults(first), _faults(second)),
        dimensions,
        labels,
    )


def candidate_point(prompt: str, candidate: Candidate, size: int) -> CandidatePoint:
    """One candidate as training takes it."""
    return CandidatePoint(
        prompt,
        _source(candidate, size),
        shot(candidate, size),
        candidate.score,
        _faults(candidate),
        candidate.dimensions if isinstance(candidate, Film) else {},
    )


def answers_sample(pair: AnswerPair[Picture] | AnswerPair[Film], size: int) -> AnswersSample:
    """A pair of answers as training takes it."""
    first, second = pair.answers
    return AnswersSample(
        pair.kind,
        pair.question,
        shot(pair.subject, size),
        (first.text, second.text),
        (first.score, second.score),
        pair.label,
        pair.truth,
        (first.fault, second.fault),
    )


def answer_point(pair: AnswerPair[Picture] | AnswerPair[Film], size: int) -> AnswerPoint:
    """The first of two answers as training takes it."""
    first, _ = pair.answers
    subject = shot(pair.subject, size)
    return AnswerPoint(pair.kind, pair.question, subject, first.text, first.score, first.fault)


def _source(candidate: Candidate, size: int) -> Shot | None:
    if not isinstance(candidate, Edited):
        return None
    source = candidate.edit.source
    return Shot(draw(source, size)[None], of_scene(source))


def _faults(candidate: Candidate) -> tuple[str, ...]:
    """The kinds of all that went wrong, those of content first."""
    match candidate:
        case Edited():
            fault = candidate.outcome.fault
            kinds: list[str] = [fault] if fault else []
        case Film():
            kinds = [wrong.slip for wrong in candidate.slips]
            kinds += [candidate.jerk.kind] if candidate.jerk else []
        case Picture():
            kinds = [wrong.slip for wrong in candidate.slips]
    return (*kinds, *([candidate.flaw] if candidate.flaw else []))
