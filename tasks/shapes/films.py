"""Films that imaginary models made for a caption, in pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ...harness.items import Verdict
from ...harness.truth import Truth
from .cast_caption import cast_caption
from .cast_faults import CAST_FAULTS
from .dice import Dice
from .draw import Pixels, paint
from .facts import Caption, Count
from .faults import Wrong
from .jerks import Jerk, any_jerk, frames
from .labels import (
    DIMENSIONS,
    GOOD_LEVEL,
    OVERALL,
    QUALITY,
    TIE_THRESHOLD,
    dimension_label,
    human_label,
)
from .motion import Cast, Clip, cast, staged
from .pairs import FILMERS, SLIP_AGAIN, Model, Pair, grouped, in_common, severity, two_of
from .quality import FLAWS, Flaw, degrade
from .scene import SIZES


@dataclass(frozen=True, slots=True)
class Film:
    """One candidate: what it shows, what went wrong with it, and its latent scores."""

    caption: Caption[Cast]
    cast: Cast
    clip: Clip
    slips: tuple[Wrong[Cast], ...]
    jerk: Jerk | None
    flaw: Flaw | None
    severity: int
    seed: int

    @property
    def dimensions(self) -> dict[str, float]:
        """The latent score in each dimension (see ``labels``)."""
        scores = {
            "VQ": QUALITY[self.severity],
            "MQ": QUALITY[self.jerk.severity if self.jerk else 0],
            "TA": self.caption.held(self.cast),
        }
        overall = sum(weight * scores[name] for name, weight in OVERALL.items())
        return {**scores, "Overall": overall}

    @property
    def score(self) -> float:
        """The latent score over all dimensions."""
        return self.dimensions["Overall"]

    def pixels(self, size: int = 64) -> Pixels:
        """The frames as they were filmed, flaws included; shape (frames, size, size, 3)."""
        shown = frames(self.clip, self.jerk)
        clean = np.stack([paint(frame, self.clip.ground, size) for frame in shown])
        return degrade(clean, self.flaw, self.severity, self.seed) if self.flaw else clean

    def truth(self, *, dimensions: bool) -> Truth:
        """What its file is to carry, with the scores in each dimension or without."""
        faults: list[dict[str, str | int]] = [
            {"kind": wrong.slip, "broken": len(wrong.broken)} for wrong in self.slips
        ]
        if self.jerk:
            faults.append({"kind": self.jerk.kind, "severity": self.jerk.severity})
        if self.flaw:
            faults.append({"kind": self.flaw, "severity": self.severity})
        scores = {name: (score, DIMENSIONS[name][0]) for name, score in self.dimensions.items()}
        return Truth(
            self.caption.text,
            self.score,
            tuple(faults),
            TIE_THRESHOLD,
            GOOD_LEVEL,
            scores if dimensions else {},
        )


@dataclass(frozen=True, slots=True)
class FilmPair(Pair[Film]):
    """Two films for one prompt; a voter's label in each dimension stands beside the usual one."""

    dimensions: dict[str, Verdict]


def film_pairs(items: int, *, seed: int = 0) -> Iterator[FilmPair]:
    """The first ``items`` pairs of the set named by ``seed``; some in a row share a prompt."""
    return grouped("video", seed, items, cast, film_pair)


def unlike_film_pairs(items: int, *, seed: int = 0) -> Iterator[FilmPair]:
    """The same with films that have nothing in common, so that ties are rare in each dimension."""
    return grouped("unlike video", seed, items, cast, unlike_film_pair)


def film_pair(asked: Cast, dice: Dice) -> FilmPair:
    """Two models' films for the caption of a cast, often alike in content or in quality."""
    said = cast_caption(asked)
    names = two_of(FILMERS, dice)
    first, second = (film(asked, said, FILMERS[name], dice) for name in names)
    shared = in_common(dice)
    if shared == "flaw":
        second = replace(second, flaw=first.flaw, severity=first.severity)
        second = _as_jerky(second, first, dice)
    elif shared == "content":
        level = second.jerk.severity if second.jerk else 0
        second = replace(second, cast=first.cast, slips=first.slips, clip=first.clip)
        second = replace(second, jerk=any_jerk(second.clip, level, dice) if level else None)
    return _labelled(names, first, second, dice)


def unlike_film_pair(asked: Cast, dice: Dice) -> FilmPair:
    """Two models' films for the caption of a cast, each as it comes."""
    said = cast_caption(asked)
    names = two_of(FILMERS, dice)
    first, second = (film(asked, said, FILMERS[name], dice) for name in names)
    return _labelled(names, first, second, dice)


def _labelled(names: tuple[str, str], first: Film, second: Film, dice: Dice) -> FilmPair:
    label = human_label(first.score, second.score, dice)
    one, other = first.dimensions, second.dimensions
    dimensions = {name: dimension_label(name, one[name], other[name], dice) for name in DIMENSIONS}
    return FilmPair(first.caption.text, (first, second), names, label, dimensions)


def film(asked: Cast, said: Caption[Cast], model: Model, dice: Dice) -> Film:
    """A model's film for the caption of a cast."""
    shown, slips, again = _faithful(asked, said, dice), list[Wrong[Cast]](), model.slips
    while dice.chance(again) and (wrong := CAST_FAULTS.any(shown, said, dice)):
        slips.append(wrong)
        shown, again = wrong.shown, SLIP_AGAIN * model.slips
    clip = staged(shown, dice)
    jerk = any_jerk(clip, severity(dice), dice) if dice.chance(model.jerks) else None
    flaw = dice.choice(FLAWS) if dice.chance(model.flaws) else None
    worse = severity(dice) if flaw else 0
    seed = dice.below(2**31)
    return Film(said, shown, clip, tuple(slips), jerk, flaw, worse, seed)


def _faithful(asked: Cast, said: Caption[Cast], dice: Dice) -> Cast:
    """Another cast that the caption is true of: other sizes where none is said."""
    sized = [fact.what for fact in said.facts if isinstance(fact, Count) and fact.what.size]
    return Cast(
        tuple(
            actor
            if any(what.fits(actor) for what in sized)
            else replace(actor, size=dice.choice(SIZES))
            for actor in asked.things
        )
    )


def _as_jerky(film: Film, other: Film, dice: Dice) -> Film:
    """The film with motion as bad as the other's."""
    level = other.jerk.severity if other.jerk else 0
    return replace(film, jerk=any_jerk(film.clip, level, dice) if level else None)
