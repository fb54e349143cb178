"""Pixels as the generators' networks take them, and frames full of shapes to learn to see."""

from __future__ import annotations

from typing import Any

from ...tasks.shapes.dice import Dice
from ...tasks.shapes.draw import Pixels, paint
from ...tasks.shapes.motion import Sprite
from ...tasks.shapes.quality import Flaw, degrade
from ...tasks.shapes.scene import COLOURS, GAP, RADIUS, SHAPES, UNITS, ground_level
from .generator_settings import SIDE

_CROWD = 14
"""How many shapes are tried for a crowded frame."""
_RADII = (56, 126)
"""Smallest and largest radius that a shape has in a film, in units."""


_FLAWS: tuple[Flaw, ...] = ("blur", "cast")
"""Those that an autoencoder keeps."""


def crowded_frames(seed: int, step: int, count: int, share: float) -> Any:
    """Frames full of shapes of any size: an autoencoder learns more of them than of films.

    Args:
        seed, step: what they depend on.
        count: how many.
        share: of those that are flawed.

    Returns:
        float32 from -1 to 1 of shape (count, 3, SIDE, SIDE).
    """
    import numpy as np

    shown = [
        flawed(_crowded(Dice("shapes", "crowded", seed, step, number)), share, seed, step, number)
        for number in range(count)
    ]
    return as_values(np.stack(shown))


def flawed(pixels: Pixels, share: float, *which: int) -> Pixels:
    """A picture or film, made worse in plain sight as often as a share says.

    Args:
        pixels: shape (..., SIDE, SIDE, 3).
        share: probability of a flaw.
        which: what chance depends on.
    """
    dice = Dice("shapes", "flawed", *which)
    if not dice.chance(share):
        return pixels
    return degrade(pixels, dice.choice(_FLAWS), dice.between(2, 3), dice.below(1000))


def as_values(pixels: Pixels) -> Any:
    """Pixels as networks take them: float32 from -1 to 1, channels before rows and columns."""
    import torch

    return torch.from_numpy(pixels).float().div_(127.5).sub_(1).movedim(-1, -3).contiguous()


def _crowded(dice: Dice) -> Pixels:
    placed: list[Sprite] = []
    for _ in range(_CROWD):
        radius = dice.choice((*RADIUS.values(), dice.between(*_RADII)))
        x, y = (dice.between(radius, UNITS - radius) for _ in range(2))
        new = Sprite(dice.choice(SHAPES), dice.choice(COLOURS), x, y, radius)
        if not any(_touching(new, old) for old in placed):
            placed.append(new)
    return paint(placed, ground_level(dice), SIDE)


def _touching(one: Sprite, other: Sprite) -> bool:
    reach = one.radius + other.radius + GAP
    return abs(one.x - other.x) < reach and abs(one.y - other.y) < reach
