"""Captions read back from their English: the facts that must hold, and how many things there are.

>>> read_caption("One little purple triangle right of one yellow triangle.").facts[1]
Count(what=Description(colour='purple', shape='triangle', size='small'), number=1)

What ``caption`` and ``cast_caption`` write is read back to the very facts it was written from. So
is what others write in the world's words and forms: a number before each thing, then its looks,
then what it does or where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .caption import WHERE
from .cast_caption import VERBS, Moves
from .facts import Count, Direction, Relation
from .motion import Motion
from .scene import COLOURS, SHAPES, Size
from .words import Description

_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_SIZES: dict[str, Size] = {"small": "small", "little": "small", "large": "large", "big": "large"}
_DIRECTIONS: dict[str, Direction] = {
    word: direction for direction, words in WHERE.items() for word in words
}
_MOTIONS: dict[str, Motion] = {
    word: motion for motion, ways in VERBS.items() for forms in ways for word in forms
}


def _any_of(words: list[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_NOUN = (
    rf"(?:(?P<size>{_any_of(list(_SIZES))}) )?(?P<colour>{_any_of(list(COLOURS))})"
    rf" (?P<shape>{_any_of(list(SHAPES))})s?"
)
_THING = re.compile(rf"(?P<number>{_any_of([*_NUMBERS, 'the'])}) {_NOUN}\b")
_WHERE = re.compile(rf"(?:is |are )?(?P<where>{_any_of(list(_DIRECTIONS))})\b")
_DOES = re.compile(rf"(?:that |which )?(?:is |are )?(?P<does>{_any_of(list(_MOTIONS))})\b")
_AROUND = re.compile(
    r"(?:in this (?:film|clip|video) |in this (?:picture|image) |there (?:is|are) )?"
    r"(?:an? (?:\w+ )?(?:film|clip|video|picture|image|canvas) (?:of|with|showing) )?"
)
_END = re.compile(r"(?: on a dark (?:background|ground))?\.?$")
_LINK = re.compile(r"(?:,? and |, with |; |\. |, )")


class CaptionError(ValueError):
    """A text that is no caption of the shapes world; the message says where reading ended."""


StatedFact = Count | Relation | Moves


@dataclass(frozen=True, slots=True)
class Stated:
    """What a caption says.

    Attributes:
        facts: all that must hold.
        number: how many things there are.
    """

    facts: tuple[StatedFact, ...]
    number: int

    def of_picture(self) -> tuple[Count | Relation, ...]:
        """The facts, as those of a picture.

        Raises:
            CaptionError: one of them is about motion.
        """
        found = tuple(fact for fact in self.facts if not isinstance(fact, Moves))
        if len(found) < len(self.facts):
            raise CaptionError("the caption speaks of motion, which does not show in a picture")
        return found

    def of_film(self) -> tuple[Count | Moves, ...]:
        """The facts, as those of a film.

        Raises:
            CaptionError: one of them is about where things are.
        """
        found = tuple(fact for fact in self.facts if not isinstance(fact, Relation))
        if len(found) < len(self.facts):
            raise CaptionError("the caption says where things are, which changes in a film")
        return found

    @property
    def kinds(self) -> tuple[Description, ...]:
        """Colour and shape of all that is mentioned, each once."""
        counts = (fact.what for fact in self.facts if isinstance(fact, Count))
        return tuple(dict.fromkeys(replace(what, size=None) for what in counts))


@dataclass(frozen=True, slots=True)
class _Mention:
    """A thing that is named, and what is said of it: where it is, or what it does."""

    what: Description
    number: int | None
    where: Direction | None
    does: Motion | None


def read_caption(text: str) -> Stated:
    """What a caption of a picture or film says.

    Raises:
        CaptionError: the text is not in the world's English, says a kind twice, or says of a thing
            that was not mentioned where it is.
    """
    mentions = list(_mentions(text))
    counts: list[StatedFact] = []
    rest: list[StatedFact] = []
    number = 0
    known: set[Description] = set()
    for mention, following in zip(mentions, [*mentions[1:], None], strict=True):
        kind = replace(mention.what, size=None)
        if mention.number is not None:
            if kind in known:
                raise CaptionError(f"'{kind.noun()}' is counted twice in {text!r}")
            known.add(kind)
            number += mention.number
            counts.append(Count(kind, mention.number))
            if mention.what.size:
                counts.append(Count(mention.what, mention.number))
        elif kind not in known:
            raise CaptionError(f"'the {kind.noun()}' was not mentioned before, in {text!r}")
        if mention.does:
            counts.append(Moves(kind, mention.does))
        if mention.where and following:
            rest.append(Relation(kind, mention.where, replace(following.what, size=None)))
    return Stated((*counts, *rest), number)


def _mentions(text: str) -> Iterator[_Mention]:
    """The things in the order of mention.

    Raises:
        CaptionError: there is something else in the text.
    """
    said = " ".join(text.lower().split())
    place = _AROUND.match(said).end()  # type: ignore[union-attr]  # it may match nothing
    while True:
        thing = _THING.match(said, place)
        if not thing:
            raise _lost(text, said, place, "a thing")
        place = thing.end()
        does, where = _after(_DOES, said, place), _after(_WHERE, said, place)
        yield _Mention(
            Description(thing["colour"], thing["shape"], _SIZES.get(thing["size"] or "")),  # type: ignore[arg-type]
            _NUMBERS.get(thing["number"]),
            _DIRECTIONS[where["where"]] if where else None,
            _MOTIONS[does["does"]] if does else None,
        )
        if where:
            place = where.end() + 1
            continue
        place = does.end() if does else place
        if _END.match(said, place):
            return
        link = _LINK.match(said, place)
        ended = _END_OF_THINGS.match(said, place)
        if ended:
            place = ended.end()
            continue
        if not link:
            raise _lost(text, said, place, "'and', a comma or the end")
        place = link.end()


_END_OF_THINGS = re.compile(r" on a dark (?:background|ground)(?:, with |\. |; )")


def _after(pattern: re.Pattern[str], said: str, place: int) -> re.Match[str] | None:
    """The pattern after one space."""
    return pattern.match(said, place + 1) if said[place : place + 1] == " " else None


def _lost(text: str, said: str, place: int, expected: str) -> CaptionError:
    rest = said[place:].strip() or "the end"
    return CaptionError(f"expected {expected} at {rest[:40]!r} in the caption {text!r}")
