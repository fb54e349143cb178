"""Words for things: descriptions that pick them out, and the phrases that say them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from .dice import Dice
from .scene import Colour, Shape, Size


class Seen(Protocol):
    """Anything that has looks: a thing of a scene, an actor of a film."""

    @property
    def colour(self) -> Colour:
        """Its colour."""
        ...

    @property
    def shape(self) -> Shape:
        """Its shape."""
        ...

    @property
    def size(self) -> Size:
        """Its size."""
        ...


T = TypeVar("T", bound=Seen)

_NUMBERS = {
    1: ("a", "one"),
    2: ("two",),
    3: ("three",),
    4: ("four",),
    5: ("five",),
    6: ("six",),
}
_SIZES: dict[Size, tuple[str, ...]] = {"small": ("small", "little"), "large": ("large", "big")}


@dataclass(frozen=True, slots=True)
class Description:
    """Words that pick out things; what is not said may be anything."""

    colour: Colour | None
    shape: Shape | None
    size: Size | None = None

    def fits(self, thing: Seen) -> bool:
        """Whether the thing answers to the description."""
        return (
            self.colour in (None, thing.colour)
            and self.shape in (None, thing.shape)
            and self.size in (None, thing.size)
        )

    def found(self, things: Iterable[T]) -> list[T]:
        """Everything that answers to the description."""
        return [thing for thing in things if self.fits(thing)]

    def noun(self, number: int = 1, size: str | None = None) -> str:
        """The description without article: *red circles*, *shape*, *little star*.

        Args:
            number: singular for one, plural for all else.
            size: another word for the size.
        """
        words = [size or self.size, self.colour, self.shape or "shape"]
        return " ".join(word for word in words if word) + "s" * (number != 1)

    def phrase(self, number: int, dice: Dice) -> str:
        """With its number, in one of the ways to say it: *a big red circle*, *three stars*."""
        said = dice.choice(_NUMBERS[number])
        size = dice.choice(_SIZES[self.size]) if self.size else None
        return f"{said} {self.noun(number, size)}"


def kind_of(thing: Seen) -> Description:
    """The thing's colour and shape."""
    return Description(thing.colour, thing.shape)


def names(thing: T, things: Sequence[T], *, sizes: bool = True) -> list[Description]:
    """Descriptions that fit this thing alone; the one of colour and shape is first where it does.

    Args:
        thing: one of ``things``.
        things: what there is to be told from.
        sizes: whether a size may be said.
    """
    size = thing.size if sizes else None
    every = [
        kind_of(thing),
        Description(None, thing.shape),
        Description(thing.colour, None),
        Description(thing.colour, thing.shape, size),
    ]
    return [what for what in dict.fromkeys(every) if len(what.found(things)) == 1]


def listed(phrases: Sequence[str]) -> str:
    """*a*, *a and b*, *a, b and c*."""
    *head, last = phrases
    return f"{', '.join(head)} and {last}" if head else last


def sentence(text: str) -> str:
    """With a capital at its head and a full stop at its end."""
    return text[0].upper() + text[1:] + "."
