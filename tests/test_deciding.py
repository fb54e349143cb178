"""Verdicts and scores from the probabilities of answers; checked by hand and against sampling."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unieval.harness.items import FOUR_WAY, SCORE, TWO_WAY, PairItem, PointItem, Request, Verdict
from unieval.judges.answers import score_answers, verdict_answers
from unieval.judges.backends.backend import Choice
from unieval.judges.deciding import decided, probabilities

LOG = math.log


def request(choices: tuple[Verdict, ...], **item: object) -> Request:
    asked = {"modality": "image", "objective": "generation", "prompt": "p", **item}
    if choices:
        made = PairItem("1", candidates=("a", "b"), label=Verdict.FIRST, **asked)
    else:
        made = PointItem("1", candidate="a", **asked)
    return Request("t", made, "ab", 0, 0, choices)


def test_answers_are_those_that_checkpoints_write() -> None:
    assert verdict_answers(request(TWO_WAY)) == {
        "Image 1 is better": Verdict.FIRST,
        "Image 2 is better": Verdict.SECOND,
    }
    video = {"modality": "video", "objective": "understanding"}
    assert "Both answers are equally good" in verdict_answers(request(FOUR_WAY, **video))


def test_scores_are_steps_of_the_range() -> None:
    scores = score_answers(request(SCORE).item)
    assert len(scores) == 41
    assert scores["Final Score: 1"] == 1.0
    assert scores["Final Score: 4.9"] == 4.9
    assert len(score_answers(request(SCORE, objective="understanding").item)) == 101
    assert list(score_answers(request(SCORE, score_range=(0, 10)).item, 4).values()) == [
        *(0.0, 2.5, 5.0, 7.5, 10.0)
    ]


FIRST = (("Image", " 1", "."), (LOG(0.6), LOG(0.1), LOG(0.5)))
SECOND = (("Image", " 2", "."), (LOG(0.6), LOG(0.3), LOG(0.9)))
BOTH = (("Both", "."), (LOG(0.2), LOG(0.01)))


def choice(*rows: tuple[tuple[str, ...], tuple[float, ...]]) -> Choice:
    return Choice(tuple(tokens for tokens, _ in rows), tuple(logs for _, logs in rows))


def test_branches_count_only_where_answers_part() -> None:
    # p(Image) = 0.6 / 0.8; then 0.1 and 0.3 of 0.4
    found = probabilities(choice(FIRST, SECOND, BOTH), "branch")
    assert found == pytest.approx([0.75 * 0.25, 0.75 * 0.75, 0.25])


def test_length_is_the_mean_over_tokens() -> None:
    means = [math.exp(sum(logs) / len(logs)) for _, logs in (FIRST, SECOND, BOTH)]
    found = probabilities(choice(FIRST, SECOND, BOTH), "length")
    assert found == pytest.approx([mean / sum(means) for mean in means])


def test_an_answer_that_begins_another_has_what_the_longer_ones_leave() -> None:
    short = (("4",), (LOG(0.5),))
    long = (("4", ".5"), (LOG(0.5), LOG(0.2)))
    assert probabilities(choice(short, long), "branch") == pytest.approx([0.8, 0.2])
    ends = ("4", "<end>"), (LOG(0.5), LOG(0.6))
    assert probabilities(choice(ends, long), "branch") == pytest.approx([0.75, 0.25])


def test_what_a_backend_could_not_tell_counts_as_never_said() -> None:
    unseen = (("Both", "."), (math.nan, math.nan))
    found = probabilities(choice(FIRST, SECOND, unseen), "branch")
    assert found == pytest.approx([0.25, 0.75, 0])


def test_a_verdict_is_the_likeliest_answer_and_a_score_the_expected_one() -> None:
    output = decided(verdict_answers(request(FOUR_WAY)), choice(FIRST, SECOND, BOTH), "branch")
    assert output.text == "Image 2 is better"
    assert output.logprobs is not None
    assert output.logprobs["Image 2 is better"] == pytest.approx(LOG(0.5625), abs=1e-5)
    ties = choice(FIRST, SECOND, (("Both",), (LOG(0.9),)))  # a tie has 0.6
    answers = verdict_answers(request(FOUR_WAY))
    assert decided(answers, ties, "branch").text == "Both images are equally good"
    assert decided(answers, ties, "branch", 0.59).text == "Both images are equally good"
    assert decided(answers, ties, "branch", 0.61).text == "Image 2 is better"
    assert decided(answers, choice(FIRST, SECOND, BOTH), "branch", 0.2).text.startswith("Both")
    values = {"Final Score: 1": 1.0, "Final Score: 4": 4.0}
    shares = choice((("1", "e"), (LOG(0.2), 0.0)), (("4", "e"), (LOG(0.3), 0.0)))
    assert decided(values, shares, "branch").text == "Final Score: 2.8000"


@st.composite
def trees(draw: st.DrawFn) -> tuple[Choice, dict[tuple[int, ...], float]]:
    """Some answers out of all strings of a small language, with its conditional probabilities."""
    answers = draw(
        st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=3), min_size=1, unique_by=tuple)
    )
    ended = [(*answer, 3) for answer in map(tuple, answers)]  # 3 ends a turn
    weights: dict[tuple[int, ...], list[float]] = {}
    rows = []
    for row in ended:
        logs = []
        for depth, token in enumerate(row):
            given = weights.setdefault(
                row[:depth], draw(st.lists(st.floats(0.1, 1), min_size=4, max_size=4))
            )
            logs.append(LOG(given[token] / sum(given)))
        rows.append((row, tuple(logs)))
    # the language, walked so that only ways to an answer are taken
    exact = {}
    for row in ended:
        p = 1.0
        for depth, token in enumerate(row):
            alive = {other[depth] for other in ended if other[:depth] == row[:depth]}
            given = weights[row[:depth]]
            p *= given[token] / sum(given[t] for t in alive)
        exact[row] = p
    return choice(*rows), exact


@given(trees())
def test_branch_probabilities_are_those_of_a_walk_that_keeps_to_answers(
    made: tuple[Choice, dict[tuple[int, ...], float]],
) -> None:
    given_choice, exact = made
    found = probabilities(given_choice, "branch")
    assert found == pytest.approx(list(exact.values()))
    assert sum(found) == pytest.approx(1)
    assert sum(probabilities(given_choice, "length")) == pytest.approx(1)
