"""Frames to MP4 files, with the truth in them."""

from __future__ import annotations

from ...harness.encoding import encode_mp4
from ...harness.truth import Truth
from .draw import Pixels


def encode_film(frames: Pixels, fps: int, truth: Truth | None = None) -> bytes:
    """An MP4 file's content, with the truth in its metadata.

    Args:
        frames: shape (frames, size, size, 3).
        fps: frames a second.
        truth: what is known about the film.
    """
    return encode_mp4(frames, fps, truth.as_json() if truth else "")
