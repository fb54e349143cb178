"""Frames of a video: sampled within limits, or a :class:`MediaError` that says why not.

A video is an encoded file, or a folder of its frames. Nothing is ever made up: a video that cannot
be decoded to its end is an error, never a shorter video or black frames.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .decoder import decoded_apart
from .decoding import spread
from .errors import MediaError
from .frame_folders import FRAMES_A_SECOND, frame_files, is_frame_folder, load_frame
from .items import Media
from .media import LIMITS, REPLACE, MediaLimits, blame, source_of

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["sample_clip", "sample_frames", "spread"]


def sample_frames(media: Media, count: int, limits: MediaLimits = LIMITS) -> list[Image]:
    """Frames spread evenly over the whole clip, as RGB, first and last included.

    The frames are numbers ``linspace(0, N - 1, count)`` (rounded down) of the N frames that
    decoding from start to end yields, or that a folder holds; all N if there are no more than
    ``count``. Encoded files are decoded in a process of their own (:mod:`.decoder`).

    Raises:
        MediaError: missing, not a video, damaged, cut off, or over the limits; names the file and
            the cure.
    """
    with blame(media):
        return _sampled(media, count, limits)[0]


def sample_clip(
    media: Media, count: int, limits: MediaLimits = LIMITS
) -> tuple[list[Image], float]:
    """As many frames as asked for, and how many of them there are to a second of the video.

    They are the frames of :func:`sample_frames`. Of a video with fewer, some are there more than
    once, evenly spread: there are models that take only clips of one length together. The rate is
    ``count`` over the time for which the whole video is shown; a folder of frames does not tell
    it, and counts as :data:`~.frame_folders.FRAMES_A_SECOND`.

    Raises:
        MediaError: as :func:`sample_frames`; or nothing tells how long the video is.
    """
    import numpy as np

    with blame(media):
        frames, seconds = _sampled(media, count, limits)
        if not seconds:
            raise MediaError(f"nothing tells how long the video is; {REPLACE}")
        shown = np.linspace(0, len(frames) - 1, count, dtype=int)
        return [frames[i] for i in shown], count / seconds


def _sampled(media: Media, count: int, limits: MediaLimits) -> tuple[list[Image], float]:
    """So many frames of the video, and how long all of it is shown, 0 where nothing tells."""
    if is_frame_folder(media):
        files = frame_files(Path(media.uri), limits)
        frames = [load_frame(files[i], limits) for i in spread(len(files), count)]
        return frames, len(files) / FRAMES_A_SECOND
    return decoded_apart(source_of(media, limits), count, limits)
