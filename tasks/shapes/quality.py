"""Faults of visual quality: pictures and films made worse without changing what they show."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from .draw import Pixels

_Ints = npt.NDArray[np.int16]

Flaw = Literal["noise", "blur", "blocks", "cast", "flicker"]
FLAWS: tuple[Flaw, ...] = get_args(Flaw)
PICTURE_FLAWS: tuple[Flaw, ...] = ("noise", "blur", "blocks", "cast")
"""Those that a single picture can have; a film can have them all."""

# Strengths by severity: none, mild, plain, strong.
_NOISE = (0, 22, 42, 70)
_BLUR = (0, 2, 6, 16)
_BLOCKS = (1, 2, 3, 5)
_CAST = (0, 20, 38, 60)
_FLICKER = (0, 14, 26, 44)
_TINTS = ((2, 0, -2), (-2, 0, 2), (-1, 2, -1), (2, -2, 1))
"""Warm, cold, green and pink; in halves of the cast's strength."""
_FLASHES = ((1, -1, -1, 1), (1, -1, 1, -1), (-1, 1, 1, -1), (1, 1, -1, -1), (-1, 1, -1, 1))
"""Lighter and darker, frame after frame; in times of the flicker's strength."""


def degrade(pixels: Pixels, flaw: Flaw, severity: int, seed: int) -> Pixels:
    """A copy with one flaw, in every frame if it is a film; shape (..., size, size, 3).

    Strengths are meant for 64 pixels a side and grow with the picture, so that a severity looks
    alike at every size. ``seed`` picks the noise, the tint and the rhythm of the flicker.

    Args:
        pixels: a picture or frames; shape (..., size, size, 3), with frames for *flicker*.
        flaw: which flaw.
        severity: 1 (mild), 2 or 3 (strong).
        seed: a non-negative number.
    """
    values = pixels.astype(np.int16)
    scale = max(1, pixels.shape[-2] // 64)
    match flaw:
        case "noise":
            worse = values + _noise(values.shape, _NOISE[severity], seed)
        case "blur":
            worse = _blurred(pixels, _BLUR[severity] * scale * scale)
        case "blocks":
            worse = _blocky(values, _BLOCKS[severity] * scale)
        case "cast":
            tint = np.array(_TINTS[seed % len(_TINTS)], dtype=np.int16)
            worse = values + tint * _CAST[severity] // 2
        case "flicker":
            rhythm = np.array(_FLASHES[seed % len(_FLASHES)], dtype=np.int16)
            light = np.resize(rhythm, len(values)) * _FLICKER[severity]
            worse = values + light[:, None, None, None]
    result: Pixels = np.clip(worse, 0, 255).astype(np.uint8)
    return result


def _noise(shape: tuple[int, ...], strength: int, seed: int) -> _Ints:
    """Bell-shaped noise whose standard deviation is near ``strength``."""
    # The raw bits of a bit generator are promised to stay; the distributions made of them are not.
    count = int(np.prod(shape))
    bits = np.random.PCG64(seed).random_raw((count + 1) // 2)
    octets = bits.astype("<u8", copy=False).view(np.uint8).reshape(4, -1)[:, :count]
    # Four octets summed have mean 510 and standard deviation 148.
    sums = octets.sum(axis=0, dtype=np.int32) - 510
    noise: _Ints = (sums * strength // 148).astype(np.int16).reshape(shape)
    return noise


def _blurred(pixels: Pixels, passes: int) -> _Ints:
    """As if each pass mixed every pixel with its neighbours, 1:2:1 along each axis."""
    *frames, rows, columns, channels = pixels.shape
    # Whole numbers below 2**53 in floating point: exact, so the same in whatever order they are
    # summed.
    values = pixels.astype(np.float64)
    down = _mixture(rows, passes) @ values.reshape(*frames, rows, columns * channels)
    sideways = down.reshape(*frames, rows, columns, channels).swapaxes(-3, -2)
    across = _mixture(columns, passes) @ sideways.reshape(*frames, columns, rows * channels)
    mixed = across.reshape(*frames, columns, rows, channels).swapaxes(-3, -2)
    blurred: _Ints = ((mixed.astype(np.int64) + _SHARES**2 // 2) // _SHARES**2).astype(np.int16)
    return blurred


_SHARES = 1 << 12


@lru_cache(maxsize=16)
def _mixture(size: int, passes: int) -> npt.NDArray[np.float64]:
    """What each place takes from each other after so many passes; whole rows sum to 4096."""
    once = [[0] * size for _ in range(size)]
    for place in range(size):
        for neighbour, share in ((place - 1, 1), (place, 2), (place + 1, 1)):
            once[place][min(max(neighbour, 0), size - 1)] += share
    step = np.array(once, dtype=np.int64)
    shares = np.eye(size, dtype=np.int64) * _SHARES
    for _ in range(passes):
        shares = (shares @ step + 2) // 4
    # What rounding took or gave goes to the place itself.
    shares[np.diag_indices(size)] += _SHARES - shares.sum(axis=1)
    return shares.astype(np.float64)


def _blocky(values: _Ints, block: int) -> _Ints:
    """Every block of pixels shows its mean."""
    *frames, size, _, channels = values.shape
    edge = -size % block
    whole = np.pad(values, [*[(0, 0)] * len(frames), (0, edge), (0, edge), (0, 0)], mode="edge")
    side = whole.shape[-2] // block
    parts = whole.reshape(*frames, side, block, side, block, channels)
    means = parts.sum(axis=(-4, -2), dtype=np.int32) // (block * block)
    coarse = means.repeat(block, axis=-3).repeat(block, axis=-2)[..., :size, :size, :]
    rounded: _Ints = coarse.astype(np.int16)
    return rounded
