"""Pictures that imaginary models drew for a caption, in pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...harness.truth import Truth
from .caption import caption
from .dice import Dice
from .draw import Pixels, draw
from .facts import Caption, Count, Relation
from .faults import Wrong
from .labels import GOOD_LEVEL, TIE_THRESHOLD, human_label, latent_score
from .pairs import PAINTERS, SLIP_AGAIN, Model, Pair, grouped, in_common, severity, two_of
from .quality import PICTURE_FLAWS, Flaw, degrade
from .scene import SIZES, Scene, generate, rearranged
from .scene_faults import SCENE_FAULTS


@dataclass(frozen=True, slots=True)
class Picture:
    """One candidate: what it shows, what went wrong with it, and its latent score."""

    caption: Caption[Scene]
    scene: Scene
    slips: tuple[Wrong[Scene], ...]
    flaw: Flaw | None
    severity: int
    seed: int

    @property
    def score(self) -> float:
        """The latent score (see ``labels``)."""
        return latent_score(self.caption.held(self.scene), self.severity)

    def pixels(self, size: int = 64) -> Pixels:
        """The picture as it was drawn, flaws included; shape (size, size, 3)."""
        clean = draw(self.scene, size)
        return degrade(clean, self.flaw, self.severity, self.seed) if self.flaw else clean

    def truth(self) -> Truth:
        """What its file is to carry."""
        faults: list[dict[str, str | int]] = [
            {"kind": wrong.slip, "broken": len(wrong.broken)} for wrong in self.slips
        ]
        if self.flaw:
            faults.append({"kind": self.flaw, "severity": self.severity})
        return Truth(self.caption.text, self.score, tuple(faults), TIE_THRESHOLD, GOOD_LEVEL)


def picture_pairs(items: int, *, seed: int = 0) -> Iterator[Pair[Picture]]:
    """The first ``items`` pairs of the set named by ``seed``; some in a row share a prompt."""
    return grouped("image", seed, items, generate, picture_pair)


def picture_pair(asked: Scene, dice: Dice) -> Pair[Picture]:
    """Two models' pictures for the caption of a scene."""
    said = caption(asked)
    names = two_of(PAINTERS, dice)
    first, second = (picture(asked, said, PAINTERS[name], dice) for name in names)
    shared = in_common(dice)
    if shared == "flaw":
        second = replace(second, flaw=first.flaw, severity=first.severity)
    elif shared == "content" and (first.flaw, first.severity) != (second.flaw, second.severity):
        second = replace(second, scene=first.scene, slips=first.slips)
    label = human_label(first.score, second.score, dice)
    return Pair(said.text, (first, second), names, label)


def picture(asked: Scene, said: Caption[Scene], model: Model, dice: Dice) -> Picture:
    """A model's picture for the caption of a scene."""
    scene = faithful(asked, said, dice)
    slips: list[Wrong[Scene]] = []
    again = model.slips
    while dice.chance(again) and (wrong := SCENE_FAULTS.any(scene, said, dice)):
        slips.append(wrong)
        scene, again = wrong.shown, SLIP_AGAIN * model.slips
    flaw = dice.choice(PICTURE_FLAWS) if dice.chance(model.flaws) else None
    worse = severity(dice) if flaw else 0
    return Picture(said, scene, tuple(slips), flaw, worse, seed=dice.below(2**31))


def faithful(asked: Scene, said: Caption[Scene], dice: Dice) -> Scene:
    """Another scene that the caption is true of: other places, other sizes where none is said."""
    sized = [fact.what for fact in said.facts if isinstance(fact, Count) and fact.what.size]
    free = replace(
        asked,
        things=tuple(
            thing
            if any(what.fits(thing) for what in sized)
            else replace(thing, size=dice.choice(SIZES))
            for thing in asked.things
        ),
    )
    relations = [fact for fact in said.facts if isinstance(fact, Relation)]
    scene = rearranged(free, dice)
    while not all(relation.holds(scene) for relation in relations):
        scene = rearranged(free, dice)
    return scene
