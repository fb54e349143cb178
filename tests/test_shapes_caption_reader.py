"""Captions read back to the facts they were written from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unieval.tasks.shapes.caption import caption
from unieval.tasks.shapes.caption_reader import CaptionError, read_caption
from unieval.tasks.shapes.cast_caption import Moves, cast_caption
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.facts import Count, Relation
from unieval.tasks.shapes.motion import cast
from unieval.tasks.shapes.scene import generate
from unieval.tasks.shapes.words import Description

seeds = st.integers(0, 2**40)


@given(seeds)
def test_captions_of_scenes_are_read_back(seed: int) -> None:
    scene = generate(Dice(seed))
    said = caption(scene)
    read = read_caption(said.text)
    assert len(read.facts) == len(said.facts)
    assert set(read.facts) == set(said.facts)
    assert read.number == len(scene.things)
    assert set(read.kinds) == {Description(t.colour, t.shape) for t in scene.things}


@given(seeds, seeds)
def test_captions_of_films_are_read_back(seed: int, wording: int) -> None:
    who = cast(Dice(seed))
    said = cast_caption(who, Dice(wording))
    read = read_caption(said.text)
    assert read.facts == said.facts
    assert read.number == len(who.things)


@pytest.mark.parametrize(
    "text", ["two red stars and a big blue circle", "Two red stars, and a big blue circle."]
)
def test_other_wordings(text: str) -> None:
    stars, circle = Description("red", "star"), Description("blue", "circle")
    assert read_caption(text).facts == (
        Count(stars, 2),
        Count(circle, 1),
        Count(Description("blue", "circle", "large"), 1),
    )


def test_a_relation_and_a_motion_by_hand() -> None:
    star, circle = Description("red", "star"), Description("blue", "circle")
    said = read_caption(
        "There are a red star and a blue circle. The red star is under the blue circle."
    )
    assert said.facts[-1] == Relation(star, "below", circle)
    said = read_caption("In this film a red star rises and a blue circle does not move.")
    assert said.facts[1] == Moves(star, "up")
    assert said.facts[3] == Moves(circle, "still")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a thing at 'the end'"),
        ("A dog on the lawn.", "a thing at 'a dog on the lawn.'"),
        ("A red circle flies.", "'flies.'"),
        ("A red circle left of", "a thing at"),
        ("A red circle and a red circle.", "counted twice"),
        ("A red circle; the blue star is above the red circle.", "not mentioned"),
    ],
)
def test_what_is_no_caption_is_an_error_that_says_where(text: str, reason: str) -> None:
    with pytest.raises(CaptionError, match=reason):
        read_caption(text)
