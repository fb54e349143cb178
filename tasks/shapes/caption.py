"""Captions of scenes in plain English, and the facts they state.

>>> said = caption(generate(Dice(6)))
>>> said.text
'One little purple triangle right of one yellow triangle.'
>>> said.facts[1]
Count(what=Description(colour='purple', shape='triangle', size='small'), number=1)

A caption mentions every thing of its scene, and counts are meant exactly: *a red circle* is false
of a picture with two.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from .dice import Dice
from .facts import DIRECTIONS, Caption, Count, Direction, Fact, Relation
from .scene import Colour, Scene, Shape, Size
from .words import Description, listed, sentence

_SAY_THE_SIZE = 0.35
_SAY_A_RELATION = 0.6
WHERE: dict[Direction, tuple[str, ...]] = {
    "left": ("to the left of", "left of"),
    "right": ("to the right of", "right of"),
    "above": ("above",),
    "below": ("below", "under"),
}
"""Ways to say that something lies in a direction from something."""
_FRAMES = (
    "{things}",
    "a picture of {things}",
    "an image showing {things}",
    "{things} on a dark background",
    "a dark canvas with {things}",
    "there {verb} {things}",
)


def caption(scene: Scene, dice: Dice | None = None) -> Caption[Scene]:
    """The scene in words; without dice they depend on the scene alone, and are always the same."""
    dice = dice or Dice("caption", scene)
    groups = _groups(scene, dice)
    relation = _relation(scene, groups, dice) if dice.chance(_SAY_A_RELATION) else None
    facts: list[Fact[Scene]] = []
    for what, number in groups.items():
        facts.append(Count(replace(what, size=None), number))
        if what.size:
            facts.append(Count(what, number))
    if relation:
        facts.append(relation)
    return Caption(_text(groups, relation, dice), tuple(facts))


def _groups(scene: Scene, dice: Dice) -> dict[Description, int]:
    """Things by colour and shape, in the order of mention; a size is said where all share it."""
    alike: dict[tuple[Colour, Shape], list[Size]] = defaultdict(list)
    for thing in scene.things:
        alike[thing.colour, thing.shape].append(thing.size)
    groups: dict[Description, int] = {}
    for (colour, shape), sizes in dice.shuffled(list(alike.items())):
        say = len(set(sizes)) == 1 and dice.chance(_SAY_THE_SIZE)
        groups[Description(colour, shape, sizes[0] if say else None)] = len(sizes)
    return groups


def _relation(scene: Scene, groups: dict[Description, int], dice: Dice) -> Relation | None:
    """A true relation between two things that are the only ones of their kind."""
    single = [replace(what, size=None) for what, number in groups.items() if number == 1]
    true = [
        relation
        for subject in single
        for other in single
        for direction in DIRECTIONS
        if (relation := Relation(subject, direction, other)).holds(scene)
    ]
    return dice.choice(true) if true else None


def _text(groups: dict[Description, int], relation: Relation | None, dice: Dice) -> str:
    phrases = {replace(g, size=None): g.phrase(n, dice) for g, n in groups.items()}
    frame = dice.choice(_FRAMES)
    verb = "is" if next(iter(groups.values())) == 1 else "are"
    tail = ""
    if relation is None:
        things = listed(list(phrases.values()))
    elif len(groups) == 2 and dice.chance(0.5):
        verb, word = "is", dice.choice(WHERE[relation.direction])
        things = f"{phrases[relation.subject]} {word} {phrases[relation.other]}"
    else:
        things, tail = listed(list(phrases.values())), _tail(relation, dice)
    return sentence(frame.format(things=things, verb=verb) + tail)


def _tail(relation: Relation, dice: Dice) -> str:
    opening, verb = dice.choice(((", with the", ""), (". The", " is"), ("; the", " is")))
    word = dice.choice(WHERE[relation.direction])
    return f"{opening} {relation.subject.noun()}{verb} {word} the {relation.other.noun()}"
