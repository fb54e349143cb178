"""Pictures read back: what is there and how cleanly it is drawn, from the pixels alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .blobs import ground_of
from .draw import Pixels, paint
from .explaining import Found, explained
from .motion import Sprite
from .outlines import Floats
from .scene import RADIUS, UNITS, Colour, Scene, Shape, Size, Thing
from .silhouettes import Lens

LEAST_SIDE = 32
_MOST_SIDE = 128
_BETWEEN = (RADIUS["small"] * RADIUS["large"]) ** 0.5


@dataclass(frozen=True, slots=True)
class SeenThing:
    """One shape as it looks.

    Attributes:
        shape: what it is taken for.
        colour: likewise.
        size: likewise.
        x: its centre, in units from the left.
        y: its centre, in units from the top.
        radius: half the side of the square that it fills, in units.
        unlike: how far it is from a well drawn shape: 0 for not at all, up to about 0.9.
    """

    shape: Shape
    colour: Colour
    size: Size
    x: int
    y: int
    radius: int
    unlike: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen in a picture.

    Attributes:
        things: from the largest to the smallest.
        ground: grey level of the background, 0 to 255, as in a scene.
        deviation: root mean square difference from a clean drawing of all this, 0 to 255.
        lens: what softens the picture; blur and block in pixels of 64 x 64.
        tint: length of the colour that lies over the whole picture, in levels.
        rest: root mean square of what is neither things, ground, lens nor tint, in levels.
    """

    things: tuple[SeenThing, ...]
    ground: int
    deviation: float
    lens: Lens
    tint: float
    rest: float

    @property
    def scene(self) -> Scene:
        """The scene that this is taken for."""
        things = (Thing(t.shape, t.colour, t.size, t.x, t.y) for t in self.things)
        return Scene(tuple(things), self.ground)


def see(picture: npt.NDArray[np.uint8]) -> Seen:
    """What a picture shows.

    Args:
        picture: red, green and blue of 32 x 32 pixels or more; shape (rows, columns, 3). What is
            larger than 128 pixels is scaled down to that.

    Raises:
        ValueError: it has another shape, or is smaller.
    """
    view = _view(picture)
    ground = ground_of(view)
    whole = explained(view, ground)
    height, width, _ = view.shape
    side = max(height, width)
    things = sorted((_thing(each, side) for each in whole.found), key=lambda t: -t.radius)
    level = round(min(max(ground.grey, 0), 255))
    clean = _drawn(things, level, side)[:height, :width]
    blur, block = whole.lens.blur * 64 / side, round(whole.lens.block * 64 / side)
    return Seen(
        tuple(things),
        level,
        _root_mean_square(view - clean),
        Lens(blur, max(1, block)),
        float(np.linalg.norm(ground.level - ground.level.mean())),
        _root_mean_square(whole.rest),
    )


def size_of(radius: float) -> Size:
    """The size of a thing of that radius, in units."""
    return "small" if radius < _BETWEEN else "large"


def _view(picture: npt.NDArray[np.uint8]) -> Floats:
    """The picture as numbers, and not too large.

    Raises:
        ValueError: as :func:`see` says.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape[:2]) < LEAST_SIDE:
        raise ValueError(
            f"a picture has the shape (rows, columns, 3) with at least {LEAST_SIDE} rows and"
            f" columns, not {picture.shape}"
        )
    height, width = picture.shape[:2]
    if max(height, width) > _MOST_SIDE:
        from PIL import Image

        scale = _MOST_SIDE / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        smaller = Image.fromarray(picture).resize(size, Image.Resampling.BOX)
        return np.asarray(smaller, dtype=np.float64)
    return picture.astype(np.float64)


def _thing(found: Found, side: int) -> SeenThing:
    fit, unit = found.silhouette, UNITS / side
    x, y, radius = (round(value * unit) for value in (fit.x, fit.y, fit.radius))
    return SeenThing(fit.shape, found.colour, size_of(radius), x, y, radius, found.unlike)


def _drawn(things: Sequence[SeenThing], level: int, side: int) -> Pixels:
    return paint([Sprite(t.shape, t.colour, t.x, t.y, t.radius) for t in things], level, side)


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt((values * values).mean()))
