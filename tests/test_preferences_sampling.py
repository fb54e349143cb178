"""Drawing, holding out, turning and ordering follow from each item's own seed."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_preferences_data import pair, point
from unieval.harness.errors import UserError
from unieval.harness.items import Verdict
from unieval.reward_training.preferences import Preference
from unieval.reward_training.sampling import (
    balanced,
    interleaved,
    quotas,
    sample,
    split,
    verdicts,
)

VERDICTS = st.sampled_from(Verdict)
PAIRS = st.lists(st.tuples(st.uuids(), VERDICTS), max_size=60, unique_by=lambda t: t[0]).map(
    lambda found: [pair(str(name), verdict) for name, verdict in found]
)
SEEDS = st.integers(0, 1 << 32)
SIZES = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 80), min_size=1)


def many(count: int, source: str = "test", verdict: Verdict = Verdict.FIRST) -> list[Preference]:
    return [pair(f"{source}{i}", verdict, source=source) for i in range(count)]


# --- drawing --------------------------------------------------------------------------------------


@given(PAIRS, st.none() | st.integers(1, 30), SEEDS, st.randoms())
def test_a_sample_does_not_depend_on_the_order(
    pairs: list[Preference], cap: int | None, seed: int, chance: random.Random
) -> None:
    drawn = sample(pairs, cap, seed)
    assert len(drawn) == (len(pairs) if cap is None else min(cap, len(pairs)))
    chance.shuffle(pairs)
    assert sample(iter(pairs), cap, seed) == drawn


def test_a_larger_sample_holds_the_smaller_and_seeds_differ() -> None:
    pairs = many(200)
    small, large = sample(pairs, 20, 0), sample(pairs, 50, 0)
    assert large[:20] == small
    assert {p.id for p in sample(pairs, 20, 1)} != {p.id for p in small}
    assert sample(pairs, None, 0) != sample(pairs, None, 0, round_=1)


# --- holding out ----------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.uuids(), st.text(max_size=3)), max_size=60, unique_by=lambda t: t[0]),
    st.floats(0, 0.99),
    SEEDS,
    st.randoms(),
)
def test_no_prompt_is_in_both_splits(
    rows: list[tuple[Any, str]], share: float, seed: int, chance: random.Random
) -> None:
    pairs = [pair(str(name), prompt=f"p{text}") for name, text in rows]
    train, held_out = split(pairs, share, seed)
    assert sorted(p.id for p in train + held_out) == sorted(p.id for p in pairs)
    assert not {p.prompt for p in train} & {p.prompt for p in held_out}
    chance.shuffle(pairs)
    again, held_again = split(pairs, share, seed)
    assert {p.id for p in again} == {p.id for p in train}
    assert {p.id for p in held_again} == {p.id for p in held_out}


def test_the_side_of_a_prompt_is_the_same_in_all_sources_and_spellings() -> None:
    for i in range(50):
        spellings = [f"A Red cube {i}", f" a red  CUBE\n{i} "]
        items = [pair(f"{i}-{k}", source=f"s{k}", prompt=p) for k, p in enumerate(spellings)]
        train, held_out = split(items, 0.5, 0)
        assert {len(train), len(held_out)} == {0, 2}


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5])
def test_the_held_out_share_is_about_what_was_asked(share: float) -> None:
    _, held_out = split(many(4000), share, 3)
    assert len(held_out) / 4000 == pytest.approx(share, abs=0.03)
    assert share or not held_out


# --- places ---------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(PAIRS, SEEDS, st.randoms())
def test_balance_keeps_what_is_better(
    pairs: list[Preference], seed: int, chance: random.Random
) -> None:
    def better(p: Preference) -> object:
        ab = {Verdict.FIRST: p.candidates[0], Verdict.SECOND: p.candidates[1]}
        return ab.get(p.verdict, frozenset(p.candidates)) if p.verdict else None

    turned = balanced(pairs, seed)
    assert [better(p) for p in turned] == [better(p) for p in pairs]
    assert verdicts(turned)["tie"] == verdicts(pairs)["tie"]
    decided = verdicts(turned)
    # a fair coin for each pair: five standard deviations
    n = decided["first"] + decided["second"]
    assert abs(decided["first"] - decided["second"]) <= 5 * n**0.5
    by_id = {p.id: p for p in turned}
    chance.shuffle(pairs)
    assert {p.id: p for p in balanced(pairs, seed)} == by_id


def test_balance_does_not_depend_on_how_the_data_give_a_pair() -> None:
    pairs = many(100)
    swapped = [p.swapped() for p in pairs]
    assert balanced(pairs, 7) == balanced(swapped, 7)
    counts = verdicts(balanced(many(2000), 0))
    assert counts["first"] + counts["second"] == 2000
    assert abs(counts["first"] - 1000) < 120


def test_ties_are_turned_too_and_scores_are_left_alone() -> None:
    ties = many(400, verdict=Verdict.BOTH_GOOD)
    turned = balanced(ties, 0)
    moved = sum(a.candidates != b.candidates for a, b in zip(ties, turned, strict=True))
    assert 140 < moved < 260
    scored = [point("a")]
    assert balanced(scored, 0) == scored


# --- weights --------------------------------------------------------------------------------------


@given(SIZES, st.data())
def test_quotas_respect_weights(sizes: dict[str, int], data: st.DataObject) -> None:
    weights = {name: data.draw(st.floats(0.1, 10)) for name in sizes}
    size = data.draw(st.none() | st.integers(1, 500))
    amounts = quotas(sizes, weights, size)
    total = sum(amounts.values())
    if size is None:
        assert all(amounts[name] <= sizes[name] for name in sizes), "nothing is repeated"
    else:
        assert total == size
    for name, weight in weights.items():
        assert abs(amounts[name] - total * weight / sum(weights.values())) < 1 + 1e-6


def test_quotas_without_weights() -> None:
    assert quotas({"a": 30, "b": 10}, {"a": None, "b": None}, None) == {"a": 30, "b": 10}
    assert quotas({"a": 30, "b": 10}, {"a": None, "b": None}, 20) == {"a": 15, "b": 5}
    assert quotas({"a": 30, "b": 0}, {"a": None, "b": None}, 20) == {"a": 20, "b": 0}
    with pytest.raises(UserError, match="source 'b' has no weight"):
        quotas({"a": 1, "b": 1}, {"a": 1, "b": None}, None)
    with pytest.raises(UserError, match="source 'b' has a weight and no preferences"):
        quotas({"a": 1, "b": 0}, {"a": 1, "b": 1}, None)


@settings(max_examples=50)
@given(SIZES, SEEDS, st.randoms(), st.data())
def test_every_stretch_holds_the_sources_in_proportion(
    sizes: dict[str, int], seed: int, chance: random.Random, data: st.DataObject
) -> None:
    sources = {name: many(count, name) for name, count in sizes.items()}
    amounts = {name: data.draw(st.integers(0, 120)) for name in sizes}
    stream = list(interleaved(sources, amounts, seed))
    total = sum(amounts.values())
    assert Counter(p.source for p in stream) == +Counter(amounts)
    seen: Counter[str] = Counter()
    for count, preference in enumerate(stream, 1):
        seen[preference.source] += 1
        for name, amount in amounts.items():
            assert abs(seen[name] - amount * count / total) <= len(sizes) + 1
    for name, items in sources.items():
        times = Counter(p.id for p in stream if p.source == name)
        full, rest = divmod(amounts[name], len(items))
        assert set(times.values()) <= {full, full + bool(rest)} - {0}
    shuffled = {name: chance.sample(items, len(items)) for name, items in sources.items()}
    assert list(interleaved(dict(reversed(shuffled.items())), amounts, seed)) == stream
