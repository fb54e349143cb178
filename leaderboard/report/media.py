"""Images and videos where the page can show them: copied by content, or linked to."""

from __future__ import annotations

import shutil
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from ...harness.errors import MediaError
from ...harness.frame_folders import frame_files, is_frame_folder
from ...harness.items import Media
from ...harness.media import LIMITS, Source, blame, load_image, source_of

Mode = Literal["copy", "link", "none"]
Shown = dict[str, Any]
"""What the page is told: ``{"kind": "image"|"video"|"frames", "at": [address, ...]}``, or
``{"kind": "missing", "why": reason}``; of an answer that mixes texts and media ``{"kind": "mixed",
"parts": [text or the like, ...]}``."""

_FRAMES = 16
"""Of a folder of frames so many are shown, evenly spaced."""

_HEADS = (
    (b"\x89PNG\r\n\x1a\n", "png", "image"),
    (b"\xff\xd8\xff", "jpg", "image"),
    (b"GIF8", "gif", "image"),
    (b"BM", "bmp", "image"),
    (b"\x1aE\xdf\xa3", "webm", "video"),
    (b"OggS", "ogv", "video"),
)


class MediaFolder:
    """Puts media under ``folder`` and says how the page finds them.

    Args:
        folder: where copies go, named by their content; made when it is needed.
        mode: *copy* all, *link* to local files and copy the rest, or *none*.
    """

    def __init__(self, folder: Path, mode: Mode) -> None:
        self._folder, self._mode = folder, mode
        self._placed: dict[str, Shown] = {}

    @property
    def none(self) -> bool:
        """Whether no media are wanted."""
        return self._mode == "none"

    def place(self, media: Media) -> Shown:
        """How the page shows one image or video; what cannot be shown says why."""
        if self._mode == "none":
            return missing("media were left out of this report")
        if media.uri not in self._placed:
            try:
                self._placed[media.uri] = self._place(media)
            except (MediaError, OSError) as error:
                self._placed[media.uri] = missing(str(error))
        return self._placed[media.uri]

    def _place(self, media: Media) -> Shown:
        if is_frame_folder(media):
            files = frame_files(Path(media.uri), LIMITS)
            step = max(1.0, len(files) / _FRAMES)
            chosen = [files[int(i * step)] for i in range(min(len(files), _FRAMES))]
            parts = [self._place(Media("image", str(file))) for file in chosen]
            return {"kind": "frames", "at": [at for part in parts for at in part["at"]]}
        with blame(media):
            source = source_of(media, LIMITS)
        found = form(_head(source))
        if found is None:
            return self._converted(media)
        ending, kind = found
        if self._mode == "link" and isinstance(source, Path):
            return {"kind": kind, "at": [source.resolve().as_uri()]}
        return {"kind": kind, "at": [self._copied(source, ending)]}

    def _converted(self, media: Media) -> Shown:
        if media.modality == "video":
            raise MediaError(f"{media.uri} is in a format that browsers do not play")
        file = BytesIO()
        load_image(media).save(file, "PNG")
        return {"kind": "image", "at": [self._copied(file.getvalue(), "png")]}

    def _copied(self, source: Source, ending: str) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{_digest(source)}.{ending}"
        target = self._folder / name
        if not target.exists():
            if isinstance(source, bytes):
                target.write_bytes(source)
            else:
                shutil.copyfile(source, target)
        return f"{self._folder.name}/{name}"


def missing(why: str) -> Shown:
    """What stands in the place of a medium that cannot be shown."""
    return {"kind": "missing", "why": why}


def form(head: bytes) -> tuple[str, str] | None:
    """File ending and kind by a file's first 16 bytes; None for what browsers do not show."""
    if head[:4] == b"RIFF":
        return ("webp", "image") if head[8:12] == b"WEBP" else None
    if head[4:8] == b"ftyp":
        return ("avif", "image") if head[8:12] in (b"avif", b"avis") else ("mp4", "video")
    return next(((ending, kind) for start, ending, kind in _HEADS if head.startswith(start)), None)


def _head(source: Source) -> bytes:
    if isinstance(source, bytes):
        return source[:16]
    with source.open("rb") as file:
        return file.read(16)


def _digest(source: Source) -> str:
    digest = blake2b(digest_size=12)
    if isinstance(source, bytes):
        digest.update(source)
    else:
        with source.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
