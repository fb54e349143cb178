"""Questions about pictures and films, with ways to answer them rightly and wrongly.

>>> asked = count_question(generate(Dice(3)).things, Dice(2))
>>> asked.text, asked.truth
('Count the triangles.', 'two')

Every question can be answered by looking, and no answer gives itself away without it: right and
wrong ones are worded alike, and yes and no, more and fewer, left and right are about equally often
true. Here are those that can be asked of anything with things in it; ``scene_questions`` and
``cast_questions`` have the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from .dice import Dice
from .scene import COLOURS, SHAPES, Colour, Shape
from .words import Description, Seen, kind_of

CARDINALS = ("no", "one", "two", "three", "four", "five", "six")
_MOST = len(CARDINALS) - 1
_NOT_ONE = 0.6
"""How often a question is thought over whose answer is *one*, which would else be the safe bet."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question about something that is shown.

    Attributes:
        kind: what is asked for.
        text: the question.
        right: ways to answer it rightly, from full to short.
        wrong: for each wrong answer, the same ways to give it.
        truth: what is right, in a word or two.
        aside: things that an answer may mention besides.
    """

    kind: str
    text: str
    right: tuple[str, ...]
    wrong: tuple[tuple[str, ...], ...]
    truth: str
    aside: tuple[Seen, ...] = ()


def count_question(things: Sequence[Seen], dice: Dice) -> Question:
    """How many there are of a kind, at times of one that nothing or nearly nothing is of."""
    what = _countable(things, dice)
    while len(what.found(things)) == 1 and dice.chance(_NOT_ONE):
        what = _countable(things, dice)
    number = len(what.found(things))
    wrong = [n for n in (number - 1, number + 1) if 0 <= n <= _MOST]
    nouns = what.noun(2)
    text = dice.choice(("How many {0} are there?", "How many {0} can you see?", "Count the {0}."))

    def told(n: int) -> tuple[str, ...]:
        is_are = "is" if n == 1 else "are"
        noun = what.noun(n)
        word = CARDINALS[n] if n else "none"
        full = f"There {is_are} {CARDINALS[n]} {noun}."
        return full, f"I can see {CARDINALS[n]} {noun}.", f"{word.capitalize()}."

    truth = CARDINALS[number] if number else "none"
    return Question("count", text.format(nouns), told(number), tuple(map(told, wrong)), truth)


def _countable(things: Sequence[Seen], dice: Dice) -> Description:
    if dice.chance(0.2):
        return Description(*near_miss(things, dice))
    thing = dice.choice(things)
    of_shape, of_colour = Description(None, thing.shape), Description(thing.colour, None)
    return dice.choice((kind_of(thing), of_shape, of_colour))


def exists_question(things: Sequence[Seen], dice: Dice) -> Question:
    """Whether there is a thing of some kind; half of the time there is not."""
    is_there = dice.chance(0.5)
    what = kind_of(dice.choice(things)) if is_there else Description(*near_miss(things, dice))
    it = what.noun()
    texts = ("Is there a {0}?", "Can you see a {0}?", "Does a {0} appear here?")
    yes = (f"Yes, there is a {it}.", f"Yes, I can see a {it}.", "Yes.")
    no = (f"No, there is no {it}.", f"No, I cannot see a {it}.", "No.")
    right, wrong = (yes, no) if is_there else (no, yes)
    truth = "yes" if is_there else "no"
    return Question("exists", dice.choice(texts).format(it), right, (wrong,), truth)


def near_miss(things: Sequence[Seen], dice: Dice) -> tuple[Colour, Shape]:
    """Looks that nothing has, though its colour or shape is there, and often both are."""
    there = {(thing.colour, thing.shape) for thing in things}
    colours, shapes = {thing.colour for thing in things}, {thing.shape for thing in things}
    absent = [looks for looks in product(COLOURS, SHAPES) if looks not in there]
    mixed = [(colour, shape) for colour, shape in absent if colour in colours and shape in shapes]
    if mixed and dice.chance(0.7):
        return dice.choice(mixed)
    return dice.choice([(c, s) for c, s in absent if c in colours or s in shapes])


def colour_question(thing: Seen, it: str, things: Sequence[Seen], dice: Dice) -> Question:
    """What colour a thing has; wrong answers rather name one that something else has."""
    texts = ("What colour is {0}?", "Which colour does {0} have?", "Tell me the colour of {0}.")

    def told(colour: str) -> tuple[str, ...]:
        return f"{it.capitalize()} is {colour}.", f"It is {colour}.", f"{colour.capitalize()}."

    present = {other.colour for other in things} - {thing.colour}
    wrong = [c for c in COLOURS if c != thing.colour for _ in range(1 + 3 * (c in present))]
    return Question(
        "colour",
        dice.choice(texts).format(it),
        told(thing.colour),
        tuple(told(colour) for colour in wrong),
        thing.colour,
        aside=tuple(other for other in things if other.shape != thing.shape),
    )
