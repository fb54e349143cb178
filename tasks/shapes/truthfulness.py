"""Truth of what was made for a caption, measured from the pixels.

The score is put together as the world's own latent score is (see ``labels``). Alignment is the
share of the caption's facts that hold of what is seen; since a caption mentions everything, things
of other kinds, beyond those that stand in for a missing one, count as facts that do not hold.
Quality is by the worst respect, on the world's own scale of severities. Where nothing is seen,
there is nothing that could look well: all scores are 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .caption_reader import Stated, StatedFact, read_caption
from .facts import Count, Shown
from .labels import ALIGNMENT_WEIGHT, OVERALL, QUALITY, QUALITY_WEIGHT
from .seeing import Seen, see
from .seen_films import SeenFilm, see_film

_SEVERITIES: Mapping[str, tuple[float, ...]] = {
    "rest": (1.5, 21.5, 36.5, 53.0, 75.0),
    "tint": (2.0, 28.0, 53.0, 75.0, 110.0),
    "blur": (0.0, 1.0, 1.73, 2.83, 4.5),
    "block": (1.0, 2.0, 3.0, 5.0, 8.0),
    "unlike": (0.01, 0.06, 0.15, 0.35, 0.7),
    "flicker": (3.0, 14.0, 25.0, 35.0, 60.0),
    "astray": (5.0, 25.5, 42.0, 65.0, 110.0),
    "leap": (0.0, 130.0, 200.0, 290.0, 450.0),
    "held": (1.0, 4.0, 5.0, 6.0, 8.0),
}
"""What each respect measures at severity none, mild, plain and strong, and where all is lost."""
_QUALITY = (*QUALITY, 0.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """How true a picture or film is to its caption, and how clean; all from 0 to 1.

    Attributes:
        score: all in all.
        alignment: share of facts that hold.
        quality: how clean it looks (and, in a film, moves).
        facts: what the caption says.
        held: for each fact whether it holds.
        dimensions: of a film: VQ, MQ and TA, as ``labels`` names them.
    """

    score: float
    alignment: float
    quality: float
    facts: tuple[StatedFact, ...]
    held: tuple[bool, ...]
    dimensions: Mapping[str, float] = field(default_factory=dict)


def picture_score(picture: npt.NDArray[np.uint8], caption: str) -> Measured:
    """Measure a picture.

    Args:
        picture: shape (rows, columns, 3).
        caption: what it was made for.

    Raises:
        CaptionError: the caption is not in the world's English, or speaks of motion.
        ValueError: the picture has another shape, or less than 32 x 32 pixels.
    """
    stated = read_caption(caption)
    facts = stated.of_picture()
    seen = see(picture)
    if not seen.things:
        return _nothing(stated)
    held = tuple(fact.holds(seen.scene) for fact in facts)
    alignment = _alignment(stated, held, seen)
    quality = picture_quality(seen)
    score = ALIGNMENT_WEIGHT * alignment + QUALITY_WEIGHT * quality
    return Measured(score, alignment, quality, stated.facts, held)


def picture_quality(seen: Seen) -> float:
    """How cleanly a picture is drawn, by its worst respect."""
    unlike = float(np.mean([thing.unlike for thing in seen.things])) if seen.things else 1.0
    measures = {
        "rest": seen.rest,
        "tint": seen.tint,
        "blur": seen.lens.blur,
        "block": seen.lens.block,
        "unlike": unlike,
    }
    return min(_quality(respect, measure) for respect, measure in measures.items())


def film_score(frames: npt.NDArray[np.uint8], caption: str) -> Measured:
    """Measure a film.

    Args:
        frames: all of the film; shape (frames, rows, columns, 3).
        caption: what it was made for.

    Raises:
        CaptionError: the caption is not in the world's English, or says where things are.
        ValueError: the frames have another shape, or less than 32 x 32 pixels.
    """
    stated = read_caption(caption)
    facts = stated.of_film()
    seen = see_film(frames)
    if not seen.things:
        return _nothing(stated)
    held = tuple(fact.holds(seen.cast) for fact in facts)
    alignment = _alignment(stated, held, seen)
    looks, moves = film_looks(seen), film_moves(seen)
    dimensions = {"VQ": looks, "MQ": moves, "TA": alignment}
    quality = (OVERALL["VQ"] * looks + OVERALL["MQ"] * moves) / (OVERALL["VQ"] + OVERALL["MQ"])
    score = sum(OVERALL[name] * value for name, value in dimensions.items())
    return Measured(score, alignment, quality, stated.facts, held, dimensions)


def film_looks(seen: SeenFilm) -> float:
    """How cleanly a film is drawn: as most of its frames are, and as evenly as it is lit."""
    frames = float(np.median([picture_quality(frame) for frame in seen.frames]))
    return min(frames, _quality("flicker", seen.flicker))


def film_moves(seen: SeenFilm) -> float:
    """How smoothly a film moves, by its worst respect."""
    courses = [thing.course for thing in seen.things]
    return min(
        _quality("astray", float(np.median([course.astray for course in courses]))),
        _quality("leap", max(course.leap for course in courses)),
        _quality("held", seen.held),
    )


def _quality(respect: str, measure: float) -> float:
    return float(np.interp(measure, _SEVERITIES[respect], _QUALITY))


def _alignment(stated: Stated, held: Sequence[bool], shown: Shown) -> float:
    """The share of facts that hold, where each thing too many is one that does not."""
    kinds = stated.kinds
    others = sum(not any(kind.fits(thing) for kind in kinds) for thing in shown.things)
    missing = sum(
        max(0, fact.number - len(fact.what.found(shown.things)))
        for fact in stated.facts
        if isinstance(fact, Count) and fact.what.size is None
    )
    return sum(held) / (len(held) + max(0, others - missing))


def _nothing(stated: Stated) -> Measured:
    return Measured(0.0, 0.0, 0.0, stated.facts, (False,) * len(stated.facts))
