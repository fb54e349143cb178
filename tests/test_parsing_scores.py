"""Scores of one candidate: read as written, in the range asked for, or refused with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unieval.harness.items import Output, PairItem, PointItem, Status, Verdict
from unieval.harness.parsing import Asked, Parsed, get_grammar, parse
from unieval.harness.registry import judges

judges.names()  # registers the shipped grammars

FIVE = Asked("image", "generation", "robust", (1, 5))
HUNDRED = Asked("image", "understanding", "robust", (0, 100))
PAIR = Asked("image", "generation", "robust")


def read(text, asked=FIVE, name="unifiedreward", *, truncated=False):
    return parse(Output(text, truncated=truncated), get_grammar(name), asked)


@pytest.mark.parametrize(
    ("text", "asked", "score"),
    [
        ("Final Score: 3.5", FIVE, 3.5),
        ("final score : 4", FIVE, 4),
        ("**Final Score:** 4.", FIVE, 4),
        ("Final Score: 4/5", FIVE, 4),
        ("Final Score: 4 out of 5", FIVE, 4),
        ("Final Score: 85 / 100", HUNDRED, 85),
        ("Final Score: 5", FIVE, 5),
        ("Final Score: 0", HUNDRED, 0),
        ("Final Score: 4 points. The picture is sharp", FIVE, 4),
        ("Final Score: 2\nFinal Score: 2.0", FIVE, 2),
        ("Final Score: x\nFinal Score: 3", FIVE, 3),
        ("<think>Final Score: 2</think>\nFinal Score: 3", FIVE, 3),
        ("<answer>Final Score: 3</answer>", FIVE, 3),
    ],
)
def test_scores_that_are_read(text, asked, score):
    assert read(text, asked) == Parsed(Status.OK, scores=(score,))


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", Status.UNPARSED),
        ("4", Status.UNPARSED),
        ("Score: 4", Status.UNPARSED),
        ("Final Score: nan", Status.NOT_A_NUMBER),
        ("Final Score: NaN\nFinal Score: nan", Status.NOT_A_NUMBER),
        ("Final Score: nan\nFinal Score: 3", Status.AMBIGUOUS),
        ("Final Score: nano", Status.UNPARSED),
        ("Final Score: inf", Status.UNPARSED),
        ("Final Score: x", Status.UNPARSED),
        ("Final Score: four", Status.UNPARSED),
        ("Final Score: 80%", Status.UNPARSED),
        ("Final Score: 3,5", Status.UNPARSED),
        ("Final Score: 1e3", Status.UNPARSED),
        ("Final Score: 1.2.3", Status.UNPARSED),
        ("Image 1 is better", Status.UNPARSED),
        ("Final Score: 3 to 4", Status.AMBIGUOUS),
        ("Final Score: 3-4", Status.AMBIGUOUS),
        ("Final Score: 4/10", Status.AMBIGUOUS),
        ("Final Score: 2\nFinal Score: 3", Status.AMBIGUOUS),
        ("Final Score: 7", Status.OUT_OF_RANGE),
        ("Final Score: 5.01", Status.OUT_OF_RANGE),
        ("Final Score: -1", Status.OUT_OF_RANGE),
        ("Final Score: −1", Status.OUT_OF_RANGE),
        ("<think>Final Score: 2, because", Status.TRUNCATED),
    ],
)
def test_scores_that_are_refused(text, status):
    assert read(text) == Parsed(status)


def test_a_number_at_the_cut_may_lack_digits():
    assert read("Final Score: 3", truncated=True).status is Status.TRUNCATED
    assert read("Final Score: 3.", truncated=True).status is Status.TRUNCATED
    assert read("Final", truncated=True).status is Status.TRUNCATED
    assert read("Final Score: 3\nbecause", truncated=True).scores == (3.0,)
    pair = "Edited image 1: 2\nEdited image 2: 1"
    assert read(pair, PAIR, "unifiedreward-edit-scores").scores == (2.0, 1.0)
    cut = read(pair, PAIR, "unifiedreward-edit-scores", truncated=True)
    assert cut.status is Status.TRUNCATED


def test_words_and_lists_of_numbers():
    assert read(Output.score(3.5).text, name="plain").scores == (3.5,)
    assert read("nan", name="plain").status is Status.NOT_A_NUMBER
    assert read("inf", name="plain").status is Status.OUT_OF_RANGE
    assert read("6", name="plain").status is Status.OUT_OF_RANGE
    assert read("[3.5]", name="scores").scores == (3.5,)
    assert read("[3.5, 4]", name="scores").status is Status.UNPARSED
    assert read("[0.1, 0.4]", PAIR, "scores").scores == (0.1, 0.4)


def test_an_answer_to_another_question_is_none():
    """A verdict about one candidate, or a score of two, must never count."""
    assert read("first", name="plain").status is Status.UNPARSED
    assert read("Final Score: 3", PAIR).status is Status.UNPARSED
    assert read("[3.5]", PAIR, "scores").status is Status.UNPARSED
    grammar = get_grammar("scores")
    assert parse(Output(scores=(1.0, 2.0)), grammar, FIVE).status is Status.UNPARSED
    assert parse(Output(scores=(1.0,)), grammar, PAIR).status is Status.UNPARSED


def test_numbers_of_a_scorer_have_no_range_but_must_be_finite():
    grammar = get_grammar("scores")
    assert parse(Output(scores=(-17.0,)), grammar, FIVE).scores == (-17.0,)
    assert parse(Output(scores=(float("nan"),)), grammar, FIVE).status is Status.NOT_A_NUMBER


def test_the_question_is_the_items():
    about = ("x", "video", "understanding", "p")
    assert Asked.of(PointItem(*about, "yes", score_range=(0, 3)), "robust").score_range == (0, 3)
    assert Asked.of(PairItem(*about, ("a", "b"), Verdict.TIE), "official").score_range is None


@given(
    st.text(alphabet="Final Score:score 0123456789.,-+/%exnaout*\n<>think", max_size=60),
    st.sampled_from(["unifiedreward", "genai-bench", "plain", "scores", "oracle"]),
    st.booleans(),
)
def test_no_grammar_raises_or_leaves_the_range(text, name, truncated):
    parsed = read(text, FIVE, name, truncated=truncated)
    assert (parsed.scores is not None) == (parsed.status is Status.OK)
    assert parsed.scores is None or 1 <= parsed.scores[0] <= 5
