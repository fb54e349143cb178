"""Pictures explained by drawing: which shapes in which colours leave least of a picture.

Parts that stand out from the ground are taken apart by colour, and each is matched with every shape
at every place and size, through the lens (blur or blocks) under which all of them match best. Then
each is matched again where the others are taken away, and what explains nothing is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .blobs import (
    LEAST_AREA,
    Ground,
    Mask,
    blobs,
    halves,
    nearest_colours,
    patch_of,
    towards_colours,
)
from .outlines import Floats
from .scene import COLOURS, RADIUS, UNITS, Colour
from .silhouettes import (
    SHARP,
    Lens,
    Patch,
    Silhouette,
    fitted,
    guessed,
    shares,
    spot,
    spot_of,
)

_ODD_SIZE = 5.0
"""How much misfit, at 64 x 64, a radius is worth that is off by the factor e."""
_GRAINY = 8.0
"""Noise from which no lens is looked for: what is grainy is not soft."""
_ODD_SHAPE, _APART = 0.12, 0.4
"""Misfit, by the square of what is there, from which a part of one colour may be several things;
and the share of it that these may leave."""
_ROUGHLY, _WELL = 3, 7
"""Steps in which a shape is matched in the first round and in the second."""
_NO_SHAPE, _NO_SHAPE_ALONE, _NO_RADIUS = 0.9, 2.0, 42
"""How unlike all shapes, beside another or alone, or how small (in units), a part is no thing."""
_INSIDE = 0.8
"""How near its centre is to another's, in radii of that, where a part is no thing of its own."""
_BLURS = (0.6, 1.0, 1.73, 2.83)
_BLOCKS = (2, 3, 5)
"""Lenses that are tried; in pixels of 64 x 64."""


@dataclass(frozen=True, slots=True)
class Found:
    """A shape of a colour.

    ``unlike`` is the square of what is left around it, less noise, by the square of the shape:
    0 where it is well drawn, about 1 where there might as well be no such thing.
    """

    silhouette: Silhouette
    colour: Colour
    unlike: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """What explains a picture, and what is left of it then; shape (rows, columns, 3)."""

    found: tuple[Found, ...]
    lens: Lens
    rest: Floats


def explained(view: Floats, ground: Ground) -> Explained:
    """The things before a ground; ``view`` has the shape (rows, columns, 3)."""
    side = max(view.shape[:2])
    over = view - ground.drawn(len(view))
    colours = towards_colours(ground)
    lenses = _lenses(ground.noise, side)
    parts = [
        (blob.colour, patch)
        for blob in blobs(over, ground.noise, colours)
        for patch in _taken_apart(blob.patch, lenses, side)
    ]
    lens = min(lenses, key=lambda lens: sum(guessed(patch, lens) for _, patch in parts))
    found = [
        Found(_best(fitted(patch, lens, spot(patch), _ROUGHLY), side), colour)
        for colour, patch in parts
    ]
    whole = _each_alone(found, over, colours, lens, ground.noise)
    while doubtful := _doubtful(whole.found, side):
        # the worse half goes first: without it, the others may look better
        worse = doubtful[: (len(doubtful) + 1) // 2]
        found = [each for each in whole.found if each not in worse]
        whole = _each_alone(found, over, colours, lens, ground.noise)
    return whole


def _lenses(noise: float, side: int) -> list[Lens]:
    """The lenses that are tried."""
    if noise > _GRAINY:
        return [SHARP]
    scale = side / 64
    blurs = (Lens(blur=blur * scale) for blur in _BLURS)
    return [SHARP, *blurs, *(Lens(block=round(block * scale)) for block in _BLOCKS)]


def _taken_apart(patch: Patch, lenses: Sequence[Lens], side: int) -> list[Patch]:
    """The patch, or the parts of it that are shapes of one colour which touch each other."""
    misfit = min(guessed(patch, lens) for lens in lenses)
    if misfit < _ODD_SHAPE * float((patch.share**2 * patch.weight).sum()):
        return [patch]
    parts = halves(patch)
    if min(spot(part).area for part in parts) < LEAST_AREA * (side / 64) ** 2:
        return [patch]
    apart = [part for half in parts for part in _taken_apart(half, lenses, side)]
    left = min(sum(guessed(part, lens) for part in apart) for lens in lenses)
    return apart if left < _APART * misfit else [patch]


def _each_alone(
    found: Sequence[Found], over: Floats, colours: Floats, lens: Lens, noise: float
) -> Explained:
    """Each matched again where the others are taken away."""
    height, width, _ = over.shape
    nothing = np.zeros((height, width))
    whole = Patch(nothing, nothing + 1, 0, 0, (True, True, True, True))

    def drawn(silhouette: Silhouette, colour: int) -> Floats:
        pixels: Floats = shares(silhouette, whole, lens)[..., None] * colours[colour]
        return pixels

    pixels = [drawn(each.silhouette, COLOURS.index(each.colour)) for each in found]
    rest = over - sum(pixels, np.zeros_like(over))
    again = []
    for each, own in zip(found, pixels, strict=True):
        alone, near = rest + own, _near(each.silhouette, lens, (height, width))
        best, colour = each.silhouette, COLOURS.index(each.colour)
        for _ in range(2):
            patch = patch_of(alone, colours[colour], near)
            best = _best(fitted(patch, lens, spot_of(best), _WELL), max(height, width))
            before, colour = colour, _colour(alone, shares(best, whole, lens), colours)
            if colour == before:
                break
        better = drawn(best, colour)
        rest = alone - better
        left = float((rest[near] ** 2).sum()) - 3 * noise**2 * float(near.sum())
        unlike = max(0.0, left) / max(float((better**2).sum()), 1.0)
        again.append(Found(best, COLOURS[colour], unlike))
    return Explained(tuple(again), lens, rest)


def _near(silhouette: Silhouette, lens: Lens, size: tuple[int, int]) -> Mask:
    """The part of a picture in which a silhouette shows."""
    far = silhouette.radius + 2 + 3 * lens.blur
    near = np.zeros(size, dtype=np.bool_)
    rows, columns = (
        slice(max(0, int(centre - far)), max(0, int(centre + far)) + 1)
        for centre in (silhouette.y, silhouette.x)
    )
    near[rows, columns] = True
    return near


def _colour(alone: Floats, share: Floats, colours: Floats) -> int:
    """The number of the colour that a silhouette has on the whole."""
    nearest, _ = nearest_colours((share[..., None] * alone).sum((0, 1)) / (share**2).sum(), colours)
    return int(nearest)


def _doubtful(found: Sequence[Found], side: int) -> list[Found]:
    """What is no thing but a speck, the edge of another or a second colour of it; worst first."""

    def is_speck(each: Found) -> bool:
        return each.silhouette.radius * UNITS / side < _NO_RADIUS

    def is_doubtful(each: Found) -> bool:
        mine, others = each.silhouette, [o.silhouette for o in found if o is not each]
        away = [(float(np.hypot(o.x - mine.x, o.y - mine.y)), o.radius) for o in others]
        inside = any(far < _INSIDE * reach and reach > mine.radius for far, reach in away)
        touching = any(far < mine.radius + reach for far, reach in away)
        return inside or each.unlike > (_NO_SHAPE if touching else _NO_SHAPE_ALONE)

    doubtful = [each for each in found if is_speck(each) or is_doubtful(each)]
    return sorted(doubtful, key=lambda each: (is_speck(each), each.unlike), reverse=True)


def _best(fits: Sequence[Silhouette], side: int) -> Silhouette:
    """The best, where sizes that things do not have count against a fit."""
    weight = _ODD_SIZE * (side / 64) ** 2

    def bad(fit: Silhouette) -> float:
        radius = fit.radius * UNITS / side
        odd = min(float(np.log(radius / usual)) ** 2 for usual in RADIUS.values())
        return fit.misfit + weight * odd

    return min(fits, key=bad)
