"""The answer formats of the UnifiedReward family, word by word; nothing is ever guessed."""

from __future__ import annotations

import json
import math
import re
from re import _constants as tokens  # type: ignore[attr-defined]
from re import _parser as patterns  # type: ignore[attr-defined]

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unieval.harness.items import Output, Status, Verdict
from unieval.harness.parsing import Asked, Parsed, get_grammar, parse
from unieval.harness.registry import judges
from unieval.judges.grammars import objects, scores, verdicts

judges.names()  # registers the shipped grammars

IMAGE = Asked("image", "generation", "robust")
VIDEO = Asked("video", "generation", "robust")
ANSWER = Asked("image", "understanding", "robust")
FIVE = Asked("image", "generation", "robust", (1, 5))
TEN = Asked("image", "generation", "robust", (0, 10))
FILM = Asked("video", "generation", "robust", (1, 5))
EVERY = (IMAGE, VIDEO, ANSWER, FIVE, TEN, FILM, Asked("image", "generation", "official"))
F, S, T = Verdict.FIRST, Verdict.SECOND, Verdict.TIE

THINK = "unifiedreward-think"
EDIT = "unifiedreward-edit"
SCORES = "unifiedreward-2.0-scores"
EDIT_SCORES = "unifiedreward-edit-scores"
FLEX = "unifiedreward-flex"
FAMILY = ("unifiedreward", SCORES, THINK, EDIT, EDIT_SCORES, FLEX)


def read(name: str, text: str, asked: Asked = IMAGE, *, truncated: bool = False) -> Parsed:
    return parse(Output(text, truncated=truncated), get_grammar(name), asked)


# Verdicts after reasoning


@pytest.mark.parametrize(
    ("text", "asked", "verdict"),
    [
        ("<think>so</think><answer>Image 1 is better</answer>", IMAGE, F),
        ("<think>so</think>\n<answer>\n Image 2 is better \n</answer>", IMAGE, S),
        ("<think>Image 1 is better in colour</think><answer>Image 2 is better</answer>", IMAGE, S),
        ("<think><answer>Image 1 is better</answer></think><answer>Image 2 is better</answer>",
         IMAGE, S),
        ("<think>x</think><answer>Image 1 is better</answer> Image 2 is better", IMAGE, F),
        ("<think>x</think><answer>Video 2 is better</answer><|im_end|>", VIDEO, S),
        ("<think>x</think><answer>Answer 1 is better</answer>", ANSWER, F),
        ("opened by the prompt</think><answer>Image 1 is better</answer>", IMAGE, F),
        ("<answer>Image 1 is better</answer>", IMAGE, F),
        ("<answer>Image 1 is better</answer><answer> Image 1 is better</answer>", IMAGE, F),
    ],
)  # fmt: skip
def test_the_answer_after_the_reasoning_is_read(text: str, asked: Asked, verdict: Verdict) -> None:
    assert read(THINK, text, asked) == Parsed(Status.OK, verdict)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", Status.UNPARSED),
        ("Image 1 is better", Status.UNPARSED),
        ("<think>Image 1 is better</think>", Status.UNPARSED),
        ("<think>x</think>Image 1 is better", Status.UNPARSED),
        ("<think>x</think><answer></answer>", Status.UNPARSED),
        ("<think>x</think><answer>Image 12 is better</answer>", Status.UNPARSED),
        ("<think>x</think><answer>Image 1 is better.</answer>", Status.UNPARSED),
        ("<think>x</think><answer>Image 1 is better than Image 2</answer>", Status.UNPARSED),
        ("<think>x</think><answer>image 1 is better</answer>", Status.UNPARSED),
        ("<think>x</think><answer>Video 1 is better</answer>", Status.UNPARSED),
        ("<think>x</think><answer>Both images are equally good</answer>", Status.UNPARSED),
        ("<think>x<answer>Image 1 is better</answer>", Status.TRUNCATED),
        ("<think>x</think><answer>Image 1 is better", Status.TRUNCATED),
        ("<think>x</think><answer>Image 1 is better</answer> or <answer>Image 2 is better</answer>",
         Status.AMBIGUOUS),
        ("<answer>Image 1 is better</answer><answer>I am not sure</answer>", Status.AMBIGUOUS),
        ("<answer>Image 1 is better</answer><answer>Image 2", Status.AMBIGUOUS),
    ],
)  # fmt: skip
def test_without_one_exact_answer_there_is_no_verdict(text: str, status: Status) -> None:
    assert read(THINK, text) == Parsed(status)


def test_a_reasoning_that_was_cut_off_is_truncated() -> None:
    assert read(THINK, "opened by the prompt", truncated=True).status is Status.TRUNCATED
    assert read(THINK, "<think>Image 1 is better", truncated=True).status is Status.TRUNCATED


def test_one_candidate_is_scored_as_without_reasoning() -> None:
    assert read(THINK, "Final Score: 3.5", FIVE).scores == (3.5,)
    assert read(THINK, "<think>Final Score: 2</think>Final Score: 4", FIVE).scores == (4.0,)
    assert read(THINK, "<answer>Image 1 is better</answer>", FIVE).status is Status.UNPARSED


# Verdicts about edits


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Edited image 1 is better", F),
        ("**Edited Image 2** is better than Edited Image 1.", S),
        ("Both edited images are equally good", T),
        ("Edited image 1 is better, as I said: edited image 1 is better", F),
        ("", Status.UNPARSED),
        ("Image 2 is better", Status.UNPARSED),
        ("Edited image 12 is better", Status.UNPARSED),
        ("Edited image 1 is better, or edited image 2 is better", Status.AMBIGUOUS),
        ("<think>Edited image 1 is better", Status.TRUNCATED),
        ("<think>Edited image 1 is better</think>Edited image 2 is better", S),
    ],
)
def test_verdicts_about_edits(text: str, expected: Verdict | Status) -> None:
    found = read(EDIT, text)
    assert (found.verdict or found.status) == expected


# Scores by dimension


def shares(*rows: tuple[object, object], noun: str = "Image") -> str:
    names = ("Alignment", "Coherence", "Style")
    blocks = [
        f"{name} Score:\n {noun} 1: {first}\n {noun} 2: {second}"
        for name, (first, second) in zip(names, rows, strict=False)
    ]
    return "\n\n".join(blocks)


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        (shares((0.4736, 0.5264), (0.5981, 0.4019), (0.3484, 0.6516)), IMAGE, (0.473367, 0.526633)),
        (shares((0.5, 0.5), (0.5, 0.5), (0.8, 0.2), noun="Video"), VIDEO, (0.6, 0.4)),
        (shares((1, 0), (1, 0), (1, 0)), IMAGE, (1.0, 0.0)),
        (shares((0.9, 0.9), (0.3, 0.3), (0.3, 0.0)), IMAGE, (0.5, 0.4)),  # not made to add up
        (shares(("6e-05", 0.5), (0, 0.5), (0, 0.5)), IMAGE, (2e-05, 0.5)),
        (f"<think>{shares((1, 0))}</think>{shares(*[(0.25, 0.75)] * 3)}", IMAGE, (0.25, 0.75)),
        (shares(*[(0.5, 0.5)] * 3).replace("Alignment", "**Alignment"), IMAGE, (0.5, 0.5)),
        (shares(*[(0.5, 0.5)] * 3).replace("Score:", "Score (0-1):"), IMAGE, (0.5, 0.5)),
    ],
)
def test_shares_of_a_pair_are_averaged(
    text: str, asked: Asked, expected: tuple[float, float]
) -> None:
    assert read(SCORES, text, asked).scores == pytest.approx(expected, abs=1e-6)


def test_numbers_are_read_to_the_last_digit() -> None:
    row = (0.435699999332428, 0.564300000667572)
    assert read(SCORES, shares(row, row, row)).scores == row


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", Status.UNPARSED),
        ("Image 1 is better", Status.UNPARSED),
        (shares((0.4, 0.6), (0.4, 0.6)), Status.UNPARSED),
        (shares((0.4, 0.6), ("x", "y"), (0.4, 0.6)), Status.UNPARSED),
        (shares((0.4, 0.6), (0.4, ""), (0.4, 0.6)), Status.UNPARSED),
        (shares(*[(0.4, 0.6)] * 3, noun="Video"), Status.UNPARSED),
        (shares((0.4, 0.6), (0.4, 0.6), ("0.4.1", 0.6)), Status.UNPARSED),
        (shares((0.4, 0.6), (0.4, 0.6), ("0.4-0.5", 0.6)), Status.UNPARSED),
        (shares((0.4, 0.6), (0.4, 0.6), ("40%", "60%")), Status.UNPARSED),
        (shares((0.4, 0.6), (0.4, 0.6), ("nan", "nan")), Status.NOT_A_NUMBER),
        (shares(("NaN", 0.6), (0.4, 0.6), (0.4, 0.6)), Status.NOT_A_NUMBER),
        (shares((0.4, 0.6), (0.4, 0.6), (4, 6)), Status.OUT_OF_RANGE),
        (shares((0.4, 0.6), (0.4, 0.6), (-0.1, 1)), Status.OUT_OF_RANGE),
        (shares((0.4, 0.6), (0.4, 0.6), ("−0.1", 1)), Status.OUT_OF_RANGE),
        (shares(*[(0.4, 0.6)] * 3) + "\n\n" + shares((0.6, 0.4)), Status.AMBIGUOUS),
        ("<think>" + shares(*[(0.4, 0.6)] * 3), Status.TRUNCATED),
    ],
)
def test_shares_that_are_refused(text: str, status: Status) -> None:
    assert read(SCORES, text) == Parsed(status)


def test_a_pair_cut_off_within_a_number_is_truncated() -> None:
    whole = shares((0.4, 0.6), (0.4, 0.6), (0.4, 0.6))
    assert read(SCORES, whole).status is Status.OK
    assert read(SCORES, whole, truncated=True).status is Status.TRUNCATED
    assert read(SCORES, whole + "\n", truncated=True).status is Status.OK


def rated(*numbers: object, second: str = "Coherence") -> str:
    names = ("Alignment", second, "Style")
    return "\n".join(f"{n} Score (1-5): {x}" for n, x in zip(names, numbers, strict=False))


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        (rated(3.2, 4, 3), FIVE, 3.4),
        (rated(1, 1, 1), TEN, 0.0),
        (rated(5, 5, 5), TEN, 10.0),
        (rated(3, 3, 3), TEN, 5.0),
        (rated(2.4036, 3.0987, 3.3889, second="Physics"), FILM, 2.963733),
        (rated("4/5", "3/5", "2/5"), FIVE, 3.0),
        (rated(3, 3, 3) + "\n" + rated(3, 3.0, 3), FIVE, 3.0),
        ("**Alignment Score:** 3\nCoherence Score: 3\nStyle score : 3", FIVE, 3.0),
        (rated("nan", 3, 3), FIVE, Status.NOT_A_NUMBER),
        (rated(3, 3), FIVE, Status.UNPARSED),
        (rated(3, "x", 3), FIVE, Status.UNPARSED),
        (rated(3, 3, 3), FILM, Status.UNPARSED),  # no Physics
        (rated(3, 3, 3, second="Physics"), FIVE, Status.UNPARSED),
        (rated(3, 3, 5.5), FIVE, Status.OUT_OF_RANGE),
        (rated(0, 3, 3), FIVE, Status.OUT_OF_RANGE),
        (rated(-3, 3, 3), FIVE, Status.OUT_OF_RANGE),
        (rated(3, 3, "4/10"), FIVE, Status.AMBIGUOUS),
        (rated(3, 3, 3) + "\n" + rated(4), FIVE, Status.AMBIGUOUS),
        ("Final Score: 3", FIVE, Status.UNPARSED),
        ("<think>" + rated(3, 3, 3), FIVE, Status.TRUNCATED),
    ],
)
def test_ratings_of_one_candidate(text: str, asked: Asked, expected: float | Status) -> None:
    found = read(SCORES, text, asked)
    if isinstance(expected, Status):
        assert found == Parsed(expected)
    else:
        assert found.scores == pytest.approx((expected,), abs=1e-6)


@given(
    st.tuples(*[st.floats(1, 5)] * 3),
    st.tuples(st.integers(-100, 100), st.integers(1, 100)),
)
def test_ratings_never_leave_the_range_asked_for(
    numbers: tuple[float, ...], span: tuple[int, int]
) -> None:
    low, high = span[0] / 10, (span[0] + span[1]) / 10
    asked = Asked("image", "generation", "robust", (low, high))
    found = read(SCORES, rated(*(f"{n:.17f}" for n in numbers)), asked).scores
    assert found is not None
    assert low <= found[0] <= high


# Scores of edits


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Edited image 1: 2.5\nEdited image 2: -1.25", (2.5, -1.25)),
        ("Edited Image 1 Score: 3, Edited Image 2 Score: −2", (3.0, -2.0)),
        ("Image 2: 4\nImage 1: 3", (3.0, 4.0)),
        ("**Edited image 1:** 2\n**Edited image 2:** 2", (2.0, 2.0)),
        ("3.5, -1", (3.5, -1.0)),
        ("3.5\n-1", (3.5, -1.0)),
        ("3.5 -1", (3.5, -1.0)),
        ("[-0.5, 12]", (-0.5, 12.0)),
        ("Scores: (1, 2).", (1.0, 2.0)),
        ("<think>9, 9</think>1, 2", (1.0, 2.0)),
        ("", Status.UNPARSED),
        ("3.5", Status.UNPARSED),
        ("1, 2, 3", Status.UNPARSED),
        ("3 - 4", Status.UNPARSED),
        ("The first has 3, the second 4", Status.UNPARSED),
        ("Edited image 1: 3", Status.UNPARSED),
        ("Edited image 1: high\nEdited image 2: low", Status.UNPARSED),
        ("Edited image 1: 3-4\nEdited image 2: 2", Status.UNPARSED),
        ("Edited image 1: 3/5\nEdited image 2: 2/5", Status.UNPARSED),
        ("Edited image 12: 3\nEdited image 2: 1", Status.UNPARSED),
        ("Image 1: 0\nImage 2: 3\nImage 3: 1", Status.UNPARSED),  # the source counts as one
        ("Edited image 1: nan\nEdited image 2: 1", Status.NOT_A_NUMBER),
        ("nan, nan", Status.NOT_A_NUMBER),
        (f"1{'0' * 400}, 1", Status.OUT_OF_RANGE),
        ("Edited image 1: 3\nEdited image 2: 1\nEdited image 1: 2", Status.AMBIGUOUS),
        ("<think>1, 2", Status.TRUNCATED),
    ],
)
def test_scores_of_two_edits(text: str, expected: tuple[float, float] | Status) -> None:
    found = read(EDIT_SCORES, text)
    assert (found.scores or found.status) == expected


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        ('{"reasoning": "good", "score": [25, 25]}', FIVE, 5.0),
        ('{"score": [0, 0]}', FIVE, 1.0),
        ('{"score": [20, 15.5], "reasoning": "a } in a string and a \\" too"}', TEN, 7.1),
        ('```json\n{"score": [10, 15]}\n```', TEN, 5.0),
        ('```json\n{"score": [10, 15]}', TEN, 5.0),
        ('Sure, 12" wide: {"score": [10, 15]} I hope {that} helps', TEN, 5.0),
        ('{"reasoning": "two\nlines", "score": [10, 15]}', TEN, 5.0),
        ('{"score": [10, 15]} {"score": [10, 15.0]}', TEN, 5.0),
        ('{"score": [10, 15]} {"score": [1', TEN, 5.0),
        ("", TEN, Status.UNPARSED),
        ("[20, 15]", TEN, Status.UNPARSED),
        ("score: [20, 15]", TEN, Status.UNPARSED),
        ('{"score": 20}', TEN, Status.UNPARSED),
        ('{"score": [20]}', TEN, Status.UNPARSED),
        ('{"score": [20, 15, 10]}', TEN, Status.UNPARSED),
        ('{"score": ["20", "15"]}', TEN, Status.UNPARSED),
        ('{"score": [true, true]}', TEN, Status.UNPARSED),
        ('{"score": [20, 15],}', TEN, Status.UNPARSED),
        ('{"score": [20, 15,]}', TEN, Status.UNPARSED),
        ('{"score": [20, 15], "score": [1, 2]}', TEN, Status.UNPARSED),
        ('{"all": {"score": [20, 15]}}', TEN, Status.UNPARSED),
        ('{"score": [20, 26]}', TEN, Status.OUT_OF_RANGE),
        ('{"score": [-1, 5]}', TEN, Status.OUT_OF_RANGE),
        ('{"score": [NaN, 5]}', TEN, Status.NOT_A_NUMBER),
        ('{"score": [10, 15]} {"score": [10, 16]}', TEN, Status.AMBIGUOUS),
        ('{"reasoning": "so good that', TEN, Status.TRUNCATED),
        ('{"score": [20, 15]', TEN, Status.TRUNCATED),
        ('<think>{"score": [20, 15]}', TEN, Status.TRUNCATED),
    ],
)
def test_scores_of_one_edit(text: str, asked: Asked, expected: float | Status) -> None:
    found = read(EDIT_SCORES, text, asked)
    assert (found.scores[0] if found.scores else found.status) == expected


# Categories and a winner


def winner(said: object, category: str = "Image 1") -> str:
    dimension = {"name": "d", "reason_1": "", "reason_2": "", "score_1": 9, "score_2": 1}
    part = {"name": "c", "dims": [dimension], "cat_reason": "", "cat_winner": category}
    return json.dumps({"prompt": "p", "categories": [part], "reason": "", "winner": said})


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        (winner("Image 1"), IMAGE, F),
        (winner("image 2", category="Image 1"), IMAGE, S),  # the winner counts
        (winner("Video 2"), VIDEO, S),
        ("```json\n" + winner("Image 1"), IMAGE, F),
        ("```json\n" + winner("Image 1") + "\n```", IMAGE, F),
        ("Here it is.\n" + winner("Image 1") + "\nImage 2 is better", IMAGE, F),
        (winner("Image 1") * 2, IMAGE, F),
        ("", IMAGE, Status.UNPARSED),
        ("Image 1 is better", IMAGE, Status.UNPARSED),
        ('"winner": "Image 1"', IMAGE, Status.UNPARSED),
        ('{"categories": [{"cat_winner": "Image 1"}]}', IMAGE, Status.UNPARSED),
        ('{"categories": [{"winner": "Image 1"}]}', IMAGE, Status.UNPARSED),
        (winner("Image 12"), IMAGE, Status.UNPARSED),
        (winner("Video 1"), IMAGE, Status.UNPARSED),
        (winner("Image 1 or Image 2"), IMAGE, Status.UNPARSED),
        (winner("..."), IMAGE, Status.UNPARSED),
        (winner(1), IMAGE, Status.UNPARSED),
        (winner(None), IMAGE, Status.UNPARSED),
        (winner("Image 1")[:-1] + ",}", IMAGE, Status.UNPARSED),
        (winner("Image 1") + winner("Image 2"), IMAGE, Status.AMBIGUOUS),
        (winner("Image 1") + winner("neither"), IMAGE, Status.AMBIGUOUS),
        (winner("Image 1")[:-1], IMAGE, Status.TRUNCATED),
        (winner("Image 1")[:-3], IMAGE, Status.TRUNCATED),
        ("<think>" + winner("Image 1"), IMAGE, Status.TRUNCATED),
        (winner("Image 1"), FIVE, Status.UNPARSED),
    ],
)
def test_the_winner_of_categories(text: str, asked: Asked, expected: Verdict | Status) -> None:
    found = read(FLEX, text, asked)
    assert (found.verdict or found.status) == expected


# Of all of them

VOCABULARY = """
Image Video Answer Edited 1 2 12 is better than both equally good Final Alignment Coherence Physics
Style Score Score: (1-5): : 0.5 -1 3 nan <think> </think> <answer> </answer> [[A>B]] { } [ ] , " *
{"score": {"winner": "Image [20, 15]}
"""
WORDS = st.sampled_from([*VOCABULARY.split(), "\n", "\\"])
TEXTS = st.lists(WORDS | st.text(max_size=3), max_size=40).map(" ".join) | st.text(max_size=60)


@given(TEXTS, st.sampled_from(EVERY), st.sampled_from(FAMILY), st.booleans())
def test_no_grammar_raises_or_half_answers(
    text: str, asked: Asked, name: str, truncated: bool
) -> None:
    found = read(name, text, asked, truncated=truncated)
    assert (found.verdict is not None or found.scores is not None) == (found.status is Status.OK)
    assert found.scores is None or all(map(math.isfinite, found.scores))
    if found.scores is not None and asked.score_range is not None:
        assert asked.score_range[0] <= found.scores[0] <= asked.score_range[1]


LITERAL = {
    "unifiedreward": r"is better|equally good|score",
    SCORES: r"alignment score",
    THINK: r"</answer>|score",
    EDIT: r"edited",
    FLEX: r'"winner"',
}


@given(TEXTS, st.sampled_from(EVERY), st.sampled_from(sorted(LITERAL)))
def test_a_text_without_the_phrase_is_never_read(text: str, asked: Asked, name: str) -> None:
    text = re.sub(LITERAL[name], "so", text, flags=re.IGNORECASE)
    assert read(name, text, asked).status is not Status.OK


VERDICTS = {
    "unifiedreward": (lambda n: f"Image {n} is better", IMAGE),
    THINK: (lambda n: f"<think>Image 1 is better.</think><answer>Image {n} is better</answer>",
            IMAGE),
    EDIT: (lambda n: f"Edited image {n} is better", IMAGE),
    FLEX: (lambda n: winner(f"Video {n}"), VIDEO),
}  # fmt: skip


@pytest.mark.parametrize("name", VERDICTS)
def test_swapping_the_candidates_swaps_the_verdict(name: str) -> None:
    write, asked = VERDICTS[name]
    first, second = (read(name, write(n), asked).verdict for n in (1, 2))
    assert (first, second) == (F, S)


SHARE = st.floats(0, 1)
ANY = st.floats(-1e6, 1e6)


@given(st.tuples(*[st.tuples(SHARE, SHARE)] * 3), st.tuples(ANY, ANY))
def test_written_scores_are_read_back_and_swap(
    rows: tuple[tuple[float, float], ...], pair: tuple[float, float]
) -> None:
    found = read(SCORES, shares(*rows)).scores
    assert found == pytest.approx([sum(column) / 3 for column in zip(*rows, strict=True)])
    swapped = read(SCORES, shares(*[row[::-1] for row in rows])).scores
    assert swapped == found[::-1]
    for text in (f"Edited image 1: {pair[0]}\nEdited image 2: {pair[1]}", f"{pair[0]}, {pair[1]}"):
        assert read(EDIT_SCORES, text).scores == pair


# Hostile texts

SIZE = 100_000


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "unit",
    [
        "[[", "[[A", "]]", "{", "}", "{}", '{"score":', '{"a":', '{"a":[', '"', '\\"', '{"\\"',
        "\\",
        "<answer>", "<think>", "</think>", "</answer>", " ", "9", "9.", "a", "nan ", "image 1", "*",
        "image ", "image 1: ", "final score:", "final score: 9\n", "alignment score", "1 ",
        '{"score": [1, 2]}', '{"winner": "Image 1"}', "edited image 1 is ", "\n", "−",
    ],
)  # fmt: skip
def test_time_grows_no_faster_than_the_text(unit: str) -> None:
    """Were it quadratic, these texts would take far longer than the limit."""
    many = unit * (SIZE // len(unit))
    blank = " " * SIZE
    for name in (*FAMILY, "genai-bench", "plain", "scores"):
        for asked in (IMAGE, FIVE, EVERY[-1]):
            read(name, many, asked)
            read(name, f'{{"score": {many}', asked)
            read(name, unit + blank + unit, asked)
            read(name, f"{many}!", asked, truncated=True)


def _repeats(tree: patterns.SubPattern, *, inside: bool = False) -> bool:
    """Whether a pattern has an unbounded repeat inside an unbounded repeat."""
    for kind, value in tree:
        endless = kind in (tokens.MAX_REPEAT, tokens.MIN_REPEAT) and value[1] == tokens.MAXREPEAT
        if endless and inside:
            return True
        parts = value if isinstance(value, (tuple, list)) else [value]
        flat = [p for part in parts for p in (part if isinstance(part, list) else [part])]
        for part in flat:
            if isinstance(part, patterns.SubPattern) and _repeats(part, inside=inside or endless):
                return True
    return False


def test_no_pattern_repeats_a_repeat() -> None:
    found = []
    for module in (objects, scores, verdicts):
        for value in vars(module).values():
            found += value.values() if isinstance(value, dict) else [value]
    compiled = [value for value in found if isinstance(value, re.Pattern)]
    assert len(compiled) > 10
    assert _repeats(patterns.parse(r"x(?:a|b*)+"))
    assert not [p.pattern for p in compiled if _repeats(patterns.parse(p.pattern))]
