"""Films measured in pixels: motions, and faults of motion."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unieval.tasks.shapes.cast_caption import cast_caption
from unieval.tasks.shapes.cast_faults import CAST_FAULTS
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.draw import paint
from unieval.tasks.shapes.jerks import JERKS, any_jerk, frames, jerk
from unieval.tasks.shapes.motion import FRAMES, MOTIONS, Actor, Cast, Clip, cast, staged
from unieval.tasks.shapes.scene import SHAPES, SIZES, UNITS

seeds = st.integers(0, 2**40)


def paint_all(clip: Clip, flawed=None) -> np.ndarray:
    return np.stack([paint(frame, clip.ground) for frame in frames(clip, flawed)])


def measured(clip: Clip, flawed=None) -> tuple[np.ndarray, np.ndarray]:
    """Centre (x, y) and area of what is bright, by frame."""
    bright = paint_all(clip, flawed).max(axis=-1) > 110
    centres = [(np.nonzero(b)[1].mean(), np.nonzero(b)[0].mean()) for b in bright]
    return np.array(centres), bright.sum(axis=(1, 2)).astype(float)


def alone(motion: str, seed: int, shape: str = "circle", size: str = "small") -> Clip:
    return staged(Cast((Actor(shape, "white", size, motion),)), Dice(seed))


@pytest.mark.parametrize("motion", MOTIONS)
def test_motions_look_like_what_they_are_called(motion: str) -> None:
    for seed in range(12):
        centres, areas = measured(alone(motion, seed, SHAPES[seed % 4], SIZES[seed % 2]))
        steps = np.diff(centres, axis=0)
        total = centres[-1] - centres[0]
        across, down = np.ptp(centres, axis=0)
        if motion in ("left", "right", "up", "down"):
            axis, sign = {"left": (0, -1), "right": (0, 1), "up": (1, -1), "down": (1, 1)}[motion]
            assert sign * total[axis] > 11
            assert (sign * steps[:, axis] > 0.5).all()
            assert np.abs(steps[:, 1 - axis]).max() < 0.4
        elif motion == "circling":
            assert min(across, down) > 10
            middle = (centres.max(axis=0) + centres.min(axis=0)) / 2
            radii = np.linalg.norm(centres - middle, axis=1)
            assert np.ptp(radii) < 0.2 * radii.mean()
        elif motion == "bouncing":
            assert down > 9
            assert across < 0.4
            assert (np.diff(np.sign(steps[:, 1])) != 0).sum() == 3
        else:
            assert max(across, down) < 2
        growth = areas[-1] / areas[0]
        if motion == "growing":
            assert growth > 3
        elif motion == "shrinking":
            assert growth < 1 / 3
        else:
            assert 0.85 < growth < 1.18


@given(seeds)
def test_films_play_without_overlap(seed: int) -> None:
    dice = Dice(seed)
    who = cast(dice)
    if wrong := CAST_FAULTS.any(who, cast_caption(who), dice):
        who = wrong.shown
    clip = staged(who, dice)
    assert Cast(tuple(mover.actor for mover in clip.movers)) == who
    whole, empty = paint_all(clip), paint((), clip.ground)
    seen = np.zeros(whole.shape[:3], dtype=int)
    for mover in clip.movers:
        seen += (paint_all(Clip((mover,), clip.ground)) != empty).any(axis=-1)
        for number in range(FRAMES):
            sprite = mover.at(number)
            assert sprite.radius <= min(sprite.x, sprite.y)
            assert max(sprite.x, sprite.y) <= UNITS - sprite.radius
    assert seen.max() <= 1
    assert ((whole != empty).any(axis=-1) == seen).all()


@pytest.mark.parametrize("severity", [1, 2, 3])
def test_jerks_show_in_pixels(severity: int) -> None:
    for seed in range(12):
        clip = alone("right", seed)
        smooth, _ = measured(clip)
        pace = np.diff(smooth[:, 0]).mean()
        centres, _ = measured(clip, jerk("jitter", clip, severity, Dice(seed)))
        assert np.abs(centres - smooth).mean() > (1.2, 2.2, 3.5)[severity - 1]
        centres, _ = measured(clip, jerk("stutter", clip, severity, Dice(seed)))
        steps = np.diff(centres[:, 0])
        assert (np.abs(steps) < 0.1).sum() == severity + 2
        assert steps.max() > (severity + 2) * pace
        leapt = jerk("teleport", clip, severity, Dice(seed))
        assert leapt is not None
        centres, _ = measured(clip, leapt)
        off = np.linalg.norm(centres - smooth, axis=1)
        assert 3 <= (off > 0.1).argmax() <= 5
        assert off[-1] > (8, 12, 18)[severity - 1] - 0.5


def test_any_jerk_finds_one_that_shows() -> None:
    kinds = Counter()
    for seed in range(150):
        clip = staged(cast(Dice(seed)), Dice(seed))
        found = any_jerk(clip, 1 + seed % 3, Dice(seed))
        assert found.severity == 1 + seed % 3
        assert (paint_all(clip, found) != paint_all(clip)).any()
        kinds[found.kind] += 1
    assert min(kinds[kind] for kind in JERKS) > 25
    grows = {
        any_jerk(
            staged(Cast((Actor("star", "red", "small", "growing"),)), Dice(s)), 3, Dice(s)
        ).kind
        for s in range(40)
    }
    assert grows == {"jitter", "teleport"}
