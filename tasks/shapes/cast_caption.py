"""Captions of films: who is there and what they do.

>>> said = cast_caption(cast(Dice(3)))
>>> said.text
'A film of one little blue triangle moving to the right.'
>>> said.facts[-1]
Moves(what=Description(colour='blue', shape='triangle', size=None), motion='right')
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from .dice import Dice
from .facts import Caption, Count, Fact
from .motion import Actor, Cast, Motion
from .words import Description, kind_of, listed, sentence

_SAY_THE_SIZE = 0.35
VERBS: dict[Motion, tuple[tuple[str, str, str], ...]] = {
    "left": (
        ("moves to the left", "move to the left", "moving to the left"),
        ("slides left", "slide left", "sliding left"),
    ),
    "right": (
        ("moves to the right", "move to the right", "moving to the right"),
        ("slides right", "slide right", "sliding right"),
    ),
    "up": (("moves up", "move up", "moving up"), ("rises", "rise", "rising")),
    "down": (("moves down", "move down", "moving down"), ("sinks", "sink", "sinking")),
    "circling": (
        ("moves in a circle", "move in a circle", "moving in a circle"),
        ("goes round and round", "go round and round", "going round and round"),
    ),
    "bouncing": (
        ("bounces up and down", "bounce up and down", "bouncing up and down"),
        ("bounces", "bounce", "bouncing"),
    ),
    "growing": (("grows", "grow", "growing"), ("gets bigger", "get bigger", "getting bigger")),
    "shrinking": (
        ("shrinks", "shrink", "shrinking"),
        ("gets smaller", "get smaller", "getting smaller"),
    ),
    "still": (
        ("stays still", "stay still", "staying still"),
        ("does not move", "do not move", "not moving"),
    ),
}
"""Ways to say a motion: of one, of several, and as a participle."""
_CLAUSES = ("{things}", "in this film {things}", "{things} on a dark background")
_PHRASES = ("a film of {things}", "a clip with {things}", "{things}")


@dataclass(frozen=True, slots=True)
class Moves:
    """Whatever answers to the description has this motion, and there is something that does."""

    what: Description
    motion: Motion

    def holds(self, cast: Cast, /) -> bool:
        """Whether this is true of the cast."""
        found = self.what.found(cast.things)
        return bool(found) and all(actor.motion == self.motion for actor in found)


def cast_caption(cast: Cast, dice: Dice | None = None) -> Caption[Cast]:
    """The cast in words; without dice they depend on the cast alone, and are always the same."""
    dice = dice or Dice("caption", cast)
    alike: dict[Description, list[Actor]] = defaultdict(list)
    for actor in cast.things:
        alike[kind_of(actor)].append(actor)
    facts: list[Fact[Cast]] = []
    spoken, clauses = dice.choice(_CLAUSES), dice.chance(0.5)
    frame = spoken if clauses else dice.choice(_PHRASES)
    things = []
    for what, actors in dice.shuffled(list(alike.items())):
        number, motion = len(actors), actors[0].motion
        sizes = {actor.size for actor in actors}
        changing = motion in ("growing", "shrinking")
        say = len(sizes) == 1 and not changing and dice.chance(_SAY_THE_SIZE)
        sized = replace(what, size=actors[0].size) if say else what
        facts += [Count(what, number), *([Count(sized, number)] if say else [])]
        facts.append(Moves(what, motion))
        form = 2 if not clauses else int(number > 1)
        things.append(f"{sized.phrase(number, dice)} {dice.choice(VERBS[motion])[form]}")
    return Caption(sentence(frame.format(things=listed(things))), tuple(facts))
