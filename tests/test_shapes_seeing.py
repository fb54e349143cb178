"""Pictures and films read back from their pixels."""

from collections.abc import Iterable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.draw import Pixels, draw, paint
from unieval.tasks.shapes.films import Film, film_pairs
from unieval.tasks.shapes.motion import Sprite, cast, staged
from unieval.tasks.shapes.mp4 import encode_film
from unieval.tasks.shapes.pictures import picture_pairs
from unieval.tasks.shapes.quality import PICTURE_FLAWS, Flaw, degrade
from unieval.tasks.shapes.scene import SHAPES, Scene, Thing, generate
from unieval.tasks.shapes.seeing import Seen, SeenThing, see
from unieval.tasks.shapes.seen_films import see_film
from unieval.tasks.shapes.truthfulness import Measured, film_score, picture_score


def matched(things: Iterable[Thing], seen: Seen) -> list[tuple[Thing, SeenThing | None]]:
    """Each thing with the nearest that is seen within a tenth of the picture; each once."""
    rest = list(seen.things)
    pairs: list[tuple[Thing, SeenThing | None]] = []
    for thing in things:
        near = [s for s in rest if abs(s.x - thing.x) < 100 and abs(s.y - thing.y) < 100]
        found = min(near, key=lambda s: abs(s.x - thing.x) + abs(s.y - thing.y), default=None)
        pairs.append((thing, found))
        if found:
            rest.remove(found)
    return pairs


def looks(thing: Thing | SeenThing | None, *, size: bool = False) -> tuple[str, ...] | None:
    if thing is None:
        return None
    return (thing.shape, thing.colour, *([thing.size] if size else []))


def decoded(content: bytes) -> Pixels:
    import av

    with av.open(BytesIO(content)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack(frames)


def test_clean_scenes_are_read_back() -> None:
    scenes = [generate(Dice("seeing", k)) for k in range(300)]
    seen = [see(draw(scene)) for scene in scenes]
    pairs = [p for scene, s in zip(scenes, seen, strict=True) for p in matched(scene.things, s)]
    looked = [looks(t) == looks(s) for t, s in pairs]
    sizes = [bool(s) and s.size == t.size for t, s in pairs]
    places = [bool(s) and abs(s.x - t.x) + abs(s.y - t.y) < 16 for t, s in pairs]
    counts = [len(s.things) == len(c.things) for c, s in zip(scenes, seen, strict=True)]
    assert np.mean(looked) >= 0.99
    assert np.mean(sizes) >= 0.99
    assert np.mean(places) >= 0.99
    assert np.mean(counts) >= 0.99
    assert all(s.ground == c.ground for c, s in zip(scenes, seen, strict=True))
    assert np.median([s.deviation for s in seen]) < 1
    assert all(s.tint == 0 and s.lens.blur == 0 and s.lens.block == 1 for s in seen)


@pytest.mark.parametrize(("side", "right"), [(32, 0.9), (50, 0.97), (128, 0.99), (300, 0.99)])
def test_pictures_of_other_sizes_are_read_back(side: int, right: float) -> None:
    scenes = [generate(Dice("sizes", k)) for k in range(25)]
    pairs = [pair for c in scenes for pair in matched(c.things, see(draw(c, side)))]
    same = [looks(t, size=True) == looks(s, size=True) for t, s in pairs]
    assert np.mean(same) >= right


@pytest.mark.parametrize("flaw", PICTURE_FLAWS)
def test_flawed_pictures_are_read_back(flaw: Flaw) -> None:
    shares = []
    for severity in (1, 2, 3):
        scenes = [generate(Dice(flaw, severity, k)) for k in range(15)]
        pictures = [degrade(draw(c), flaw, severity, k) for k, c in enumerate(scenes)]
        pairs = [
            pair
            for c, pixels in zip(scenes, pictures, strict=True)
            for pair in matched(c.things, see(pixels))
        ]
        shares.append(np.mean([looks(t) == looks(s) for t, s in pairs]))
    assert shares[0] >= 0.97
    assert shares[1] >= 0.95
    assert shares[2] >= 0.85


@pytest.mark.parametrize("other", ["red", "blue", "yellow", "white"])
@pytest.mark.parametrize("shape", SHAPES)
def test_things_that_touch_are_two(shape: str, other: str) -> None:
    one = Sprite(shape, "red", 400, 500, 108)
    two = Sprite("circle", other, 595, 510, 108)
    seen = see(paint([one, two], 30))
    assert sorted((s.colour, s.shape) for s in seen.things) == sorted(
        [("red", shape), (other, "circle")]
    )


def test_lumps_dull_colours_and_specks() -> None:
    scene = Scene(
        (Thing("circle", "red", "large", 300, 300), Thing("star", "blue", "small", 700, 650)), 30
    )
    clean = draw(scene).astype(np.float64)
    dull = 30 + (clean - 30) * 0.85
    lumpy = dull.copy()
    lumpy[10:13, 18:21] = dull[18, 18]
    lumpy[50:52, 10:11] = 200
    for pixels in (dull, lumpy):
        seen = see(pixels.astype(np.uint8))
        assert [(s.shape, s.colour, s.size) for s in seen.things] == [
            ("circle", "red", "large"),
            ("star", "blue", "small"),
        ]
    assert seen.things[0].unlike > see(dull.astype(np.uint8)).things[0].unlike


def test_a_second_colour_in_a_thing_is_no_second_thing() -> None:
    pixels = draw(Scene((Thing("square", "red", "large", 500, 500),), 30))
    pixels[27:29, 27:36] = (172, 72, 220)
    assert [(s.shape, s.colour) for s in see(pixels).things] == [("square", "red")]


def test_what_is_no_picture_is_refused() -> None:
    for shape in ((64, 64), (64, 64, 4), (31, 64, 3)):
        with pytest.raises(ValueError, match="at least 32"):
            see(np.zeros(shape, dtype=np.uint8))
    with pytest.raises(ValueError, match="at least 2 frames"):
        see_film(np.zeros((1, 64, 64, 3), dtype=np.uint8))


def test_pictures_without_things_score_nothing() -> None:
    dice = np.random.default_rng(3)
    empty = draw(Scene((), 30))
    black = np.zeros_like(empty)
    noise = dice.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    wide = dice.normal(0, 1, (8, 8, 3)).repeat(8, 0).repeat(8, 1)
    patches = (128 + 60 * wide).clip(0, 255).astype(np.uint8)
    for pixels in (empty, black, noise, patches):
        assert picture_score(pixels, "A red circle and two blue stars.").score < 0.15
    films = np.stack([noise[::-1], noise] * 4)
    assert film_score(films, "A red circle moves up.").score < 0.15


def test_the_score_follows_the_latent_score() -> None:
    candidates = [c for pair in picture_pairs(60, seed=5) for c in pair.candidates]
    measured = [picture_score(c.pixels(), c.caption.text) for c in candidates]
    alignments = [c.caption.held(c.scene) for c in candidates]
    assert (
        np.mean([abs(m.alignment - a) < 1e-9 for m, a in zip(measured, alignments, strict=True)])
        >= 0.96
    )
    assert (
        np.mean([abs(m.score - c.score) for m, c in zip(measured, candidates, strict=True)]) < 0.02
    )


def test_alignment_counts_facts_and_things_too_many() -> None:
    circle, star = (
        Thing("circle", "red", "large", 250, 250),
        Thing("star", "blue", "small", 750, 700),
    )
    green = Thing("square", "green", "small", 250, 750)

    def measured(*things: Thing, said: str = "A red circle left of a blue star.") -> Measured:
        return picture_score(draw(Scene(things, 30)), said)

    assert measured(circle, star).alignment == 1
    assert measured(circle, star).held == (True, True, True)
    # the green square is one too many
    assert measured(circle, star, green).alignment == 3 / 4
    # it stands in for the star: neither the star nor the relation holds
    assert measured(circle, green).alignment == 1 / 3
    assert measured(circle, star, said="A blue star left of a red circle.").held == (
        True,
        True,
        False,
    )
    assert measured(circle, star, said="A small red circle and a blue star.").alignment == 2 / 3
    assert measured(circle, star).quality == pytest.approx(1)
    assert measured(circle, star).score == pytest.approx(1)


@pytest.mark.parametrize("motion", ["left", "right", "up", "down", "circling", "bouncing"])
def test_motions_are_told_apart_in_more_and_fewer_frames(motion: str) -> None:
    dice = Dice("motions", motion)
    clip = next(
        staged(who, dice)
        for who in iter(lambda: cast(dice), None)
        if [actor.motion for actor in who.things] == [motion]
    )
    frames = np.stack([paint(clip.frame(n), clip.ground) for n in range(8)])
    assert [a.motion for a in see_film(frames).things] == [motion]
    assert [a.motion for a in see_film(frames.repeat(2, axis=0)).things] == [motion]


def film_frames(film: Film) -> Pixels:
    return decoded(encode_film(film.pixels(), 8))


def test_clean_films_are_read_back() -> None:
    right, smooth = [], []
    for k in range(25):
        dice = Dice("clean films", k)
        who = cast(dice)
        clip = staged(who, dice)
        seen = see_film(np.stack([paint(clip.frame(n), clip.ground) for n in range(8)]))
        expected = sorted((a.shape, a.colour, a.motion) for a in who.things)
        right.append(sorted((a.shape, a.colour, a.motion) for a in seen.things) == expected)
        smooth.append(seen.held == 1 and all(a.course.leap == 0 for a in seen.things))
    assert np.mean(right) >= 0.97
    assert np.mean(smooth) >= 0.97


def test_the_score_of_films_follows_the_latent_score() -> None:
    films = [film for pair in film_pairs(12, seed=6) for film in pair.candidates]
    measured = [film_score(film_frames(film), film.caption.text) for film in films]
    for name in ("VQ", "MQ", "TA"):
        pairs = [
            (m.dimensions[name], f.dimensions[name]) for m, f in zip(measured, films, strict=True)
        ]
        assert np.mean([abs(one - other) for one, other in pairs]) < 0.1, name
    assert np.mean([abs(m.score - f.score) for m, f in zip(measured, films, strict=True)]) < 0.05


def test_large_pictures_are_scaled_down() -> None:
    scene = generate(Dice("large"))
    small = Image.fromarray(draw(scene, 128))
    large = np.asarray(small.resize((512, 512), Image.Resampling.NEAREST))
    assert see(large).things == see(draw(scene, 128)).things
