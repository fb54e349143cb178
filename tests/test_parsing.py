"""Grammars, word by word; they never raise and never guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unieval.harness.items import Output, Status, Verdict
from unieval.harness.parsing import (
    Asked,
    Parsed,
    answer_span,
    get_grammar,
    in_item_frame,
    parse,
)
from unieval.harness.registry import judges

judges.names()  # registers the shipped grammars

IMAGE = Asked("image", "generation", "robust")
VIDEO = Asked("video", "generation", "robust")
ANSWER = Asked("image", "understanding", "robust")
OFFICIAL = Asked("image", "generation", "official")
F, S, T = Verdict.FIRST, Verdict.SECOND, Verdict.TIE


def read(name, text, asked=IMAGE):
    return get_grammar(name)(text, asked)


@pytest.mark.parametrize(
    ("text", "asked", "verdict"),
    [
        ("Image 1 is better", IMAGE, F),
        ("Image 2 is better than Image 1.", IMAGE, S),
        ("**Image 1** is better.", IMAGE, F),
        ("image  2 is better", IMAGE, S),
        ("Both images are equally good", IMAGE, T),
        ("Video 1 is better", VIDEO, F),
        ("Both videos are equally good.", VIDEO, T),
        ("Answer 2 is better", ANSWER, S),
        ("Response 1 is better", ANSWER, F),
        ("Image 1 is better than Image 2", IMAGE, F),
        ("Both answers are equally good", ANSWER, T),
        ("Overall Judgment: Answer 1 is better than Answer 2.", ANSWER, F),
        ("<think>Image 2 is better in colour.</think><answer>Image 1 is better</answer>", IMAGE, F),
        ("Image 1 is better ... so, again: Image 1 is better", IMAGE, F),
    ],
)
def test_unifiedreward_verdicts(text, asked, verdict):
    assert read("unifiedreward", text, asked) == Parsed(Status.OK, verdict)


@pytest.mark.parametrize(
    ("text", "asked", "status"),
    [
        ("", IMAGE, Status.UNPARSED),
        ("The first one.", IMAGE, Status.UNPARSED),
        ("Image 12 is better", IMAGE, Status.UNPARSED),
        ("Image 1 is better", VIDEO, Status.UNPARSED),
        ("Image 1 is better at colour, but overall Image 2 is better", IMAGE, Status.AMBIGUOUS),
        ("Image 1 is better. Both images are equally good", IMAGE, Status.AMBIGUOUS),
        ("<think>Image 1 is better, because", IMAGE, Status.TRUNCATED),
    ],
)
def test_unifiedreward_refusals(text, asked, status):
    assert read("unifiedreward", text, asked) == Parsed(status)


@pytest.mark.parametrize(
    ("text", "robust", "official"),
    [
        ("so [[A>B]]", F, F),
        ("[[B>>A]]", S, S),
        ("[[A=B]]", T, T),
        ("[[A=B=Good]]", Verdict.BOTH_GOOD, Verdict.BOTH_GOOD),
        ("[[A=B=Bad]]", Verdict.BOTH_BAD, Verdict.BOTH_BAD),
        ("[[A > B]]", Status.UNPARSED, Status.UNPARSED),
        ("[[A>B]] or rather [[B>A]]", Status.AMBIGUOUS, Status.UNPARSED),
        ("[[A>B]] I say, [[A>B]]", F, Status.UNPARSED),
        ("[[A>B]]\n[[B>A]]", Status.AMBIGUOUS, F),
        ("]] [[ none\n[[A>B]]", F, F),
        ("[[]\n[[A>B]]", F, F),
        ("no verdict", Status.UNPARSED, Status.UNPARSED),
    ],
)
def test_genai_bench_under_both_protocols(text, robust, official):
    for asked, expected in ((IMAGE, robust), (OFFICIAL, official)):
        found = read("genai-bench", text, asked)
        assert (found.verdict or found.status) == expected


def test_answer_span():
    assert answer_span("a<think>b</think>c") == "c"
    assert answer_span("<answer>x</answer> <answer>y") == "y"
    assert answer_span("<think>never closed") is None


@given(
    st.text(alphabet="ImageVidoAnswer12 isbetr.*[]<>/=think\nBothequlygd", max_size=80),
    st.sampled_from([IMAGE, VIDEO, ANSWER, OFFICIAL]),
    st.sampled_from(["unifiedreward", "genai-bench", "plain", "scores"]),
)
def test_no_grammar_raises_or_guesses(text, asked, name):
    parsed = read(name, text, asked)
    said_something = parsed.verdict is not None or parsed.scores is not None
    assert said_something == (parsed.status is Status.OK)


def test_truncated_text_without_a_verdict_is_truncated():
    grammar = get_grammar("unifiedreward")
    assert parse(Output("Image", truncated=True), grammar, IMAGE).status is Status.TRUNCATED
    assert parse(Output("Image 1 is better, and", truncated=True), grammar, IMAGE).verdict is F


def test_scores_must_be_finite():
    grammar = get_grammar("scores")
    assert parse(Output(scores=(1.0, 0.5)), grammar, IMAGE).scores == (1.0, 0.5)
    nan, inf = float("nan"), float("inf")
    assert parse(Output(scores=(nan, 0.5)), grammar, IMAGE).status is Status.NOT_A_NUMBER
    assert parse(Output(scores=(inf, 0.5)), grammar, IMAGE).status is Status.OUT_OF_RANGE


@pytest.mark.parametrize(
    "text",
    [
        '"12"',
        '{"1": 2}',
        "[true, false]",
        '["1", "2"]',
        "[]",
        "3",
        "[" * 100_000,
        f"[1{'0' * 400}]",
    ],
)
def test_what_is_no_list_of_numbers_is_no_score(text):
    assert read("scores", text) == Parsed(Status.UNPARSED)
    assert read("scores", "[NaN, 1]") == Parsed(Status.NOT_A_NUMBER)


def test_item_frame_turns_what_was_shown_swapped():
    assert in_item_frame(Parsed(Status.OK, F), "ab") == ("first", None)
    assert in_item_frame(Parsed(Status.OK, F), "ba") == ("second", None)
    assert in_item_frame(Parsed(Status.OK, Verdict.BOTH_BAD), "ba") == ("both_bad", None)
    assert in_item_frame(Parsed(Status.OK, scores=(0.9, 0.1)), "ba") == (None, (0.1, 0.9))
    verdict, _ = in_item_frame(Parsed(Status.OK, {"VQ": F, "TA": T}), "ba")
    assert verdict == '{"VQ": "second", "TA": "tie"}'
