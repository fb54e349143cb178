"""Pairs of pictures that imaginary models drew for one prompt, with a voter's label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ...harness.items import Verdict
from ...harness.truth import Truth, with_truth
from .caption import Caption, Count, Relation, caption
from .dice import Dice
from .draw import Pixels, draw, encode
from .faults import Wrong, any_slip
from .labels import GOOD_LEVEL, TIE_THRESHOLD, human_label, latent_score
from .quality import FLAWS, Flaw, degrade
from .scene import SIZES, Scene, generate, rearranged


@dataclass(frozen=True, slots=True)
class Model:
    """An imaginary generator: how often it slips, and how often its pictures are flawed."""

    slips: float
    flaws: float


MODELS = {
    "crayon-1": Model(slips=0.85, flaws=0.7),
    "crayon-2": Model(slips=0.65, flaws=0.45),
    "easel-base": Model(slips=0.6, flaws=0.3),
    "easel-turbo": Model(slips=0.5, flaws=0.75),
    "gouache-xl": Model(slips=0.35, flaws=0.35),
    "stencil-mini": Model(slips=0.75, flaws=0.2),
}
_SLIP_AGAIN = 0.3
_HOW_SEVERE = {1: 4, 2: 3, 3: 2}
_PAIRS_OF_A_PROMPT = {1: 7, 2: 3, 3: 1, 4: 1}
_IN_COMMON: dict[Literal["flaw", "scene", "nothing"], float] = {"flaw": 5, "scene": 3, "nothing": 2}
"""What a pair's pictures share, so that many pairs differ in alignment or in quality alone."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One candidate: what it shows, what went wrong with it, and its latent score."""

    caption: Caption
    scene: Scene
    slips: tuple[Wrong, ...]
    flaw: Flaw | None
    severity: int
    seed: int

    @property
    def score(self) -> float:
        """The latent score (see ``labels``)."""
        facts = len(self.caption.facts)
        held = facts - len(self.caption.broken(self.scene))
        return latent_score(held, facts, self.severity)

    def pixels(self, size: int = 64) -> Pixels:
        """The picture as it was drawn, flaws included; shape (size, size, 3)."""
        clean = draw(self.scene, size)
        return degrade(clean, self.flaw, self.severity, self.seed) if self.flaw else clean

    def png(self, size: int = 64) -> bytes:
        """A PNG file's content, with the truth in it."""
        faults: list[dict[str, str | int]] = [
            {"kind": wrong.slip, "broken": len(wrong.broken)} for wrong in self.slips
        ]
        if self.flaw:
            faults.append({"kind": self.flaw, "severity": self.severity})
        truth = Truth(self.caption.text, self.score, tuple(faults), TIE_THRESHOLD, GOOD_LEVEL)
        return with_truth(encode(self.pixels(size)), truth)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models' pictures for one prompt, and the label: first, second, both good or both bad."""

    prompt: str
    pictures: tuple[Picture, Picture]
    models: tuple[str, str]
    label: Verdict


def image_pairs(items: int, *, seed: int = 0) -> Iterator[Pair]:
    """The first ``items`` pairs of the set named by ``seed``; some in a row share a prompt."""
    made = prompt = 0
    while made < items:
        dice = Dice("shapes", "image", seed, prompt)
        asked = generate(dice)
        for _ in range(min(dice.weighted(_PAIRS_OF_A_PROMPT), items - made)):
            yield _pair(asked, dice)
            made += 1
        prompt += 1


def _pair(asked: Scene, dice: Dice) -> Pair:
    said = caption(asked)
    names = dice.shuffled(list(MODELS))[:2]
    first, second = (_picture(asked, said, MODELS[name], dice) for name in names)
    shared = dice.weighted(_IN_COMMON)
    if shared == "flaw":
        second = replace(second, flaw=first.flaw, severity=first.severity)
    elif shared == "scene" and (first.flaw, first.severity) != (second.flaw, second.severity):
        second = replace(second, scene=first.scene, slips=first.slips)
    label = human_label(first.score, second.score, dice)
    return Pair(said.text, (first, second), (names[0], names[1]), label)


def _picture(asked: Scene, said: Caption, model: Model, dice: Dice) -> Picture:
    scene = _faithful(asked, said, dice)
    slips: list[Wrong] = []
    again = model.slips
    while dice.chance(again) and (wrong := any_slip(scene, said, dice)):
        slips.append(wrong)
        scene, again = wrong.scene, _SLIP_AGAIN * model.slips
    flaw = dice.choice(FLAWS) if dice.chance(model.flaws) else None
    severity = dice.weighted(_HOW_SEVERE) if flaw else 0
    return Picture(said, scene, tuple(slips), flaw, severity, seed=dice.below(2**31))


def _faithful(asked: Scene, said: Caption, dice: Dice) -> Scene:
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
