"""A video as a folder of its frames: image files, in the order of the numbers in their names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import MediaError
from .items import Media
from .media import FORMATS, MediaLimits, blame, check_bytes, picture

if TYPE_CHECKING:
    from PIL.Image import Image

FRAMES_A_SECOND = 2.0
"""The rate at which a folder's frames count as taken, since nothing in it tells: that of the data
set published so, ShareGPTVideo (``decode2frame`` in llava_hound_dpo/inference/inference_utils.py
of RifleZhang/LLaVA-Hound-DPO, commit 04eb8bf)."""


def is_frame_folder(media: Media) -> bool:
    """Whether the medium is a local folder."""
    return media.data is None and bool(media.uri) and Path(media.uri).is_dir()


def frame_files(folder: Path, limits: MediaLimits) -> list[Path]:
    """The folder's images in natural order: ``frame_2`` before ``frame_10``.

    Other files, hidden ones and folders are no frames.

    Raises:
        MediaError: there are none, or they are over the limits.
    """
    endings = _endings()
    found = [
        file
        for file in folder.iterdir()
        if file.suffix.lower() in endings and not file.name.startswith(".") and file.is_file()
    ]
    if not found:
        raise MediaError(
            f"the folder holds no frames ({', '.join(sorted(endings))}); unpack them into it or"
            " leave the item out"
        )
    if len(found) > limits.frames:
        raise MediaError(
            f"{len(found):,} frames, over the limit of {limits.frames:,}; remove some or leave the"
            " item out"
        )
    size = sum(file.stat().st_size for file in found)
    if size > limits.bytes:
        raise MediaError(
            f"{size:,} bytes of frames, over the limit of {limits.bytes:,}; remove some or leave"
            " the item out"
        )
    return sorted(found, key=_natural)


def load_frame(file: Path, limits: MediaLimits) -> Image:
    """One frame as :func:`~.media.load_image` gives it; errors name the file."""
    with blame(Media("image", file.name)):
        check_bytes(file.stat().st_size, limits)
        return picture(file, limits)


def _endings() -> set[str]:
    from PIL import Image

    return {end for end, name in Image.registered_extensions().items() if name in FORMATS}


def _natural(file: Path) -> tuple[list[str | int], str]:
    """Texts and numbers in turn; the name itself decides between ``1`` and ``01``."""
    parts = re.split("([0-9]+)", file.name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], file.name
