"""Blobs: the ground of a picture, and the coloured parts that stand out from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .draw import PALETTE
from .outlines import Floats
from .scene import COLOURS, Colour
from .silhouettes import Patch

Mask = npt.NDArray[np.bool_]

_COLOURS = np.array([PALETTE[colour] for colour in COLOURS], dtype=np.float64)
_RAMP = 16
"""How much lighter the ground is at the foot of a picture than at its top."""
_DARK = 1.5
_LEVELS = np.arange(-_RAMP, 120, dtype=np.float64)
_OFF_LEVEL = 12.0
_STANDS_OUT = ((0.0, 40.0, 60.0, 90.0), (0.2, 0.45, 0.45, 1.0))
"""Noise, and the share of a colour from which a pixel is no ground then."""
_CORE = 0.5
LEAST_AREA = 6.0
"""What covers fewer pixels of 64 x 64 than this is no thing; the smallest star covers 15."""
_REACH = 5.0
"""How far around itself, in pixels of 64 x 64, a blob is looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What lies behind the things.

    Attributes:
        level: red, green and blue at the top of the picture, as if nothing were darker than
            black (so it may be below 0); shape (3,).
        noise: deviation of a pixel's red, green or blue from what it should be.
    """

    level: Floats
    noise: float

    def drawn(self, rows: int) -> Floats:
        """What an empty picture would show; shape (rows, 1, 3)."""
        ramp = np.arange(rows) * _RAMP // rows
        drawn: Floats = np.maximum(self.level + ramp[:, None], 0)[:, None]
        return drawn

    @property
    def grey(self) -> float:
        """Its level without any tint."""
        return float(np.median(self.level))


@dataclass(frozen=True, slots=True, eq=False)
class Blob:
    """A part of one colour: how much of that colour each pixel around it has."""

    colour: Colour
    patch: Patch

    @property
    def area(self) -> float:
        """How many pixels it fills."""
        return float((self.patch.share * self.patch.weight).sum())


def ground_of(view: Floats) -> Ground:
    """The ground, which is most of a picture; ``view`` has the shape (rows, columns, 3)."""
    ramp = (np.arange(len(view)) * _RAMP // len(view))[:, None, None]
    level = np.median(view - ramp, axis=(0, 1))
    for channel in np.flatnonzero(np.median(view, axis=(0, 1)) <= _DARK):
        level[channel] = _level_below(view[::2, ::2, channel], ramp[::2, :, 0].astype(np.float64))
    across = view[:, 1:] - view[:, :-1]
    noise = 1.4826 * float(np.median(np.abs(across))) / 2**0.5
    return Ground(level, noise)


def blobs(over: Floats, noise: float, towards: Floats) -> list[Blob]:
    """What stands out from the ground, apart by colour.

    Args:
        over: the picture less its ground; shape (rows, columns, 3).
        noise: deviation of its pixels.
        towards: what each colour would add to the ground; shape (colours, 3).
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    scale = max(over.shape[:2]) / 64
    grainy = min(1.0, noise / 40)
    if grainy > 0.1:
        blur = 1.2 * grainy * scale
        smooth = gaussian_filter(over, (blur, blur, 0))
    else:
        smooth = over
    nearest, most = nearest_colours(smooth, towards)
    standing = most > np.interp(noise, *_STANDS_OUT)
    parts = [
        (colour, core)
        for colour in range(len(COLOURS))
        for core in _cores(standing & (nearest == colour), most)
        if most[core].sum() >= LEAST_AREA / 2 * scale**2
    ]
    if not parts:
        return []
    labels = np.zeros(over.shape[:2], dtype=np.intp)
    for number, (_, core) in enumerate(parts, 1):
        labels[core] = number
    away, (row, column) = distance_transform_edt(labels == 0, return_indices=True)
    owner = np.where(away <= _REACH * scale, labels[row, column], 0)
    found = [
        Blob(COLOURS[colour], patch_of(over, towards[colour], owner == number))
        for number, (colour, _) in enumerate(parts, 1)
    ]
    return [blob for blob in found if blob.area >= LEAST_AREA * scale**2]


def patch_of(over: Floats, towards: Floats, where: Mask) -> Patch:
    """The share of one colour, in the part of the picture that holds the mask."""
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    top, foot, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    height, width = where.shape
    share = over[top:foot, left:right] @ (towards / (towards @ towards))
    weight = where[top:foot, left:right].astype(np.float64)
    ends = (bool(top == 0), bool(foot == height), bool(left == 0), bool(right == width))
    return Patch(share, weight, int(top), int(left), ends)


def halves(patch: Patch) -> tuple[Patch, Patch]:
    """The patch in two, each pixel with the nearer of two centres (two-means, along its length)."""
    rows, columns = np.indices(patch.share.shape)
    places = np.stack([rows.ravel(), columns.ravel()], axis=1).astype(np.float64)
    mass = (np.clip(patch.share, 0, None) * patch.weight).ravel() + 1e-9
    middle = mass @ places / mass.sum()
    spread = (places - middle).T @ ((places - middle) * mass[:, None])
    first = (places - middle) @ np.linalg.eigh(spread)[1][:, -1] > 0
    for _ in range(5):
        centres = [(mass * side) @ places / (mass * side).sum() for side in (first, ~first)]
        near, far = (((places - centre) ** 2).sum(1) for centre in centres)
        first = near < far
    one = first.reshape(patch.share.shape)
    return replace(patch, weight=patch.weight * one), replace(patch, weight=patch.weight * ~one)


def towards_colours(ground: Ground) -> Floats:
    """What each colour adds to the ground at a picture's middle; shape (colours, 3)."""
    return _COLOURS - ground.grey - _RAMP / 2


def nearest_colours(over: Floats, towards: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """For each pixel the number of the colour that explains it best, and its share of it.

    Args:
        over: the picture less its ground; shape (..., 3).
        towards: what each colour would add to the ground; shape (colours, 3).
    """
    lengths = (towards * towards).sum(1)
    along = over @ towards.T
    share = np.clip(along / lengths, 0, 1.25)
    # |p - s t|^2 without |p|^2, which is the same for all colours
    nearest = (share * (share * lengths - 2 * along)).argmin(-1)
    return nearest, np.take_along_axis(share, nearest[..., None], -1)[..., 0]


def _cores(standing: Mask, most: Floats) -> Iterator[Mask]:
    """The parts that hang together where the colour is at least half as strong as at its best."""
    from scipy.ndimage import label

    parts, count = label(standing)
    for part in range(1, count + 1):
        inside = parts == part
        pieces, number = label(inside & (most > _CORE * np.percentile(most[inside], 90)))
        for piece in range(1, number + 1):
            yield pieces == piece


def _level_below(channel: Floats, ramp: Floats) -> float:
    """The ground's level in a channel in which it is black, at least in part."""
    ground = np.maximum(_LEVELS + ramp[..., None], 0)
    off = np.minimum(np.abs(channel[..., None] - ground), _OFF_LEVEL).sum((0, 1))
    return float(_LEVELS[off.argmin()])
