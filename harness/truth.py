"""Truth that travels in a picture's file.

A drawn picture carries what is known about it as the PNG text chunk ``unieval-truth``, compact
JSON, which a judge that looks at pixels never sees:

    {"caption": "Two red circles.", "score": 0.79, "faults": [{"kind": "blur", "severity": 2}],
     "tie": 0.07, "good": 0.75}

``score`` is the latent score for ``caption``; scores less than ``tie`` apart are a tie, and a tie
is a good one when their mean is at least ``good``.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from .errors import MediaError
from .items import Media

KEYWORD = b"unieval-truth"

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = len(_SIGNATURE) + 4 + 4 + 13 + 4
_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about one picture.

    Each fault has a ``kind`` and either ``broken`` (how many facts of the caption it made false)
    or ``severity`` (1 mild to 3 strong).
    """

    caption: str
    score: float
    faults: tuple[Mapping[str, str | int], ...]
    tie: float
    good: float


def with_truth(png: bytes, truth: Truth) -> bytes:
    """The PNG file's content with the truth in it, ahead of its pixels."""
    text = json.dumps(asdict(truth), separators=(",", ":")).encode("ascii")
    body = b"tEXt" + KEYWORD + b"\0" + text
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_HEADER_END] + chunk + png[_HEADER_END:]


def read_truth(media: Media) -> Truth | None:
    """The truth in an image's file; ``None`` if it carries none.

    Raises:
        MediaError: the file cannot be opened, or it is damaged before or within its truth.
    """
    if media.data is not None:
        return _find(BytesIO(media.data), media.uri)
    try:
        with Path(media.uri).open("rb") as file:
            return _find(file, media.uri)
    except OSError as error:
        raise MediaError(f"{media.uri}: {error.strerror or error}") from error


def _find(file: BinaryIO, name: str) -> Truth | None:
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        return None
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind in (b"IDAT", b"IEND"):
            return None
        if kind != b"tEXt" or length > _LONGEST:
            file.seek(length + 4, 1)
            continue
        text, checksum = file.read(length), file.read(4)
        if checksum != struct.pack(">I", zlib.crc32(kind + text)):
            break
        if text.startswith(KEYWORD + b"\0"):
            return _decoded(text[len(KEYWORD) + 1 :], name)
    raise MediaError(f"{name} is a damaged PNG file")


def _decoded(text: bytes, name: str) -> Truth:
    try:
        known = json.loads(text)
        score, tie, good = (float(known[key]) for key in ("score", "tie", "good"))
        if not all(map(math.isfinite, (score, tie, good))):
            raise ValueError("a number is not finite")
        return Truth(str(known["caption"]), score, tuple(known["faults"]), tie, good)
    except (ValueError, TypeError, KeyError) as error:
        raise MediaError(
            f"{name} has a {KEYWORD.decode()} chunk that cannot be read: {error}"
        ) from error
