"""Chats as an OpenAI-compatible server takes them: images travel inside as data URLs."""

from __future__ import annotations

import base64
import io
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from ...harness.errors import UserError
from .chats import Chat, Clip

if TYPE_CHECKING:
    from PIL.Image import Image

ImageFormat = Literal["png", "jpeg"]

_JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True)
class ServedChat:
    """A chat ready to be sent: the blocks of its one user turn, its seed and about its length."""

    content: tuple[dict[str, Any], ...]
    seed: int
    size: int


class DataUrls:
    """Encodes each distinct image once; the last ones are kept.

    Args:
        image_format: ``png`` keeps every pixel as it is, ``jpeg`` is smaller and does not.
        kept: at most how many characters of data URLs are kept.

    Raises:
        UserError: there is no such format.
    """

    def __init__(self, image_format: ImageFormat, kept: int = 128 * 1024 * 1024) -> None:
        if image_format not in ("png", "jpeg"):
            raise UserError(f"judge argument image_format={image_format} must be png or jpeg")
        self.image_format, self._room = image_format, kept
        self._lock = Lock()
        self._made: OrderedDict[bytes, Future[str]] = OrderedDict()
        self._size = 0

    @property
    def identity(self) -> str:
        """The format with all that decides the pixels sent."""
        return "png" if self.image_format == "png" else f"jpeg, quality {_JPEG_QUALITY}"

    def served(self, chat: Chat) -> ServedChat:
        """The chat ready to be sent; safe to call from many threads.

        Raises:
            UserError: it has a clip.
        """
        if chat.clips:
            raise UserError(
                "servers take no agreed form of a video's frames (they would drop when each was"
                " seen, or resample them); give video=frames, which sends them as pictures"
            )
        pixels = sum(image.width * image.height for image in chat.images)
        size = len(chat.text) // 4 + pixels // (28 * 28)
        return ServedChat(tuple(self._block(p) for p in chat.parts if p != ""), chat.seed, size)

    def forget(self) -> None:
        """Drop everything kept."""
        with self._lock:
            self._made.clear()
            self._size = 0

    def _block(self, part: Image | Clip | str) -> dict[str, Any]:
        assert not isinstance(part, Clip)
        if isinstance(part, str):
            return {"type": "text", "text": part}
        return {"type": "image_url", "image_url": {"url": self._url(part)}}

    def _url(self, image: Image) -> str:
        key = _content(image)
        with self._lock:
            known = self._made.get(key)
            made = self._made[key] = known or Future()
            self._made.move_to_end(key)
        if known is not None:
            return made.result()  # another thread may still be at it
        try:
            url = self._encoded(image)
        except BaseException as error:
            with self._lock:
                self._made.pop(key, None)
            made.set_exception(error)
            raise
        made.set_result(url)
        self._keep(key, made)
        return url

    def _keep(self, key: bytes, made: Future[str]) -> None:
        with self._lock:
            if self._made.get(key) is not made:  # forgotten meanwhile
                return
            self._size += len(made.result())
            for old in list(self._made):
                if self._size <= self._room:
                    break
                if self._made[old].done():
                    self._size -= len(self._made.pop(old).result())

    def _encoded(self, image: Image) -> str:
        buffer = io.BytesIO()
        if self.image_format == "png":
            image.save(buffer, "PNG", compress_level=1)  # level 6 is 10% smaller, 4 times slower
        else:
            image.convert("RGB").save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
        encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
        return f"data:image/{self.image_format};base64,{encoded}"


def _content(image: Image) -> bytes:
    found = blake2b(image.tobytes(), digest_size=16)
    found.update(f"{image.mode} {image.size} {image.getpalette()}".encode())
    return found.digest()
