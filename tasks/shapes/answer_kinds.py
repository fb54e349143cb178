"""Whether an answer is right: for each kind of question, how answers to it are read and checked.

All texts here are :func:`~.plain_words.plain`. An answer is right if it says what is true of what
is asked, and all else that it says in the same sentence is true as well; *it* and what is not said
are filled in from the question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from .asked import REQUESTS
from .facts import DIRECTIONS, Direction, lies, offset
from .motion import Cast
from .plain_words import MOTION_WORDS, SIDE_WORDS, SIZE_WORDS, either, plain, read_kind
from .questions import CARDINALS
from .scene import COLOURS, SHAPES, Scene
from .scene_questions import FURTHEST
from .words import Description

Shown = Scene | Cast
Check = Callable[[Any, re.Match[str], str], bool | None]
"""Whether what is said answers the question rightly of what is shown; ``None`` if it cannot be
read."""

DESCRIBE = frozenset(map(plain, REQUESTS))
"""The requests for a description."""

_NUMBERS = {"none": 0, **{word: number for number, word in enumerate(CARDINALS)}}
_N, _MOTION, _COLOUR = either(_NUMBERS), either(MOTION_WORDS), either(COLOURS)
_SIDES: dict[str, Direction] = {**SIDE_WORDS, **{side: side for side in DIRECTIONS}}
_PLACES = {words: side for side, words in FURTHEST.items()}


def is_right(shown: Shown, asked: str, said: str) -> bool | None:
    """Whether an answer is right; ``None`` where it cannot be read as one to the question.

    Raises:
        ValueError: the question is none of the world's.
    """
    for question, check in _KINDS:
        if found := question.fullmatch(asked):
            return check(shown, found, said)
    raise ValueError(f"the shapes world asks no such question: {asked}")


def _count(shown: Shown, asked: re.Match[str], said: str) -> bool | None:
    told = re.fullmatch(rf"(?:there (?:is|are) |i can see )?({_N})(?: (.+))?", said)
    what = read_kind(asked["what"])
    about = what if told and not told[2] else told and read_kind(told[2])
    if not told or not what or not about:
        return None
    return about == what and _NUMBERS[told[1]] == len(what.found(shown.things))


def _exists(shown: Shown, asked: re.Match[str], said: str) -> bool | None:
    full = r"(?:there is( no)?|i can(not)? see)(?: a)? (.+)"
    told = re.fullmatch(rf"(?:(yes|no)(?:, (?={full}))?)?(?:{full})?", said)
    what = read_kind(asked["what"])
    if not told or not said or not what:
        return None
    there = bool(what.found(shown.things))
    stated = told[7] and read_kind(told[7])
    if told[7] and not stated:
        return None
    true = not told[7] or (stated == what and there == (not told[5] and not told[6]))
    return true and told[1] in (None, "yes" if there else "no")


def _colour(shown: Shown, asked: re.Match[str], said: str) -> bool | None:
    told = re.fullmatch(rf"(?:(.+) is )?({_COLOUR})", said)
    return told and _same_thing(shown, asked["it"], told[1], lambda t: bool(t.colour == told[2]))


def _shape(shown: Shown, asked: re.Match[str], said: str) -> bool | None:
    told = re.fullmatch(rf"(?:(.+) is )?a ({either(SHAPES)})", said)
    return told and _same_thing(shown, asked["it"], told[1], lambda t: bool(t.shape == told[2]))


def _size(shown: Shown, asked: re.Match[str], said: str) -> bool | None:
    told = re.fullmatch(rf"(?:(.+) is )?({either(SIZE_WORDS)})", said)
    return told and _same_thing(
        shown, asked["it"], told[1], lambda thing: bool(thing.size == SIZE_WORDS[told[2]])
    )


def _more(shown: Shown, asked: re.Match[str], said: str) -> bool | None:
    told = re.fullmatch(rf"(yes|no)(?:, there (?:is|are) ({_N}) (.+) and ({_N}) (.+))?", said)
    one, other = read_kind(asked["one"]), read_kind(asked["other"])
    if not told or not one or not other:
        return None
    more = len(one.found(shown.things)) > len(other.found(shown.things))
    true = told[1] == ("yes" if more else "no")
    for number, words in ((told[2], told[3]), (told[4], told[5])) if told[2] else ():
        if not (kind := read_kind(words)):
            return None
        true &= len(kind.found(shown.things)) == _NUMBERS[number]
    return true


def _alike(shown: Shown, asked: re.Match[str], said: str) -> bool | None:
    told = re.fullmatch(
        rf"(yes|no)(?:, both are ({_COLOUR})|, (.+) is ({_COLOUR}) and (.+) is ({_COLOUR}))?", said
    )
    one, other = (_thing(shown, asked[name]) for name in ("one", "other"))
    if not told:
        return None
    if not one or not other:
        return False
    true: bool = told[1] == ("yes" if one.colour == other.colour else "no")
    if told[2]:
        true &= one.colour == other.colour == told[2]
    for name, colour in ((told[3], told[4]), (told[5], told[6])) if told[3] else ():
        thing = _thing(shown, name)
        true &= thing is not None and thing.colour == colour
    return true


def _where(shown: Shown, asked: re.Match[str], said: str) -> bool | None:
    told = re.fullmatch(rf"(?:(.+?) is )?({either(_SIDES)})(?: (the .+))?", said)
    that = _thing(shown, told[3] or asked["that"]) if told else None
    if not told:
        return None
    return that is not None and _same_thing(
        shown, asked["it"], told[1], lambda thing: lies(thing, _SIDES[told[2]], that)
    )


def _furthest(shown: Scene, asked: re.Match[str], said: str) -> bool | None:
    told = re.fullmatch(rf"(?:it is )?(the .+?)(?: is ({either(_PLACES)}))?", said)
    if not told or not read_kind(told[1].removeprefix("the ")):
        return None
    side = _PLACES[asked["place"]]
    first = max(shown.things, key=lambda thing: offset(thing, side, shown.things[0]))
    return _thing(shown, told[1]) is first and told[2] in (None, asked["place"])


def _does(shown: Cast, asked: re.Match[str], said: str) -> bool | None:
    it = asked["a"] or asked["b"] or asked["c"]
    told = re.fullmatch(rf"(?:(.+?) )?(?:is )?({_MOTION})", said)
    return told and _same_thing(
        shown, it, told[1], lambda actor: bool(actor.motion == MOTION_WORDS[told[2]])
    )


def _whether(shown: Cast, asked: re.Match[str], said: str) -> bool | None:
    told = re.fullmatch(rf"(yes|no)(?:, (.+?) (?:is )?({_MOTION}))?", said)
    actor = _thing(shown, asked["it"])
    if not told:
        return None
    if not actor:
        return False
    right = told[1] == ("yes" if actor.motion == MOTION_WORDS[asked["does"]] else "no")
    if not told[3]:
        return right
    stated = _same_thing(
        shown, asked["it"], told[2], lambda one: bool(one.motion == MOTION_WORDS[told[3]])
    )
    return None if stated is None else right and stated


def _who(shown: Cast, asked: re.Match[str], said: str) -> bool | None:
    told = re.fullmatch(rf"(?:it is )?(the .+?)(?: (?:is )?({_MOTION}))?", said)
    if not told or not read_kind(told[1].removeprefix("the ")):
        return None
    motion, actor = MOTION_WORDS[asked["does"]], _thing(shown, told[1])
    stated = MOTION_WORDS[told[2]] if told[2] else motion
    return actor is not None and actor.motion == motion == stated


def _moving(shown: Cast, asked: re.Match[str], said: str) -> bool | None:
    told = re.fullmatch(rf"({_N})(?: shapes? (?:(stays? still)|(moves? or changes?)))?", said)
    if not told:
        return None
    still = asked["what"] == "stay still"
    number = sum((actor.motion == "still") == still for actor in shown.things)
    other = told[3] if still else told[2]
    return not other and _NUMBERS[told[1]] == number


def _same_thing(
    shown: Shown, asked: str, said: str | None, holds: Callable[[Any], bool]
) -> bool | None:
    """Whether something holds of the thing asked about, if that is what is spoken of."""
    thing = _thing(shown, asked)
    if said not in (None, "it", asked):
        if not (_kind_named(said) or _thing(shown, said)):
            return None
        if _thing(shown, said) is not thing:
            return False
    return thing is not None and holds(thing)


def _kind_named(words: str) -> Description | None:
    return read_kind(words.removeprefix("the "))


def _thing(shown: Shown, words: str) -> Any | None:
    """The one thing that words pick out; ``None`` if there is none, or more than one."""
    things: Sequence[Any] = shown.things
    if what := _kind_named(words):
        return _only(what.found(things))
    if isinstance(shown, Cast):
        told = re.fullmatch(rf"the shape that ({_MOTION})", words)
        motion = MOTION_WORDS[told[1]] if told else None
        return _only([actor for actor in things if actor.motion == motion])
    told = re.fullmatch(rf"the shape ({either(SIDE_WORDS)}) (the .+)", words)
    other = _thing(shown, told[2]) if told else None
    if not told or not other:
        return None
    side = SIDE_WORDS[told[1]]
    return _only(
        [thing for thing in things if thing is not other and offset(thing, side, other) > 0]
    )


def _only(found: Sequence[Any]) -> Any | None:
    return found[0] if len(found) == 1 else None


_A_SIDE = "(?:left or right|right or left|above or below|below or above)(?: of)?"
_KINDS: tuple[tuple[re.Pattern[str], Check], ...] = tuple(
    (re.compile(question), check)
    for question, check in (
        (r"how many shapes (?P<what>stay still|move or change)\?", _moving),
        (r"how many (?P<what>.+) (?:are there|can you see)\?", _count),
        (r"count the (?P<what>.+)", _count),
        (r"(?:is there|can you see|does) a (?P<what>.+?)(?: appear here)?\?", _exists),
        (r"what colour is (?P<it>.+)\?", _colour),
        (r"which colour does (?P<it>.+) have\?", _colour),
        (r"tell me the colour of (?P<it>.+)", _colour),
        (r"what shape is (?P<it>.+)\?", _shape),
        (r"which shape does (?P<it>.+) have\?", _shape),
        (r"tell me the shape of (?P<it>.+)", _shape),
        (r"is (?P<it>.+) (?:small or large|large or small)\?", _size),
        (r"are there more (?P<one>.+) than (?P<other>.+)\?", _more),
        (r"(?:do|are) (?P<one>the .+) and (?P<other>the .+) (?:have|of) the same colour\?", _alike),
        (rf"is (?P<it>the .+?) {_A_SIDE} (?P<that>the .+)\?", _where),
        (rf"which shape is (?P<place>{either(_PLACES)})\?", _furthest),
        (
            r"(?:what does (?P<a>.+) do|how does (?P<b>.+) move|what happens to (?P<c>.+))\?",
            _does,
        ),
        (rf"does (?P<it>the .+?) (?P<does>{_MOTION})\?", _whether),
        (rf"which shape (?P<does>{_MOTION})\?", _who),
    )
)
