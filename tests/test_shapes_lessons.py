"""Lessons say what is true of what is shown, and say it at the right word."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unieval.harness.items import Verdict
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.labels import better
from unieval.tasks.shapes.lessons import (
    FILM_KINDS,
    PICTURE_KINDS,
    Lesson,
    film_lesson,
    picture_lesson,
)
from unieval.tasks.shapes.scene import COLOURS, SHAPES
from unieval.tasks.shapes.statements import BITS, CLASSES, Mark

CARDINALS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


def every_mark(lesson: Lesson) -> list[tuple[str, Mark]]:
    return [(part.text, mark) for part in lesson.parts for mark in part.marks]


@pytest.mark.parametrize("kind", PICTURE_KINDS)
@given(seed=st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_marks_stand_at_ends_of_words_and_fit_their_heads(kind: str, seed: int) -> None:
    for text, mark in every_mark(picture_lesson(kind, Dice(seed), 16)):
        assert re.match(r"\S(\s|[.,;]|$)", text[mark.at :]), (text, mark)
        if mark.head in BITS:
            assert set(mark.value) <= {0, 1}
            assert len(mark.value) == BITS[mark.head]
        elif mark.head == "score":
            assert 0 <= mark.value <= 1
        else:
            assert 0 <= mark.value < CLASSES[mark.head]


@pytest.mark.parametrize("kind", FILM_KINDS)
def test_films_have_lessons_of_every_kind(kind: str) -> None:
    lesson = film_lesson(kind, Dice("film", kind), 16)
    assert all(len(part.shot.pixels) == 8 for part in lesson.parts)
    assert every_mark(lesson)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_what_is_counted_is_counted_again_from_the_truth(seed: int) -> None:
    """The count, the place and the truth of *three red stars*, from the dense truth alone."""
    (part,) = picture_lesson("counts", Dice(seed), 16).parts
    start = 0
    marks = {mark.at: {} for mark in part.marks}
    for mark in part.marks:
        marks[mark.at][mark.head] = mark.value
    for at, known in sorted(marks.items()):
        said = part.text[start : at + 1].split()
        start = at + 1
        number = CARDINALS[said[0]]
        colour = next((word for word in said if word in COLOURS), None)
        shape = next((s for s in SHAPES if any(word.startswith(s) for word in said)), None)
        size = next(
            (s for s, words in SIZE_WORDS.items() if any(word in words for word in said)), None
        )
        found = [
            thing
            for thing in part.shot.dense.things
            if colour in (None, thing.colour)
            and shape in (None, thing.shape)
            and size in (None, thing.size)
        ]
        assert known["count"] == len(found)
        assert known["holds"] == (len(found) == number)
        places = {int(t.path[0][1]) // 256 * 4 + int(t.path[0][0]) // 256 for t in found}
        assert {cell for cell, bit in enumerate(known["cells"]) if bit} == places


SIZE_WORDS = {"small": ("small", "little"), "large": ("large", "big")}


@pytest.mark.parametrize("make", [picture_lesson, film_lesson])
@pytest.mark.parametrize("kind", ["colours", "kinds", "counts", "questions"])
def test_neither_true_nor_false_is_a_safe_bet(make: object, kind: str) -> None:
    """Else a model learns to say yes, whatever the statements are about."""
    holds = [
        mark.value
        for number in range(60)
        for _, mark in every_mark(make(kind, Dice("balance", number), 16))
        if mark.head in ("holds", "answer")
    ]
    assert 0.3 < sum(holds) / len(holds) < 0.9


def test_right_answers_alone_are_learnt_as_words() -> None:
    for number in range(30):
        (part,) = picture_lesson("questions", Dice("said", number), 16).parts
        right = [mark.at + 1 for mark in part.marks if mark.head == "answer" and mark.value]
        assert [end for _, end in part.answers] == right
        assert all(part.text[start - 1] == " " for start, _ in part.answers)


@pytest.mark.parametrize("make", [picture_lesson, film_lesson])
def test_a_verdict_agrees_with_the_scores_at_the_ends_of_the_captions(make: object) -> None:
    seen = set()
    for number in range(40):
        lesson = make("pairs", Dice("pairs", number), 16)
        first, second = (
            next(mark.value for mark in part.marks if mark.head == "score") for part in lesson.parts
        )
        assert lesson.judged == better(first, second, 0.07)
        assert lesson.parts[0].text == lesson.parts[1].text
        seen.add(lesson.judged)
    assert seen == {Verdict.FIRST, Verdict.SECOND, Verdict.TIE}


def test_the_same_dice_make_the_same_lesson() -> None:
    one, other = (picture_lesson("captions", Dice(3), 16) for _ in range(2))
    assert one.parts[0].text == other.parts[0].text
    assert (one.parts[0].shot.pixels == other.parts[0].shot.pixels).all()


def test_better_takes_near_scores_for_a_tie() -> None:
    assert better(0.5, 0.5, 0.0) is Verdict.TIE
    assert better(0.5, 0.56, 0.07) is Verdict.TIE
    assert better(0.5, 0.58, 0.07) is Verdict.SECOND
