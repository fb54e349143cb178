"""Faults of quality: pictures made worse without changing what they show."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from .draw import Pixels

_Ints = npt.NDArray[np.int64]

Flaw = Literal["noise", "blur", "blocks", "cast"]
FLAWS: tuple[Flaw, ...] = get_args(Flaw)

# Strengths by severity: none, mild, plain, strong.
_NOISE = (0, 22, 42, 70)
_BLUR = (0, 2, 6, 16)
_BLOCKS = (1, 2, 3, 5)
_CAST = (0, 20, 38, 60)
_TINTS = ((2, 0, -2), (-2, 0, 2), (-1, 2, -1), (2, -2, 1))
"""Warm, cold, green and pink; in halves of the cast's strength."""


def degrade(pixels: Pixels, flaw: Flaw, severity: int, seed: int) -> Pixels:
    """A copy of the picture with one flaw; shape (size, size, 3).

    Strengths are meant for 64 pixels a side and grow with the picture, so that a severity looks
    alike at every size. ``seed`` picks the noise and the tint.

    Args:
        pixels: the picture; shape (size, size, 3).
        flaw: which flaw.
        severity: 1 (mild), 2 or 3 (strong).
        seed: a non-negative number.
    """
    values = pixels.astype(np.int64)
    scale = max(1, pixels.shape[0] // 64)
    match flaw:
        case "noise":
            worse = values + _noise(values.shape, _NOISE[severity], seed)
        case "blur":
            worse = _blurred(values, _BLUR[severity] * scale * scale)
        case "blocks":
            worse = _blocky(values, _BLOCKS[severity] * scale)
        case "cast":
            worse = values + np.array(_TINTS[seed % len(_TINTS)]) * _CAST[severity] // 2
    result: Pixels = np.clip(worse, 0, 255).astype(np.uint8)
    return result


def _noise(shape: tuple[int, ...], strength: int, seed: int) -> _Ints:
    """Bell-shaped noise whose standard deviation is near ``strength``."""
    # The raw bits of a bit generator are promised to stay; the distributions made of them are not.
    count = int(np.prod(shape))
    bits = np.random.PCG64(seed).random_raw(count)
    octets = bits.astype("<u8").view(np.uint8).reshape(*shape, 8).astype(np.int64)
    # Four octets summed have mean 510 and standard deviation 148.
    noise: _Ints = (octets[..., :4].sum(axis=-1) - 510) * strength // 148
    return noise


def _blurred(values: _Ints, passes: int) -> _Ints:
    """Each pass mixes every pixel with its neighbours, 1:2:1 along each axis."""
    for _ in range(passes):
        for axis in (0, 1):
            width = [(1, 1) if a == axis else (0, 0) for a in range(3)]
            edged = np.moveaxis(np.pad(values, width, mode="edge"), axis, 0)
            mixed = (edged[:-2] + 2 * edged[1:-1] + edged[2:] + 2) // 4
            values = np.moveaxis(mixed, 0, axis)
    return values


def _blocky(values: _Ints, block: int) -> _Ints:
    """Every block of pixels shows its mean."""
    size = values.shape[0]
    edge = -size % block
    whole = np.pad(values, [(0, edge), (0, edge), (0, 0)], mode="edge")
    side = whole.shape[0] // block
    means = whole.reshape(side, block, side, block, 3).sum(axis=(1, 3)) // (block * block)
    coarse: _Ints = means.repeat(block, axis=0).repeat(block, axis=1)[:size, :size]
    return coarse
