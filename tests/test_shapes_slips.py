"""Slips of alignment in pictures and films: each breaks exactly what it says."""

from collections import Counter
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from test_shapes_english import read_claims, read_film_claims
from unieval.tasks.shapes.caption import caption
from unieval.tasks.shapes.cast_caption import cast_caption
from unieval.tasks.shapes.cast_faults import CAST_FAULTS
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.motion import cast
from unieval.tasks.shapes.scene import generate
from unieval.tasks.shapes.scene_faults import SCENE_FAULTS

seeds = st.integers(0, 2**40)


def attributes(things) -> Counter[tuple[str, str, str]]:
    return Counter((t.shape, t.colour, t.size) for t in things)


@given(seeds, st.sampled_from(list(SCENE_FAULTS.changes)))
@settings(max_examples=150)
def test_slips_break_exactly_the_facts_they_state(seed: int, kind: str) -> None:
    dice = Dice(seed)
    scene = generate(dice)
    said = caption(scene)
    wrong = SCENE_FAULTS.one(kind, scene, said, dice)
    if wrong is None:
        assert kind in ("size", "relation", "swap", "missing")
        return
    false = read_claims(said.text, wrong.shown).count(False)
    assert wrong.slip == kind
    assert 1 <= len(wrong.broken) == false == len(said.broken(wrong.shown))


@given(seeds, st.sampled_from(list(CAST_FAULTS.changes)))
@settings(max_examples=150)
def test_slips_of_films_break_exactly_the_facts_they_state(seed: int, kind: str) -> None:
    dice = Dice(seed)
    who = cast(dice)
    said = cast_caption(who)
    wrong = CAST_FAULTS.one(kind, who, said, dice)
    if wrong is None:
        assert kind in ("size", "direction", "trade", "swap", "missing")
        return
    false = read_film_claims(said.text, wrong.shown).count(False)
    assert wrong.slip == kind
    assert 1 <= len(wrong.broken) == false == len(said.broken(wrong.shown))


@given(seeds)
def test_slips_always_change_the_truth_and_add_up(seed: int) -> None:
    dice = Dice(seed)
    scene = generate(dice)
    said, total = caption(scene), 0
    assert SCENE_FAULTS.any(scene, said, dice) is not None
    while wrong := SCENE_FAULTS.any(scene, said, dice):
        scene, total = wrong.shown, total + len(wrong.broken)
        assert read_claims(said.text, scene).count(False) == total > 0
    assert total <= len(said.facts)


def test_each_kind_of_slip_does_what_it_says() -> None:
    found: Counter[str] = Counter()
    for seed, kind in product(range(150), SCENE_FAULTS.changes):
        dice = Dice(seed)
        scene = generate(dice)
        if (wrong := SCENE_FAULTS.one(kind, scene, caption(scene), dice)) is None:
            continue
        found[kind] += 1
        gone = attributes(scene.things) - attributes(wrong.shown.things)
        new = attributes(wrong.shown.things) - attributes(scene.things)
        removed, added = gone.total(), new.total()
        if kind in ("colour", "shape", "size"):
            assert (removed, added) == (1, 1)
            (before,), (after,) = gone, new
            assert [b != a for b, a in zip(before, after, strict=True)] == [
                kind == "shape",
                kind == "colour",
                kind == "size",
            ]
        elif kind == "missing":
            assert (removed, added) == (1, 0)
        elif kind == "count":
            assert (removed, added) in ((1, 0), (0, 1))
        elif kind == "relation":
            assert (removed, added) == (0, 0)
        else:
            colours = [Counter(t.colour for t in s.things) for s in (scene, wrong.shown)]
            assert colours[0] == colours[1]
    assert set(found) == set(SCENE_FAULTS.changes) == set(SCENE_FAULTS.how_often)


def test_slips_of_motion_do_what_they_say() -> None:
    found: Counter[str] = Counter()
    for seed, kind in product(range(150), ("direction", "motion", "trade")):
        dice = Dice(seed)
        who = cast(dice)
        if (wrong := CAST_FAULTS.one(kind, who, cast_caption(who), dice)) is None:
            continue
        found[kind] += 1
        assert attributes(who.things) == attributes(wrong.shown.things)
        changed = [
            (a.motion, b.motion)
            for a, b in zip(who.things, wrong.shown.things, strict=True)
            if a.motion != b.motion
        ]
        assert len(changed) == (2 if kind == "trade" else 1)
        straight = {"left", "right", "up", "down"}
        for before, after in changed:
            if kind == "direction":
                assert {before, after} <= straight or {before, after} == {"growing", "shrinking"}
            elif kind == "motion":
                assert not {before, after} <= straight
    assert min(found.values()) > 30
