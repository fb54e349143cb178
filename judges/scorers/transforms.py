"""Pictures as the pixels of CLIP-like encoders, as the models' own code makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def cropped(picture: Image, size: int) -> Any:
    """The middle of the picture: its shorter edge scaled to ``size`` (PIL bicubic), then cut out.

    What torchvision's ``Resize`` and ``CenterCrop`` make of a picture, as CLIPScore and ImageReward
    use them; an uneven border is rounded as there.

    Returns:
        Normalised pixels (channels, size, size).
    """
    import numpy as np
    import torch
    from PIL.Image import Resampling

    width, height = picture.size
    short = min(width, height)
    wide, high = size * width // short, size * height // short
    scaled = picture.resize((wide, high), Resampling.BICUBIC)
    left, top = round((wide - size) / 2), round((high - size) / 2)
    cut = scaled.crop((left, top, left + size, top + size))
    return _normalised(torch.from_numpy(np.array(cut)).permute(2, 0, 1).float() / 255)


def fitted(picture: Image, size: int) -> Any:
    """The whole picture: its longer edge scaled to ``size``, the rest black.

    HPSv2's ``ResizeMaxSize``: bicubic on floating point with antialiasing (torchvision 0.17 or
    later does so), padded with 0 before the normalisation.

    Returns:
        Normalised pixels (channels, size, size).
    """
    import numpy as np
    import torch
    from torch.nn.functional import interpolate, pad

    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
    scale = size / max(picture.size)
    wide, high = (max(1, round(edge * scale)) for edge in picture.size)
    if scale != 1:
        pixels = interpolate(
            pixels[None], (high, wide), mode="bicubic", align_corners=False, antialias=True
        )[0]
    across, down = size - wide, size - high
    borders = (across // 2, across - across // 2, down // 2, down - down // 2)
    return _normalised(pad(pixels, borders))


def _normalised(pixels: Any) -> Any:
    import torch

    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))
    return (pixels - mean) / std
