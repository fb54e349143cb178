"""Silhouettes: shapes as a picture shows them, sharp or through a lens, and which fits best."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .outlines import Floats, coverage, large_drawings
from .scene import SHAPES, Shape

_SHADE = 1 / 8
"""How much lighter a thing is at its top than in its middle, and darker at its foot."""
_STRENGTHS = (0.7, 1.25)
"""The least and the most of its colour that a thing may have."""
_NUDGES = np.array([[0.0, 0.0, 0.0], [0.05, 0.0, 0.0], [0.0, 0.05, 0.0], [0.0, 0.0, 0.05]])
"""No step, and a small one along each axis (right, down, radius), in pixels."""


@dataclass(frozen=True, slots=True)
class Lens:
    """What softens a picture: blur (its deviation, in pixels) or blocks (their side, likewise)."""

    blur: float = 0.0
    block: int = 1


SHARP = Lens()


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Part of a picture as one thing's share in each pixel.

    Attributes:
        share: about 1 inside the thing and 0 outside; shape (rows, columns).
        weight: 1 where a pixel tells about this thing, 0 where it belongs to another; likewise.
        row: of the picture, the first that is here.
        column: likewise.
        ends: whether the patch ends where the picture does: top, foot, left, right.
    """

    share: Floats
    weight: Floats
    row: int
    column: int
    ends: tuple[bool, bool, bool, bool]


@dataclass(frozen=True, slots=True)
class Spot:
    """How much there is of something, and where: area and centroid, in pixels."""

    area: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Silhouette:
    """A shape in a place, in pixels, and how much of its colour it has (1: all).

    ``misfit`` is the squared difference from the patch, summed over its pixels.
    """

    shape: Shape
    x: float
    y: float
    radius: float
    strength: float
    misfit: float


def spot(patch: Patch) -> Spot:
    """What a patch shows, by its first moments."""
    inside = np.clip(patch.share, 0, None) * patch.weight
    area = max(float(inside.sum()), 1.0)
    rows, columns = (np.arange(n) + 0.5 for n in inside.shape)
    x = patch.column + float(inside.sum(0) @ columns) / area
    y = patch.row + float(inside.sum(1) @ rows) / area
    return Spot(area, x, y)


def spot_of(silhouette: Silhouette) -> Spot:
    """What a silhouette fills."""
    number, drawn = SHAPES.index(silhouette.shape), large_drawings()
    area = float(drawn.area[number]) * silhouette.radius**2
    below = float(drawn.below[number]) * silhouette.radius
    return Spot(area, silhouette.x, silhouette.y + below)


def guessed(patch: Patch, lens: Lens) -> float:
    """The least misfit of a silhouette of the patch's area and centre."""
    seen = _seen(np.arange(len(SHAPES)), _guesses(spot(patch)), patch, lens)
    return float((patch.weight * (patch.share - seen) ** 2).sum((1, 2)).min())


def fitted(patch: Patch, lens: Lens, start: Spot, steps: int) -> list[Silhouette]:
    """For each shape, the silhouette nearest to the patch, best first.

    All shapes are moved and scaled at once, by the method of Levenberg and Marquardt, in at most
    so many steps.
    """
    best = _placed(_guesses(start), patch, lens)
    damping = np.full(len(SHAPES), 1e-3)
    for _ in range(steps):
        move = _moves(best, damping)
        limit = best.where[:, 2:] / 3
        tried = _placed(best.where + np.clip(move, -limit, limit), patch, lens)
        better = tried.misfit < best.misfit
        damping = np.where(better, damping / 10, damping * 20)
        best = tried.where_better(better, best)
        if float(np.abs(move).max()) < 0.01:
            break
    return _ranked(best)


def shares(silhouette: Silhouette, patch: Patch, lens: Lens = SHARP) -> Floats:
    """The silhouette as that part of the picture would show it; shape (rows, columns)."""
    number = np.array([SHAPES.index(silhouette.shape)])
    where = np.array([[silhouette.x, silhouette.y, silhouette.radius]])
    seen: Floats = _seen(number, where, patch, lens)[0]
    return silhouette.strength * seen


@dataclass(frozen=True, slots=True, eq=False)
class _Fits:
    """One silhouette a shape against a patch of p pixels.

    Attributes:
        where: centre and radius; shape (shapes, 3).
        strength: shape (shapes,).
        misfit: likewise.
        slopes: how shares change along each axis; shape (shapes, 3, p).
        left: shares that are not explained; shape (shapes, p).
    """

    where: Floats
    strength: Floats
    misfit: Floats
    slopes: Floats
    left: Floats

    def where_better(self, better: npt.NDArray[np.bool_], other: _Fits) -> _Fits:
        """These fits where ``better``, else the others."""
        if better.all():
            return self
        return _Fits(
            np.where(better[:, None], self.where, other.where),
            np.where(better, self.strength, other.strength),
            np.where(better, self.misfit, other.misfit),
            np.where(better[:, None, None], self.slopes, other.slopes),
            np.where(better[:, None], self.left, other.left),
        )


def _guesses(start: Spot) -> Floats:
    """A centre and radius for each shape, so that it fills the spot."""
    drawn = large_drawings()
    radius = np.sqrt(start.area / drawn.area)
    x = np.full(len(SHAPES), start.x)
    return np.stack([x, start.y - drawn.below * radius, radius], axis=1)


def _placed(where: Floats, patch: Patch, lens: Lens) -> _Fits:
    """How well silhouettes at those places explain a patch."""
    where = np.maximum(where, [-np.inf, -np.inf, 1.0])
    nudged = where[:, None] + _NUDGES
    shapes = np.arange(len(SHAPES)).repeat(len(_NUDGES))
    seen = _seen(shapes, nudged.reshape(-1, 3), patch, lens)
    seen = (seen * np.sqrt(patch.weight)).reshape(len(SHAPES), len(_NUDGES), -1)
    share = (patch.share * np.sqrt(patch.weight)).ravel()
    now = seen[:, 0]
    strength = np.clip(now @ share / np.maximum((now * now).sum(1), 1e-9), *_STRENGTHS)
    left = share - strength[:, None] * now
    slopes = strength[:, None, None] * (seen[:, 1:] - now[:, None]) / _NUDGES.max()
    return _Fits(where, strength, (left * left).sum(1), slopes, left)


def _moves(fits: _Fits, damping: Floats) -> Floats:
    """Where each silhouette is to go; shape (shapes, 3)."""
    normal = fits.slopes @ fits.slopes.swapaxes(1, 2)
    stiff = damping[:, None] * np.diagonal(normal, axis1=1, axis2=2) + 1e-6
    uphill = fits.slopes @ fits.left[:, :, None]
    moves = np.linalg.solve(normal + stiff[:, :, None] * np.eye(3), uphill)
    return np.asarray(moves[:, :, 0], dtype=np.float64)


def _ranked(fits: _Fits) -> list[Silhouette]:
    found = [
        Silhouette(shape, *(float(value) for value in (*where, strength, misfit)))
        for shape, where, strength, misfit in zip(
            SHAPES, fits.where, fits.strength, fits.misfit, strict=True
        )
    ]
    return sorted(found, key=lambda silhouette: silhouette.misfit)


def _seen(shapes: npt.NDArray[np.intp], where: Floats, patch: Patch, lens: Lens) -> Floats:
    """What a patch shows of silhouettes of full strength; shape (k, rows, columns)."""
    (height, width), block = patch.share.shape, lens.block
    above, beside = patch.row % block, patch.column % block
    rows = np.arange(patch.row - above, patch.row + height + block, block, dtype=np.float64)
    columns = np.arange(
        patch.column - beside, patch.column + width + block, block, dtype=np.float64
    )
    covered = coverage(shapes, where, rows, columns)
    down = ((rows[1:] + rows[:-1]) / 2 - where[:, 1:2]) / where[:, 2:]
    lit: Floats = covered * (1 - _SHADE * np.clip(down, -1, 1))[:, :, None]
    if block > 1:
        lit = lit.repeat(block, 1).repeat(block, 2)
    lit = lit[:, above : above + height, beside : beside + width]
    if lens.blur:
        top, foot, left, right = patch.ends
        down, across = _smear(height, lens.blur, top, foot), _smear(width, lens.blur, left, right)
        lit = down @ lit @ across.T
    return lit


@lru_cache(maxsize=2048)
def _smear(size: int, blur: float, first: bool, last: bool) -> Floats:
    """What each place gets from each other when blurred; shape (size, size).

    ``first`` and ``last`` tell whether the picture ends there; beyond its edge it goes on as in a
    mirror.
    """
    place = np.arange(size)
    bell = _bell(place[:, None] - place, blur)
    if first:
        bell = bell + _bell(place[:, None] + place + 1, blur)
    if last:
        bell = bell + _bell(2 * size - 1 - place[:, None] - place, blur)
    result: Floats = bell / _bell(np.arange(-64, 65), blur).sum()
    return result


def _bell(apart: npt.NDArray[np.int_], blur: float) -> Floats:
    bell: Floats = np.exp(-0.5 * (apart / blur) ** 2)
    return bell
