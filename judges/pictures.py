"""Pictures and clips as a judge shows them: opened once, and scaled to its budget of pixels."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING, Literal

from ..harness.errors import MediaError, UserError
from ..harness.items import Media
from ..harness.media import load_image
from ..harness.video import sample_clip, sample_frames
from .backends.chats import Clip

if TYPE_CHECKING:
    from PIL.Image import Image

    Shown = tuple[Image | Clip, ...]  # a medium: its pictures, or one clip

Video = Literal["frames", "native"]
"""How videos are shown: each frame as an image, or all as the video that a family takes."""

MAX_PIXELS = 512 * 512
"""The usual budget of a picture or frame."""

_THINNEST = 150


class Pictures:
    """Opens each medium once for all requests that show it at about the same time.

    Both orders of a pair are prepared by two threads at once: the second waits for the first.

    Args:
        frames: how many frames of a video are shown, evenly spread.
        video: ``frames`` shows each as an image, ``native`` all of them as one clip.
        max_pixels: larger pictures and frames are scaled down to this many pixels.

    Raises:
        UserError: a number is out of range.
    """

    _KEPT = 32

    def __init__(self, frames: int, video: Video, max_pixels: int) -> None:
        for name, value in (("frames", frames), ("max_pixels", max_pixels)):
            if value < 1:
                raise UserError(f"judge argument {name}={value} must be at least 1")
        self.frames, self.video, self.max_pixels = frames, video, max_pixels
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, str], Future[Shown]] = OrderedDict()

    def of(self, media: Media) -> Shown:
        """The medium as it is shown; raises what opening it raised."""
        key = media.modality, media.uri
        with self._lock:
            known = self._kept.get(key)
            found = self._kept[key] = known or Future()
            self._kept.move_to_end(key)
            if len(self._kept) > self._KEPT:
                self._kept.popitem(last=False)
        if known is None:
            try:
                found.set_result(self._open(media))
            except BaseException as error:
                found.set_exception(error)
        return found.result()

    def identity(self) -> dict[str, object]:
        """What of it decides how media look, for the manifest."""
        return {
            "max_pixels": self.max_pixels,
            "resize": "lanczos",
            "frames": self.frames,
            "sampling": "linspace(0, N - 1)",
            "video": "frames as images" if self.video == "frames" else "native",
        }

    def forget(self) -> None:
        """Drop everything kept."""
        with self._lock:
            self._kept.clear()

    def _open(self, media: Media) -> Shown:
        def fitted(pictures: Iterable[Image]) -> tuple[Image, ...]:
            return tuple(_fitted(picture, self.max_pixels, media) for picture in pictures)

        if media.modality == "image":
            return fitted([load_image(media)])
        if self.video == "frames":
            return fitted(sample_frames(media, self.frames))
        frames, rate = sample_clip(media, self.frames)
        return (_clip(fitted(frames), rate, media),)


def _clip(frames: tuple[Image, ...], rate: float, media: Media) -> Clip:
    if len(sizes := {frame.size for frame in frames}) > 1:
        raise MediaError(
            f"{media.uri}: its frames have {len(sizes)} sizes, which no model takes as a video;"
            " give video=frames or leave the item out"
        )
    return Clip(frames, rate)


def _fitted(picture: Image, max_pixels: int, media: Media) -> Image:
    """The picture within the pixel budget, its shape kept."""
    from PIL.Image import Resampling

    width, height = picture.size
    if max(width, height) > _THINNEST * min(width, height):
        raise MediaError(
            f"{media.uri}: {width} x {height} pixels is thinner than 1:{_THINNEST}, which vision"
            " encoders refuse; crop the picture or leave the item out"
        )
    if width * height <= max_pixels:
        return picture
    scale = (max_pixels / (width * height)) ** 0.5
    size = max(1, int(width * scale)), max(1, int(height * scale))
    return picture.resize(size, Resampling.LANCZOS)
