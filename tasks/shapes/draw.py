"""From scenes to pixels, in whole numbers, so that every machine draws the same picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .scene import UNITS, Colour, Scene, Shape, Thing

Pixels = npt.NDArray[np.uint8]
"""A picture: rows, columns, and red, green, blue; shape (size, size, 3)."""

_Ints = npt.NDArray[np.int64]

PALETTE: dict[Colour, tuple[int, int, int]] = {
    "red": (226, 52, 48),
    "green": (58, 182, 74),
    "blue": (52, 112, 240),
    "yellow": (250, 212, 48),
    "purple": (172, 72, 220),
    "white": (240, 240, 236),
}

SAMPLES = 4
"""Sample points along each side of a pixel; their share inside a shape is the pixel's coverage."""

_ROUND = 240
_FINE = 256
"""Outlines are in 1/256 of a thing's radius."""
_OUTLINES: dict[Shape, tuple[tuple[int, int], ...]] = {
    "square": ((-212, -212), (212, -212), (212, 212), (-212, 212)),
    "triangle": ((0, -240), (250, 206), (-250, 206)),
    "star": (
        (0, -256),
        (66, -91),
        (243, -79),
        (107, 35),
        (150, 207),
        (0, 112),
        (-150, 207),
        (-107, 35),
        (-243, -79),
        (-66, -91),
    ),
}


def draw(scene: Scene, size: int = 64) -> Pixels:
    """Draw a scene as a square picture of ``size`` pixels a side (up to 1024), shape (s, s, 3)."""
    canvas = _ground(scene.ground, size)
    for thing in scene.things:
        rows, columns = _span(thing.y, thing.radius, size), _span(thing.x, thing.radius, size)
        inside = _coverage(thing, rows, columns, size)[:, :, None]
        behind = canvas[rows.start : rows.stop, columns.start : columns.stop]
        full = SAMPLES * SAMPLES
        mixed = _paint(thing, rows, size) * inside + behind * (full - inside)
        canvas[rows.start : rows.stop, columns.start : columns.stop] = (mixed + full // 2) // full
    return canvas.astype(np.uint8)


def encode(pixels: Pixels) -> bytes:
    """The picture as a PNG file's content."""
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _ground(level: int, size: int) -> _Ints:
    """A grey that grows a little lighter from top to bottom."""
    rows = level + np.arange(size, dtype=np.int64) * 16 // size
    return np.broadcast_to(rows[:, None, None], (size, size, 3)).copy()


def _paint(thing: Thing, rows: range, size: int) -> _Ints:
    """The thing's colour, an eighth lighter at its top and darker at its foot."""
    down = (2 * np.array(rows, dtype=np.int64) + 1) * UNITS - 2 * size * thing.y
    shade = 256 - np.clip(down * 32 // (2 * size * thing.radius), -32, 32)
    return np.minimum(np.array(PALETTE[thing.colour]) * shade[:, None, None] // 256, 255)


def _span(centre: int, radius: int, size: int) -> range:
    """The rows or columns of pixels that a thing can reach."""
    return range(
        max(0, (centre - radius) * size // UNITS),
        min(size, (centre + radius) * size // UNITS + 1),
    )


def _coverage(thing: Thing, rows: range, columns: range, size: int) -> _Ints:
    """How many of a pixel's sample points lie inside the thing; shape (rows, columns)."""
    # One unit is 2 * size * SAMPLES steps, which puts sample points at odd multiples of UNITS.
    step = 2 * size * SAMPLES
    x = _offsets(columns, thing.x * step)[None, :]
    y = _offsets(rows, thing.y * step)[:, None]
    inside = _inside(thing.shape, x, y, thing.radius * step)
    blocks = inside.reshape(len(rows), SAMPLES, len(columns), SAMPLES)
    counts: _Ints = blocks.sum(axis=(1, 3), dtype=np.int64)
    return counts


def _offsets(pixels: range, centre: int) -> _Ints:
    """Where the sample points of these pixels lie from the centre, in 1/256 steps."""
    points = np.arange(pixels.start * SAMPLES, pixels.stop * SAMPLES, dtype=np.int64)
    offsets: _Ints = ((2 * points + 1) * UNITS - centre) * _FINE
    return offsets


def _inside(shape: Shape, x: _Ints, y: _Ints, radius: int) -> npt.NDArray[np.bool_]:
    if shape == "circle":
        disc: npt.NDArray[np.bool_] = x * x + y * y <= (radius * _ROUND) ** 2
        return disc
    corners = [(cx * radius, cy * radius) for cx, cy in _OUTLINES[shape]]
    inside = np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=np.bool_)
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        # A ray from the point to the right crosses this edge: an odd number of times means inside.
        turn = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
        inside ^= ((y1 > y) != (y2 > y)) & ((turn > 0) == (y2 > y1))
    return inside
