"""Captioned scenes by number, in three parts that share nothing that a caption says.

A part is decided by what is said, not by its words or by a seed: *a red circle* and *one red
circle* are always in the same one. So what is asked in a test was never learnt, in whatever words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_args

from ...harness.items import Modality
from ...harness.seeds import seed_for
from .caption import caption
from .dice import Dice
from .facts import Caption
from .motion import Cast
from .scene import Scene, generate

Part = Literal["learning", "aligning", "test"]
S = TypeVar("S", Scene, Cast)
PARTS: tuple[Part, ...] = get_args(Part)

MOST_THINGS: dict[Modality, int] = {"image": 2, "video": 1}
"""Things in a picture or film that the world's own generators learn to show."""
_SHARES: dict[Part, int] = {"learning": 6, "aligning": 3, "test": 1}


def captioned_scene(
    part: Part, seed: int, number: int, most_things: int
) -> tuple[Scene, Caption[Scene]]:
    """A scene of some part and a true caption of it, always the same for the same arguments.

    Args:
        part: what it is for.
        seed: another seed is another set.
        number: which of the set.
        most_things: things in a scene, at most.
    """
    dice = Dice("shapes", "generator", part, seed, number)
    return first_of(part, most_things, lambda: generate(dice), lambda scene: caption(scene, dice))


def first_of(
    part: Part, most_things: int, draw: Callable[[], S], say: Callable[[S], Caption[S]]
) -> tuple[S, Caption[S]]:
    """What is drawn first that shows no more things and whose caption belongs to a part.

    Args:
        part: which part.
        most_things: things shown, at most.
        draw: draws another one each time.
        say: a true caption of it.
    """
    while True:
        shown = draw()
        if len(shown.things) <= most_things:
            said = say(shown)
            if part_of(said) == part:
                return shown, said


def part_of(said: Caption[Any]) -> Part:
    """The part that everything with these facts belongs to."""
    facts = sorted(map(repr, said.facts))
    place = seed_for("part", *facts) % sum(_SHARES.values())
    for part in PARTS:
        place -= _SHARES[part]
        if place < 0:
            return part
    raise AssertionError("shares sum to more than the place")
