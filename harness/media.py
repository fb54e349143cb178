"""An image's picture: opened within limits, or a :class:`MediaError` that says why not.

What an image shares with a video (:mod:`.video`) is here too: limits, where the bytes are, and how
an error names what it is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from .downloads import fetched, is_address
from .errors import MediaError
from .items import Media

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What one image or video may cost: a guard against decompression bombs.

    ``bytes`` of the encoded file, or of all frames in a folder; ``pixels`` of one picture;
    ``frames`` and ``seconds`` of a video; ``timeout`` in seconds for each wait on the network;
    ``memory`` in bytes and ``decoding`` in seconds for the process that decodes a video.
    """

    bytes: int = 1 << 30
    pixels: int = 1 << 26
    frames: int = 500_000
    seconds: float = 4 * 3600
    timeout: float = 60
    memory: int = 4 << 30
    decoding: float = 300


LIMITS = MediaLimits()

# EPS or WMF, for one, would start other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM")
"""Formats that are pictures and nothing else."""
REPLACE = "replace the file or leave the item out"
"""The cure of most errors."""

Source = Path | bytes
"""A local file, or its content."""


def load_image(media: Media, limits: MediaLimits = LIMITS) -> Image:
    """The picture as RGB, turned upright as its EXIF data asks.

    Raises:
        MediaError: missing, not an image, damaged, or over the limits; names the file and the cure.
    """
    with blame(media):
        return picture(source_of(media, limits), limits)


def picture(source: Source, limits: MediaLimits) -> Image:
    """As :func:`load_image`, where the source is at hand; its errors do not name the file."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]  # not every build has AVIF
    try:
        opened = Image.open(stream_of(source), formats=formats)
    except UnidentifiedImageError as error:
        raise MediaError(f"not an image of a known format; {REPLACE}") from error
    with opened as image:
        check_pixels(image.width, image.height, limits)
        upright = ImageOps.exif_transpose(image)
        if "transparency" in upright.info:
            upright = upright.convert("RGBA")
        return upright.convert("RGB")


@contextmanager
def blame(media: Media) -> Iterator[None]:
    """Turn whatever goes wrong into a MediaError that begins with the media's name."""
    name = media.uri or f"{media.modality} without address"
    if "://" in name:
        name = name.partition("?")[0]  # the query may hold a signature or token
    try:
        yield
    except MediaError as error:
        raise MediaError(f"{name}: {error}") from error.__cause__
    except Exception as error:  # decoders raise nearly anything on damaged input
        reason = f"{type(error).__name__}: {error}"
        raise MediaError(f"{name} is no readable {media.modality} ({reason}); {REPLACE}") from error


# --- where the bytes are -------------------------------------------------------------------------


def source_of(media: Media, limits: MediaLimits) -> Source:
    """The media's bytes or a local file, fetched if it is an address, no larger than allowed."""
    if media.data is not None:
        check_bytes(len(media.data), limits)
        return media.data
    if not media.uri:
        raise MediaError(
            f"the data has no {media.modality} column; give data with media, or use a judge that"
            " needs none (replay, random, constant)"
        )
    if is_address(media.uri):
        path = fetched(media.uri, max_bytes=limits.bytes, timeout=limits.timeout)
    else:
        path = Path(media.uri)
    if not path.is_file():
        raise MediaError("no such file; check the path and that the data's media were unpacked")
    check_bytes(path.stat().st_size, limits)
    return path


def stream_of(source: Source) -> BinaryIO | Path:
    """The source as decoders take it."""
    return BytesIO(source) if isinstance(source, bytes) else source


def check_bytes(size: int, limits: MediaLimits) -> None:
    """Raise :class:`MediaError` for an encoded size over the limit, or of nothing."""
    if size > limits.bytes:
        raise MediaError(f"{size:,} bytes, over the limit of {limits.bytes:,}; {REPLACE}")
    if size == 0:
        raise MediaError(f"the file is empty; {REPLACE}")


def check_pixels(width: int, height: int, limits: MediaLimits) -> None:
    """Raise :class:`MediaError` for a picture over the limit."""
    if width * height > limits.pixels:
        raise MediaError(
            f"{width} x {height} pixels, over the limit of {limits.pixels:,}; {REPLACE}"
        )
