"""Plans and strengths against hand computation, an independent optimiser and planted truths."""

from __future__ import annotations

import importlib.util
import math
import sys
from itertools import combinations
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from unieval.dpo.ranking import (
    Result,
    agreed,
    bradley_terry,
    disjoint,
    pairs_of,
    rounds_of,
    swiss,
)
from unieval.dpo.sifting import Choice, Reason, Standing, sift
from unieval.harness.items import Verdict

FIRST, SECOND, TIE = Verdict.FIRST, Verdict.SECOND, Verdict.TIE
VERDICTS = (FIRST, SECOND, TIE, None)


def bench():
    file = Path(__file__).parent.parent / "bench" / "tournament.py"
    spec = importlib.util.spec_from_file_location("bench_tournament", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_tournament"] = module
    spec.loader.exec_module(module)
    return module


tournament = bench()


def played(candidates: int, dice: Random) -> list[Result]:
    return [Result(p, dice.choice(VERDICTS)) for p in combinations(range(candidates), 2)]


def test_disjoint_is_the_papers_plan():
    assert disjoint(10) == [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)]
    assert disjoint(3) == [(0, 1)]


def test_round_robin_has_every_pair_once():
    assert pairs_of("round_robin", 4) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def test_rounds():
    assert rounds_of("disjoint", 10) == rounds_of("round_robin", 10) == 1
    assert rounds_of("swiss", 10) == 4
    assert rounds_of("swiss", 10, 2) == 2
    assert rounds_of("swiss", 4, 99) == 3  # then everybody has met everybody
    assert rounds_of("swiss", 5, 99) == 5
    assert rounds_of("swiss", 2) == 1


def test_swiss_pairs_by_points_and_never_twice():
    first = [Result((0, 1), FIRST), Result((2, 3), SECOND), Result((4, 5), TIE)]
    # points: 0, 3 have 1; 4, 5 have a half; 1, 2 none; 4 and 5 have met
    assert swiss(6, first) == [(0, 3), (1, 4), (2, 5)]


def test_in_swiss_those_who_sat_out_play_next():
    (pair,) = swiss(3, ())
    assert pair == (0, 1)
    assert 2 in swiss(3, [Result(pair, FIRST)])[0]


@given(st.integers(2, 13), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_swiss_rounds_are_fair(candidates, seed):
    dice, results = Random(seed), []
    for _ in range(rounds_of("swiss", candidates, 99)):
        pairs = swiss(candidates, results)
        players = [n for pair in pairs for n in pair]
        assert len(players) == len(set(players))
        assert all(one < other for one, other in pairs)
        assert not {r.pair for r in results} & set(pairs)
        results += [Result(pair, dice.choice(VERDICTS)) for pair in pairs]
    games = np.bincount([n for r in results for n in r.pair], minlength=candidates)
    assert games.min() >= 1


@pytest.mark.parametrize(
    ("verdicts", "result"),
    [
        ([FIRST, FIRST], FIRST),
        ([SECOND, SECOND], SECOND),
        ([FIRST, SECOND], TIE),
        ([SECOND, FIRST], TIE),
        ([FIRST, TIE], TIE),
        ([TIE, TIE], TIE),
        ([Verdict.BOTH_BAD, Verdict.BOTH_GOOD], TIE),
        ([FIRST, None], None),
        ([None, None], None),
        ([FIRST], FIRST),
        ([], None),
    ],
)
def test_both_orders_must_agree(verdicts, result):
    assert agreed(verdicts) is result


def test_strengths_by_hand():
    """One win, p = exp(s): 1 + a = p^2 / (p^2 + 1) + 2 a p / (p + 1), so a = 0.6 gives p = 2."""
    winner, loser = bradley_terry(2, [Result((0, 1), FIRST)], prior=0.6)
    assert winner == pytest.approx(math.log(2), abs=1e-9)
    assert loser == pytest.approx(-math.log(2), abs=1e-9)


def test_ties_are_half_wins_and_the_unread_counts_for_nothing():
    tied = [Result((0, 1), TIE), Result((1, 2), TIE)]
    assert bradley_terry(3, tied) == (0.0, 0.0, 0.0)
    assert bradley_terry(2, [Result((0, 1), None)]) == (0.0, 0.0)
    half = bradley_terry(2, [Result((0, 1), FIRST), Result((0, 1), SECOND)])
    assert half == pytest.approx((0, 0), abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_strengths_are_those_of_another_optimiser(seed):
    dice, candidates, prior = Random(seed), 7, 0.3
    results = played(candidates, dice)

    def loss(s):
        total = -prior * sum(math.log(1 / (1 + math.exp(-x)) / (1 + math.exp(x))) for x in s)
        for r in results:
            ahead = s[r.pair[0]] - s[r.pair[1]]
            won = {FIRST: 1.0, SECOND: 0.0, TIE: 0.5}
            if r.verdict is not None:
                w = won[r.verdict]
                total += w * math.log1p(math.exp(-ahead)) + (1 - w) * math.log1p(math.exp(ahead))
        return total

    expected = minimize(loss, np.zeros(candidates), method="BFGS", options={"gtol": 1e-8}).x
    assert bradley_terry(candidates, results, prior) == pytest.approx(expected, abs=1e-5)


def test_a_tiny_prior_and_a_clean_sweep_stay_finite():
    results = [Result(pair, FIRST) for pair in combinations(range(30), 2)]
    strengths = bradley_terry(30, results, prior=1e-4)
    assert all(map(math.isfinite, strengths))
    assert list(strengths) == sorted(strengths, reverse=True)


@given(st.integers(2, 9), st.integers(0, 10_000))
@settings(max_examples=80, deadline=None)
def test_relabelling_candidates_permutes_the_results(candidates, seed):
    dice = Random(seed)
    results = played(candidates, dice)
    new = list(range(candidates))
    dice.shuffle(new)

    def relabelled(r: Result) -> Result:
        one, other = new[r.pair[0]], new[r.pair[1]]
        if one < other:
            return Result((one, other), r.verdict)
        return Result((other, one), r.verdict and r.verdict.swapped)

    before = bradley_terry(candidates, results)
    after = bradley_terry(candidates, [relabelled(r) for r in results])
    assert [after[n] for n in new] == pytest.approx(before, abs=1e-7)

    scores = [dice.choice([1.0, 2.0, 3.0, None]) for _ in range(candidates)]
    standings = [Standing(f"key {n}", before[n], scores[n]) for n in range(candidates)]
    shuffled = [Standing("", 0.0)] * candidates
    for n, place in enumerate(new):
        shuffled[place] = Standing(f"key {n}", after[place], scores[n])
    for rule in ("scores", "ranking"):
        one, other = sift(standings, rule, 0.0), sift(shuffled, rule, 0.0)
        if isinstance(one, Reason):
            assert other is one
        else:
            assert isinstance(other, Choice)
            assert (new[one.chosen], new[one.rejected]) == (other.chosen, other.rejected)


@given(st.integers(2, 8), st.sampled_from(["disjoint", "round_robin", "swiss"]))
def test_a_judge_of_ties_or_of_positions_chooses_nobody(candidates, plan):
    for said in ([TIE, TIE], [FIRST, SECOND]):  # of the pair's own first and second
        results = []
        for _ in range(rounds_of(plan, candidates)):
            results += [Result(p, agreed(said)) for p in pairs_of(plan, candidates, results)]
        strengths = bradley_terry(candidates, results)
        standings = [Standing(str(n), s, float(n)) for n, s in enumerate(strengths)]
        assert sift(standings, "scores", 0.0) is Reason.UNDECIDED
        assert sift(standings, "ranking", 0.0) is Reason.UNDECIDED


# --- planted qualities: what plans are worth -----------------------------------------------------

PROMPTS = 400


def worth(plan, rule, candidates=10, judge=None, **more):
    judge = judge or tournament.NoisyJudge()
    return tournament.worth(plan, rule, candidates, judge, prompts=PROMPTS, seed=1, **more)


def better(one, other) -> bool:
    """By more than three standard errors of the difference."""
    return one.gap - other.gap > 3 * math.hypot(one.error, other.error)


@pytest.mark.slow
def test_at_equal_budget_swiss_rounds_and_the_papers_plan_beat_a_small_round_robin():
    paper = worth("disjoint", "scores")
    swiss_rounds = worth("swiss", "ranking", rounds=4)
    robin = worth("round_robin", "ranking", 7)  # no more candidates fit in so many calls
    assert paper.calls == pytest.approx(20)
    assert abs(swiss_rounds.calls - robin.calls) <= 3
    assert better(swiss_rounds, robin)
    assert better(swiss_rounds, paper)  # twice the calls for the same candidates
    twenty = worth("round_robin", "ranking", 5)
    assert twenty.calls == pytest.approx(paper.calls)
    assert better(paper, twenty)


@pytest.mark.slow
def test_four_rounds_are_nearly_as_good_as_all_pairs():
    some, everything = worth("swiss", "ranking", rounds=4), worth("round_robin", "ranking")
    assert some.calls < 0.45 * everything.calls
    assert some.gap > 0.93 * everything.gap


@pytest.mark.slow
def test_scores_that_are_noise_are_worth_less_than_strengths():
    judge = tournament.NoisyJudge(error=3.0)
    assert better(worth("round_robin", "ranking", judge=judge), worth("disjoint", "scores"))
    assert better(
        worth("round_robin", "ranking", judge=judge), worth("round_robin", "scores", judge=judge)
    )


@pytest.mark.slow
@pytest.mark.parametrize("plan", ["disjoint", "swiss", "round_robin"])
def test_planted_faults_cost_prompts_and_never_turn_them(plan):
    garbage = worth(plan, "scores", judge=tournament.NoisyJudge(unread=0.2))
    biased = worth(plan, "scores", judge=tournament.NoisyJudge(first=0.5))
    for faulty in (garbage, biased):
        assert faulty.wrong < 0.03
        assert faulty.chosen > 0.9
        assert faulty.rejected < -0.9
