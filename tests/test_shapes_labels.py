"""Latent scores, votes, and pairs: rates of ties, the oracle's ceiling, what pairs differ in."""

from collections import Counter

import numpy as np
import pytest
from test_shapes_english import read_claims, read_film_claims
from unieval.harness.items import Verdict
from unieval.tasks.shapes.answers import turned
from unieval.tasks.shapes.asked import any_picture_answers, film_answers
from unieval.tasks.shapes.cast_questions import cast_question
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.edited import edited_pairs
from unieval.tasks.shapes.films import FilmPair, film_pairs, unlike_film_pairs
from unieval.tasks.shapes.labels import (
    DIMENSIONS,
    GOOD_LEVEL,
    OVERALL,
    TIE_THRESHOLD,
    dimension_label,
    edit_alignment,
    human_label,
    latent_score,
)
from unieval.tasks.shapes.motion import cast
from unieval.tasks.shapes.pairs import FILMERS, PAINTERS
from unieval.tasks.shapes.pictures import picture_pairs
from unieval.tasks.shapes.scene import generate
from unieval.tasks.shapes.scene_questions import scene_question


def expected(first: float, second: float) -> Verdict:
    """The verdict on two latent scores without noise."""
    if abs(first - second) < TIE_THRESHOLD:
        return Verdict.BOTH_GOOD if (first + second) / 2 >= GOOD_LEVEL else Verdict.BOTH_BAD
    return Verdict.FIRST if first > second else Verdict.SECOND


def coarsely(first: float, second: float, tie: float) -> Verdict:
    if abs(first - second) < tie:
        return Verdict.TIE
    return Verdict.FIRST if first > second else Verdict.SECOND


def test_latent_scores() -> None:
    assert latent_score(1, 0) == pytest.approx(1.0)
    assert latent_score(3 / 4, 0) == pytest.approx(0.825)
    assert latent_score(1, 1) == pytest.approx(0.91)
    assert latent_score(0, 3) == pytest.approx(0.03)
    done = [edit_alignment(*x) for x in ((1, 0), (1, 1), (1, 2), (0.4, 0), (0, 0), (0, 1))]
    assert done == pytest.approx([1, 0.825, 0.65, 0.61, 0.35, 0.175])
    assert sum(OVERALL.values()) == 1


def test_clear_differences_are_labelled_right_and_small_ones_are_ties() -> None:
    dice = Dice("labels")
    assert {human_label(0.9, 0.4, dice) for _ in range(200)} == {Verdict.FIRST}
    assert {human_label(0.3, 0.8, dice) for _ in range(200)} == {Verdict.SECOND}
    equal = Counter(human_label(0.95, 0.95, dice) for _ in range(2000))
    assert equal[Verdict.BOTH_GOOD] > 1600
    assert abs(equal[Verdict.FIRST] - equal[Verdict.SECOND]) < 60
    assert Counter(human_label(0.2, 0.2, dice) for _ in range(2000))[Verdict.BOTH_BAD] > 1600
    for name in DIMENSIONS:
        assert {dimension_label(name, 1.0, 0.4, dice) for _ in range(200)} == {Verdict.FIRST}
        ties = Counter(dimension_label(name, 0.7, 0.7, dice) for _ in range(1000))
        assert ties[Verdict.TIE] > 800


@pytest.mark.parametrize("make", [picture_pairs, edited_pairs, film_pairs])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_label_rates_and_the_ceiling(make, seed: int) -> None:
    pairs = list(make(400, seed=seed))
    labels = Counter(pair.label for pair in pairs)
    ties = labels[Verdict.BOTH_GOOD] + labels[Verdict.BOTH_BAD]
    assert 0.2 < ties / 400 < 0.35
    assert min(labels.values()) > 20
    decided = [p for p in pairs if p.label.coarse is not Verdict.TIE]
    right = [expected(*(x.score for x in p.candidates)) == p.label for p in decided]
    assert 0.9 < np.mean(right) < 0.98


@pytest.fixture(scope="module")
def many_films() -> list[FilmPair]:
    return list(unlike_film_pairs(1000, seed=1))


@pytest.mark.parametrize("name", DIMENSIONS)
def test_label_rates_and_the_ceiling_in_each_dimension(name: str, many_films) -> None:
    pairs = many_films
    tie = DIMENSIONS[name][0]
    labels = [pair.dimensions[name] for pair in pairs]
    truth = [coarsely(*(x.dimensions[name] for x in pair.candidates), tie) for pair in pairs]
    assert 0.2 < labels.count(Verdict.TIE) / 1000 < 0.35
    right = [t == x for t, x in zip(truth, labels, strict=True) if x is not Verdict.TIE]
    assert 0.9 < np.mean(right) < 0.98


def test_dimensions_are_told_apart() -> None:
    """No dimension's labels can be had from another's, nor all from one verdict."""
    pairs = list(unlike_film_pairs(400))
    for one in ("VQ", "MQ", "TA"):
        for other in ("VQ", "MQ", "TA"):
            same = np.mean([p.dimensions[one] == p.dimensions[other] for p in pairs])
            assert (one == other) == (same > 0.5)


@pytest.mark.parametrize("make", [any_picture_answers, film_answers])
def test_votes_on_answers(make) -> None:
    pairs = [make(Dice("votes", number)) for number in range(1500)]
    assert {pair.label for pair in pairs} == {Verdict.FIRST, Verdict.SECOND}
    assert 0.45 < np.mean([pair.label is Verdict.FIRST for pair in pairs]) < 0.55
    better = [coarsely(*(a.score for a in pair.answers), 0) == pair.label for pair in pairs]
    assert 0.93 < np.mean(better) < 0.98
    assert min(abs(p.answers[0].score - p.answers[1].score) for p in pairs) > 0.19
    # Answers do not give themselves away by their length.
    longer = [
        (len(p.answers[0].text) > len(p.answers[1].text)) == (p.label is Verdict.FIRST)
        for p in pairs
        if len(p.answers[0].text) != len(p.answers[1].text)
    ]
    assert 0.35 < np.mean(longer) < 0.6


@pytest.mark.parametrize("kind", ["exists", "more", "same", "whether"])
def test_yes_and_no_are_equally_often_true(kind: str) -> None:
    found: Counter[str] = Counter()
    for number in range(1500):
        dice = Dice("yes", number)
        if kind == "whether":
            asked = cast_question(kind, cast(dice), dice)
        else:
            asked = scene_question(kind, generate(dice), dice)
        if asked:
            found[asked.truth] += 1
    assert 0.4 < found["yes"] / (found["yes"] + found["no"]) < 0.6


def test_a_turned_pair_says_the_same() -> None:
    pair = any_picture_answers(Dice(1))
    other = turned(pair)
    assert other.answers == pair.answers[::-1]
    assert other.models == pair.models[::-1]
    assert other.label == pair.label.swapped
    assert turned(other) == pair


def test_many_pairs_differ_by_one_slip_or_by_a_flaw_alone() -> None:
    pairs = [pair.candidates for pair in picture_pairs(400)]
    one_slip = [
        a.severity == b.severity and abs(len(a.slips) - len(b.slips)) == 1 for a, b in pairs
    ]
    flaw_only = [
        a.caption.broken(a.scene) == b.caption.broken(b.scene) and a.severity != b.severity
        for a, b in pairs
    ]
    assert np.mean(one_slip) > 0.25
    assert np.mean(flaw_only) > 0.15


def test_many_films_differ_in_content_or_in_quality_alone() -> None:
    apart = Counter()
    for pair in film_pairs(400):
        one, other = (film.dimensions for film in pair.candidates)
        differ = tuple(name for name in ("VQ", "MQ", "TA") if one[name] != other[name])
        apart[differ] += 1
    assert apart["TA",] > 100
    assert sum(n for differ, n in apart.items() if differ and "TA" not in differ) > 60


def test_pictures_without_slips_are_true_and_differently_arranged() -> None:
    pairs = list(picture_pairs(400, seed=3))
    for pair in pairs:
        for picture in pair.candidates:
            false = read_claims(pair.prompt, picture.scene).count(False)
            assert false == sum(len(wrong.broken) for wrong in picture.slips)
    clean = [p.candidates for p in pairs if not any(x.slips or x.flaw for x in p.candidates)]
    assert len(clean) > 10
    assert all(a.scene != b.scene for a, b in clean)


def test_films_keep_to_their_prompt_but_for_their_slips() -> None:
    for pair in film_pairs(200, seed=3):
        for film in pair.candidates:
            claims = read_film_claims(pair.prompt, film.cast)
            assert claims.count(False) == sum(len(wrong.broken) for wrong in film.slips)
            assert film.dimensions["TA"] == pytest.approx(np.mean(claims))


@pytest.mark.parametrize(
    ("make", "models"),
    [(picture_pairs, PAINTERS), (edited_pairs, PAINTERS), (film_pairs, FILMERS)],
)
def test_prompts_cluster_and_models_vary(make, models) -> None:
    pairs = list(make(400))
    sizes = Counter(Counter(pair.prompt for pair in pairs).values())
    assert 150 < sum(sizes.values()) < 320
    assert sizes[2] > 10
    assert sizes[3] > 3
    assert {name for pair in pairs for name in pair.models} == set(models)
    assert all(pair.models[0] != pair.models[1] for pair in pairs)


@pytest.mark.parametrize("make", [picture_pairs, edited_pairs, film_pairs, unlike_film_pairs])
def test_sets_are_reproducible_and_differ_by_seed(make) -> None:
    first = list(make(40, seed=4))
    assert first == list(make(40, seed=4))
    assert first[:17] == list(make(17, seed=4))
    other = list(make(40, seed=5))
    assert len({p.prompt for p in first} & {p.prompt for p in other}) < 10
