"""Chosen and rejected, or exactly one reason: cases by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unieval.dpo.sifting import Choice, Reason, Standing, sift


def standings(*pairs):
    return [Standing(f"key {n}", strength, score) for n, (strength, score) in enumerate(pairs)]


def test_the_best_scored_winner_and_the_worst_scored_loser():
    """As the paper does it: the best score of all may be a loser's, and counts for nothing."""
    found = sift(standings((1, 3.0), (-1, 5.0), (1, 4.0), (-1, 2.0)), "scores", 0.0)
    assert found == Choice(2, 3, 4.0, 2.0)
    assert found.margin == 2.0


def test_scores_are_numbers():
    """As texts, '10' is less than '9', and the lowest would be '10'."""
    found = sift(standings((1, 10.0), (1, 9.0), (-1, 2.0), (-1, 10.0)), "scores", 0.0)
    assert (found.chosen, found.rejected) == (0, 2)


def test_fractions_are_not_cut():
    found = sift(standings((1, 4.2), (-1, 4.1), (1, 4.7), (-1, 4.3)), "scores", 0.0)
    assert (found.chosen, found.rejected) == (2, 1)


@pytest.mark.parametrize(
    ("chosen", "rejected", "margin", "kept"),
    [
        (3.0, 2.0, 1.0, True),
        (3.0, 2.0, 1.1, False),
        (3.0, 3.0, 0.0, False),
        (2.0, 3.0, 0.0, False),
        (3.1, 3.0, 0.0, True),
    ],
)
def test_the_margin(chosen, rejected, margin, kept):
    found = sift(standings((1, chosen), (-1, rejected)), "scores", margin)
    assert isinstance(found, Choice) if kept else found is Reason.MARGIN


def test_a_score_that_could_not_be_read_never_makes_a_candidate_the_worst():
    found = sift(standings((1, 4.0), (-1, None), (1, None), (-1, 3.0)), "scores", 0.0)
    assert (found.chosen, found.rejected) == (0, 3)


def test_without_any_score_of_winners_or_losers():
    assert sift(standings((1, None), (-1, 3.0)), "scores", 0.0) is Reason.UNSCORED
    assert sift(standings((1, 3.0), (-1, None)), "scores", 0.0) is Reason.UNSCORED
    assert isinstance(sift(standings((1, None), (-1, None)), "ranking", 0.0), Choice)


def test_who_is_neither_winner_nor_loser_is_not_chosen():
    found = sift(standings((0, 9.0), (1, 3.0), (0, 0.0), (-1, 2.0)), "scores", 0.0)
    assert (found.chosen, found.rejected) == (1, 3)
    assert sift(standings((0, 9.0), (0, 1.0)), "scores", 0.0) is Reason.UNDECIDED
    assert sift([], "scores", 0.0) is Reason.UNDECIDED


def test_by_ranking_the_strongest_and_the_weakest():
    found = sift(standings((0.5, 9.0), (2.0, 1.0), (-0.5, 0.0), (-3.0, 5.0)), "ranking", 0.0)
    assert found == Choice(1, 3, 2.0, -3.0)
    assert sift(standings((0.5, None), (-0.5, None)), "ranking", 1.5) is Reason.MARGIN


def test_of_equal_scores_the_stronger_then_the_content_decides():
    found = sift(standings((1, 4.0), (2, 4.0), (-1, 1.0), (-2, 1.0)), "scores", 0.0)
    assert (found.chosen, found.rejected) == (1, 3)
    twins = [Standing(key, s, 1.0 + (s > 0)) for key, s in (("a", 1), ("b", 1), ("c", -1))]
    assert sift(twins, "scores", 0.0).chosen == 1
    assert sift(twins[::-1], "scores", 0.0).chosen == 1  # 'b' again, at its new place


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.none() | st.floats(0, 100)), min_size=0, max_size=12),
    st.sampled_from(["scores", "ranking"]),
    st.floats(0, 5),
)
def test_what_is_kept_is_a_winner_over_a_loser_by_the_margin(pairs, rule, margin):
    given_standings = standings(*pairs)
    found = sift(given_standings, rule, margin)
    if isinstance(found, Choice):
        assert given_standings[found.chosen].strength > 0 > given_standings[found.rejected].strength
        assert found.margin >= margin
        assert found.margin > 0
    else:
        assert found in (Reason.UNDECIDED, Reason.UNSCORED, Reason.MARGIN)
