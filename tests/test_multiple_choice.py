"""How answers to questions with options, and grades, are read: strictly, and never by guessing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unieval.harness.items import LETTERS, Output, Status
from unieval.harness.parsing import Asked, get_grammar, in_item_frame, parse
from unieval.harness.registry import tasks

tasks.names()  # registers the grammars
OPTIONS = ("Two red circles.", "One blue star", "A dog", "None of these")


def asked(protocol="robust", options=OPTIONS, scales=()):
    return Asked("video", "understanding", protocol, None, options, scales)


def read(text, protocol="robust"):
    parsed = get_grammar("multiple-choice")(text, asked(protocol))
    return LETTERS[parsed.option] if parsed.status is Status.OK else str(parsed.status)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("B", "B"),
        (" b ", "B"),
        ("(b)", "B"),
        ("B.", "B"),
        ("(B)", "B"),
        ("[B]", "B"),
        ("**B**", "B"),
        ("B. One blue star", "B"),
        ("(C) A dog is running.", "C"),
        ("D) None of these", "D"),
        ("The answer is B.", "B"),
        ("The correct answer is (C)", "C"),
        ("The best option is D because it fits.", "D"),
        ("Answer: A", "A"),
        ("Let me see. The film shows a dog.\nAnswer: C", "C"),
        ("I count two circles.\nA", "A"),
        ("Option B is correct.", "B"),
        ("So B is the right answer.", "B"),
        (r"\boxed{C}", "C"),
        ("one blue star.", "B"),
        ("<think>It may be A. No.</think>B", "B"),
        ("<think>A</think><answer>(D)</answer>", "D"),
        ("A or B", "ambiguous"),
        ("(A) and (C)", "ambiguous"),
        ("The answer is A or B.", "ambiguous"),
        ("A. Two red circles\nThe answer is B.", "ambiguous"),
        ("B\nC", "ambiguous"),
        ("(A) or maybe (C), I am not sure", "unparsed"),
        ("E", "out_of_range"),
        ("The answer is F.", "out_of_range"),
        ("A dog is running", "unparsed"),
        ("Because there are two", "unparsed"),
        ("I cannot tell.", "unparsed"),
        ("The answer is not B", "unparsed"),
        ("The answer is Blue", "unparsed"),
        ("", "unparsed"),
        ("BB", "unparsed"),
        ("<think>The answer is B", "truncated"),
    ],
)
def test_forms_of_an_answer(text, said):
    assert read(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The best answer is C", "C"),
        ("Based on the film", "B"),
        ("x A or B", "A"),
        ("it is 2", "unparsed"),
        ("E then D", "D"),
    ],
)
def test_the_official_rule_takes_the_first_letter(text, said):
    assert read(text, "official") == said


SOUP = "ABCDEabcde ().,:\n*is the answer or optin<>/{}\\"


@given(st.text(alphabet=st.sampled_from(SOUP), max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_text_is_read_as_a_letter_that_it_does_not_hold(text):
    for protocol in ("robust", "official"):
        parsed = get_grammar("multiple-choice")(text, asked(protocol))
        if parsed.status is Status.OK:
            letter, own = LETTERS[parsed.option], OPTIONS[parsed.option]
            words = re.sub(r"[^\w\s]", " ", text.casefold()).split()
            by_text = words == re.sub(r"[^\w\s]", " ", own.casefold()).split()
            assert letter in text.upper() or by_text


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_no_grammar_raises_and_no_grade_is_made_up(text):
    shapes = {
        "grade-verdict": ((0, 1), (0, 5)),
        "grade-rating": ((0, 6),),
        "grade-json-rating": ((0, 10),),
        "grade-two-scores": ((1, 10), (1, 10)),
        "grade-preference": ((0, 2), (0, 2)),
    }
    for name, scales in shapes.items():
        for protocol in ("robust", "official"):
            about = asked(protocol, (), scales)
            parsed = parse(Output(text=text), get_grammar(name), about)
            if parsed.status is Status.OK:
                assert re.search(r"\d|\[\[", text)
    get_grammar("multiple-choice")(text, asked())
    get_grammar("open")(text, asked())


GRADES = [
    ("grade-verdict", '{"pred": "yes", "score": 4}', (1, 4)),
    ("grade-verdict", "Sure: {'pred': 'No', 'score': '0'}", (0, 0)),
    ("grade-verdict", '{"pred": "yes", "score": 4.8}', (1, 4.8)),
    ("grade-verdict", '{"pred": "yes", "score": 9}', "out_of_range"),
    ("grade-verdict", '{"pred": "maybe", "score": 3}', "unparsed"),
    ("grade-verdict", '{"pred": "yes"}', "unparsed"),
    ("grade-verdict", '{"pred": "yes", "score": 4} {"pred": "no", "score": 4}', "ambiguous"),
    ("grade-verdict", "yes, 4", "unparsed"),
    ("grade-rating", "It is fine.\n**Rating**: 4", (4,)),
    ("grade-rating", "Rating: 5/6", (5,)),
    ("grade-rating", "Rating: 3-4", "unparsed"),
    ("grade-rating", "Rating: 2\nRating: 3", "ambiguous"),
    ("grade-rating", "Rating: 7", "out_of_range"),
    ("grade-rating", "4", "unparsed"),
    ("grade-json-rating", '{"Explanation": "good", "Rating": "7"}', (7,)),
    ("grade-json-rating", '{"Rating": true}', "unparsed"),
    ("grade-json-rating", "Rating: 7", "unparsed"),
    ("grade-two-scores", "8 6.5\nThe first is fuller.", (8, 6.5)),
    ("grade-two-scores", "8, 6", (8, 6)),
    ("grade-two-scores", "8/6", (8, 6)),
    ("grade-two-scores", "Scores: 8 6", "unparsed"),
    ("grade-two-scores", "8", "unparsed"),
    ("grade-two-scores", "8 6 7", "unparsed"),
    ("grade-two-scores", "0 6", "out_of_range"),
    ("grade-preference", "B is fuller. [[B>>A]]", (0, 2)),
    ("grade-preference", "[[A=B]]", (0, 0)),
    ("grade-preference", "[[A>B]] or [[B>A]]", "ambiguous"),
    ("grade-preference", "[[A]]", "unparsed"),
    ("grade-preference", "A>B", "unparsed"),
]
SCALES = {
    "grade-verdict": ((0, 1), (0, 5)),
    "grade-rating": ((0, 6),),
    "grade-json-rating": ((0, 10),),
    "grade-two-scores": ((1, 10), (1, 10)),
    "grade-preference": ((0, 2), (0, 2)),
}


@pytest.mark.parametrize(("grammar", "text", "said"), GRADES)
def test_forms_of_a_grade(grammar, text, said):
    about = asked(options=(), scales=SCALES[grammar])
    parsed = parse(Output(text=text), get_grammar(grammar), about)
    assert (parsed.scores if parsed.status is Status.OK else str(parsed.status)) == said


def test_the_official_verdict_is_the_whole_reply_and_loses_decimals():
    grammar = get_grammar("grade-verdict")
    about = asked("official", (), SCALES["grade-verdict"])
    assert grammar("{'pred': 'yes', 'score': 4.8}", about).scores == (1, 4)
    assert grammar("So: {'pred': 'yes', 'score': 4}", about).status is Status.UNPARSED


@given(st.integers(2, 10), st.data())
def test_a_rotated_letter_is_stored_as_the_items_own(number, data):
    from unieval.harness.items import ROTATIONS, rotated
    from unieval.harness.parsing import Parsed

    options = tuple(f"option {i}" for i in range(number))
    turn = data.draw(st.integers(0, number - 1))
    place = data.draw(st.integers(0, number - 1))
    letter, _ = in_item_frame(Parsed(Status.OK, option=place), ROTATIONS[turn], number)
    assert options[LETTERS.index(letter)] == rotated(options, ROTATIONS[turn])[place]
