"""Words of the shapes world as a model may write them, read one by one.

>>> plain("It is red . There is also a Star .")
'it is red. there is also a star'
>>> read_kind("little red stars")
Description(colour='red', shape='star', size='small')
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .caption import WHERE
from .cast_caption import VERBS
from .facts import Direction
from .motion import Motion
from .scene import COLOURS, SHAPES, Colour, Shape, Size
from .words import Description

SIZE_WORDS: dict[str, Size] = {
    "small": "small",
    "little": "small",
    "large": "large",
    "big": "large",
}
MOTION_WORDS: dict[str, Motion] = {
    form: motion for motion, ways in VERBS.items() for way in ways for form in way
}
SIDE_WORDS: dict[str, Direction] = {word: side for side, ways in WHERE.items() for word in ways}


def either(words: Iterable[str]) -> str:
    """A pattern for one of the words, the longest that fits."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_KIND = re.compile(
    rf"(?:(?P<size>{either(SIZE_WORDS)}) )?(?:(?P<colour>{either(COLOURS)}) )?"
    rf"(?P<shape>{either(SHAPES)}|shape)s?"
)


def plain(text: str) -> str:
    """In small letters, spaces as they should be, no full stop at the end."""
    spaced = re.sub(r"\s+", " ", text.lower()).strip()
    return re.sub(r" ([.,;!?])", r"\1", spaced).rstrip(" .")


def read_kind(words: str) -> Description | None:
    """*small red circles*, *shape*: what it may be; ``None`` where it is nothing of the kind."""
    if not (found := _KIND.fullmatch(words)):
        return None
    colour: Colour | None = found["colour"]  # type: ignore[assignment]
    shape: Shape | None = None if found["shape"] == "shape" else found["shape"]  # type: ignore[assignment]
    return Description(colour, shape, SIZE_WORDS[found["size"]] if found["size"] else None)
