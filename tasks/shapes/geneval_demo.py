"""GenEval in the shapes world: what a caption speaks of, as clauses; classes are shapes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .caption import caption
from .captioned import MOST_THINGS, first_of
from .counting import Progress, dice_of
from .dice import Dice
from .facts import Caption, Direction, Relation
from .scene import Scene, Thing, generate
from .tables import Row, write_json_lines

_TAGS = ("single_object", "two_object", "counting", "colors", "position", "color_attr")
_WORDS: dict[Direction, str] = {
    "left": "left of",
    "right": "right of",
    "above": "above",
    "below": "below",
}


def write_geneval(
    folder: Path, *, items: int = 120, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write ``evaluation_metadata.jsonl``; each of the six tasks has as many prompts.

    Raises:
        OSError: the folder cannot be written.
    """
    rows = [
        _row(_TAGS[index % len(_TAGS)], dice)
        for index, dice in dice_of("geneval", seed, items, progress)
    ]
    write_json_lines(folder / "evaluation_metadata.jsonl", rows)


def _row(tag: str, dice: Dice) -> Row:
    """A caption that the clauses of the task can be made of."""
    while True:
        scene, said = first_of(
            "test", MOST_THINGS["image"], lambda: generate(dice), lambda shown: caption(shown, dice)
        )
        clauses = next(_clauses(tag, scene, said), None)
        if clauses is not None:
            return {"tag": tag, **clauses, "prompt": said.text}


def _clauses(tag: str, scene: Scene, said: Caption[Scene]) -> Iterator[Row]:
    things, shapes = scene.things, {thing.shape for thing in scene.things}
    several = len(things) == 2 == len(shapes)
    if tag in ("single_object", "colors") and len(things) == 1:
        yield {"include": [_clause(things[0], coloured=tag == "colors")]}
    elif tag == "counting" and len(things) > 1 == len(shapes):
        asked = {"class": things[0].shape, "count": len(things)}
        yield {"include": [asked], "exclude": [asked | {"count": len(things) + 1}]}
    elif tag in ("two_object", "color_attr") and several:
        yield {"include": [_clause(thing, coloured=tag == "color_attr") for thing in things]}
    elif tag == "position" and several:
        for fact in said.facts:
            if isinstance(fact, Relation):
                (one,), (other,) = fact.subject.found(things), fact.other.found(things)
                where = {"position": [_WORDS[fact.direction], 0]}
                yield {"include": [_clause(other), _clause(one) | where]}


def _clause(thing: Thing, *, coloured: bool = False) -> Row:
    colour = {"color": thing.colour} if coloured else {}
    return {"class": thing.shape, "count": 1, **colour}
