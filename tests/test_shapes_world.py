"""The shapes world: scenes, drawing, flaws, and the pinned hashes of everything."""

import doctest
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unieval.tasks.shapes import (
    caption as caption_module,
)
from unieval.tasks.shapes import (
    cast_caption as cast_caption_module,
)
from unieval.tasks.shapes import (
    edits as edits_module,
)
from unieval.tasks.shapes import (
    motion as motion_module,
)
from unieval.tasks.shapes import (
    questions as questions_module,
)
from unieval.tasks.shapes import (
    scene as scene_module,
)
from unieval.tasks.shapes import (
    streams as streams_module,
)
from unieval.tasks.shapes.asked import any_picture_answers, film_answers
from unieval.tasks.shapes.caption import caption
from unieval.tasks.shapes.demo import WORLD_VERSION
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.draw import draw, paint
from unieval.tasks.shapes.edited import edited_pairs
from unieval.tasks.shapes.films import film_pairs, unlike_film_pairs
from unieval.tasks.shapes.jerks import frames
from unieval.tasks.shapes.motion import cast, staged
from unieval.tasks.shapes.pictures import picture_pairs
from unieval.tasks.shapes.quality import FLAWS, PICTURE_FLAWS, degrade
from unieval.tasks.shapes.scene import (
    CELL,
    COLOURS,
    JITTER,
    SHAPES,
    SIZES,
    UNITS,
    Scene,
    Thing,
    generate,
    is_free,
    placed,
    rearranged,
)
from unieval.tasks.shapes.scene_faults import SCENE_FAULTS

seeds = st.integers(0, 2**40)


def test_docstring_examples_hold() -> None:
    known = {"Dice": Dice, "generate": generate, "cast": cast}
    modules = (
        *(scene_module, caption_module, motion_module, cast_caption_module),
        *(edits_module, questions_module, streams_module),
    )
    for module in modules:
        tried = doctest.testmod(module, extraglobs=known)
        assert (tried.failed, tried.attempted > 0) == (0, True), module


# Scenes and drawing


@given(seeds)
def test_scenes_draw_without_overlap(seed: int) -> None:
    """Each thing looks exactly as it does alone, so none hides another."""
    dice = Dice(seed)
    scene = generate(dice)
    if wrong := SCENE_FAULTS.any(scene, caption(scene), dice):
        scene = wrong.shown
    whole, empty = draw(scene), draw(replace(scene, things=()))
    seen = np.zeros(whole.shape[:2], dtype=int)
    for thing in scene.things:
        alone = draw(replace(scene, things=(thing,)))
        touched = (alone != empty).any(axis=-1)
        assert (whole[touched] == alone[touched]).all()
        assert touched.sum() > 0.3 * (2 * thing.radius * 64 / UNITS) ** 2
        seen += touched
    assert seen.max(initial=0) <= 1
    assert ((whole != empty).any(axis=-1) == seen).all()


def test_a_thing_can_be_placed_among_the_most_obstructive_neighbours() -> None:
    outward = CELL // 2 + JITTER
    inner = [
        Thing("circle", "red", "large", UNITS // 2 + x * outward, UNITS // 2 + y * outward)
        for x, y in product((-1, 1), (-1, 1))
    ]
    sixth = placed(Thing("star", "blue", "large", 0, 0), inner, Dice(0))
    assert is_free(sixth, inner)


def attributes(things) -> Counter[tuple[str, str, str]]:
    return Counter((t.shape, t.colour, t.size) for t in things)


def test_rearranged_scenes_keep_their_things() -> None:
    scene = generate(Dice(28))
    moved = rearranged(scene, Dice(1))
    assert attributes(moved.things) == attributes(scene.things)
    assert moved != scene


def everything() -> Scene:
    things: list[Thing] = []
    dice = Dice("every kind")
    for shape, colour, size in zip(SHAPES, COLOURS, SIZES * 2, strict=False):
        things.append(placed(Thing(shape, colour, size, 0, 0), things, dice))
    return Scene(tuple(things), 30)


def digest(*arrays: np.ndarray) -> str:
    return sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()[:16]


def words(*parts: object) -> str:
    return sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def filmed_clip() -> np.ndarray:
    clip = staged(cast(Dice(5)), Dice(6))
    return np.stack([paint(frame, clip.ground) for frame in frames(clip)])


def test_pixels_and_words_are_pinned() -> None:
    """If this changes, every cached demo set is stale: raise WORLD_VERSION with the hashes."""
    clean = draw(everything())
    film = filmed_clip()
    flawed = [degrade(clean, flaw, s, seed=s + 1) for flaw in PICTURE_FLAWS for s in (1, 2, 3)]
    filmed = [degrade(film, flaw, s, seed=s + 1) for flaw in FLAWS for s in (1, 2, 3)]
    assert (clean.shape, clean.dtype) == ((64, 64, 3), np.uint8)
    assert digest(clean, draw(everything(), 100)) == "33007f3af8ba7a6b"
    found = {"flawed": digest(*flawed), "filmed": digest(film, *filmed)}
    for pairs in (picture_pairs, edited_pairs, film_pairs, unlike_film_pairs):
        made = list(pairs(30))
        found[pairs.__name__] = digest(*(c.pixels() for pair in made for c in pair.candidates))
        told = [f"{p.prompt}|{p.label}|{p.models}|{getattr(p, 'dimensions', '')}" for p in made]
        found[f"{pairs.__name__} words"] = words(*told)
    for answers in (any_picture_answers, film_answers):
        made = [answers(Dice("pinned", number)) for number in range(40)]
        told = [f"{p.question}|{p.answers}|{p.label}|{p.truth}" for p in made]
        found[answers.__name__] = words(*told)
    assert found == PINNED
    assert WORLD_VERSION == 2


PINNED = {
    "flawed": "b9b35812c7058431",
    "filmed": "cd7d464f942d2844",
    "picture_pairs": "787c6385c876d07d",
    "picture_pairs words": "967f3c193f254b35",
    "edited_pairs": "d49b42b4fdea8cb4",
    "edited_pairs words": "269d8b6b277a04ab",
    "film_pairs": "a37b43053f76604b",
    "film_pairs words": "fb5f92563637cc6c",
    "unlike_film_pairs": "3690915f874b9cc3",
    "unlike_film_pairs words": "33d5883428ff0572",
    "any_picture_answers": "4840cdf824aa4c08",
    "film_answers": "a05a753119dba791",
}


def test_shapes_are_where_and_as_large_as_they_should_be() -> None:
    """Areas against geometry: a circle of 240/256 of the radius, a square of 424/256 a side."""
    for size, side in product(SIZES, (64, 256)):
        thing = Thing("circle", "white", size, 500, 540)
        cover = (draw(Scene((thing,), 0), side).astype(int).sum(axis=-1) > 300).sum()
        radius = thing.radius * side / UNITS
        assert cover == pytest.approx(np.pi * (radius * 240 / 256) ** 2, rel=0.08)
        square = replace(thing, shape="square")
        mask = draw(Scene((square,), 0), side).astype(int).sum(axis=-1) > 300
        assert mask.sum() == pytest.approx((radius * 424 / 256) ** 2, rel=0.15)
        rows, columns = np.nonzero(mask)
        assert columns.mean() == pytest.approx(500 * side / UNITS, abs=1)
        assert rows.mean() == pytest.approx(540 * side / UNITS, abs=1)


def test_what_lies_outside_is_cut_off() -> None:
    thing = Thing("circle", "red", "large", 512, 512)
    whole = (draw(Scene((thing,), 0)) > 90).any(axis=-1).sum()
    half = (paint([replace(thing, x=0)], 0) > 90).any(axis=-1).sum()
    assert half == pytest.approx(whole / 2, rel=0.1)
    assert (paint([replace(thing, y=-300)], 20) == paint([], 20)).all()


@pytest.mark.parametrize("flaw", FLAWS)
@pytest.mark.parametrize("side", [64, 100, 128])
def test_flaws_grow_with_severity_and_keep_the_original(flaw: str, side: int) -> None:
    clean = np.stack([draw(everything(), side)] * 4)
    before = clean.copy()
    worse = [degrade(clean, flaw, severity, seed=5) for severity in (1, 2, 3)]
    error = [float(np.abs(w.astype(int) - clean).mean()) for w in worse]
    assert 0.3 < error[0] < error[1] < error[2]
    assert all(w.shape == clean.shape and w.dtype == np.uint8 for w in worse)
    assert (clean == before).all()
    frames_differ = (worse[0][0] != worse[0][1]).any()
    assert frames_differ == (flaw in ("noise", "flicker"))
    if flaw not in ("noise", "flicker"):
        assert (degrade(clean[0], flaw, 2, seed=5) == worse[1][0]).all()


def test_noise_tint_and_flicker_depend_on_the_seed() -> None:
    clean = np.stack([draw(everything())] * 4)
    for flaw in ("noise", "cast", "flicker"):
        assert (degrade(clean, flaw, 2, 1) == degrade(clean, flaw, 2, 1)).all()
        assert (degrade(clean, flaw, 2, 1) != degrade(clean, flaw, 2, 2)).any()
