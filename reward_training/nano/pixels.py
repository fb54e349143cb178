"""Pictures and films straight from the drawing board to what the vision tower takes.

The same numbers as the checkpoint's processor gives for their files, without files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ...tasks.shapes.samples import Shot
from .architecture import MEAN, MERGE, PATCH, SPREAD


def patches(shots: Sequence[Shot]) -> Any:
    """Patches of all pictures and films, one after the other; shape (patches, numbers)."""
    return torch.from_numpy(np.concatenate([_patches(one.pixels) for one in shots]))


def grids(shots: Sequence[Shot]) -> Any:
    """For each picture or film: steps of two frames, rows and columns of patches."""
    return torch.tensor([_grid(one) for one in shots])


def _grid(one: Shot) -> tuple[int, int, int]:
    frames, height, width, _ = one.pixels.shape
    return (frames + 1) // 2, height // PATCH, width // PATCH


def _patches(pixels: Any) -> Any:
    """Patches of a picture (1, side, side, 3) or film (frames, side, side, 3)."""
    values = (pixels.astype(np.float32) / 255 - MEAN) / SPREAD
    if len(values) % 2:
        values = np.concatenate([values, values[-1:]])
    frames, height, width, colours = values.shape
    down, across = height // PATCH, width // PATCH
    parts = values.reshape(
        *(frames // 2, 2, down // MERGE, MERGE, PATCH, across // MERGE, MERGE, PATCH, colours)
    )
    # step, row and column of a token, of a patch in it; then colour, frame, row, column
    ordered = parts.transpose(0, 2, 5, 3, 6, 8, 1, 4, 7)
    return ordered.reshape(frames // 2 * down * across, -1)
