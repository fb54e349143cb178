"""Truth that travels in the file of a picture or video.

What the shapes world draws carries what is known about it as compact JSON, which a judge that looks
at pixels never sees: a PNG file in the text chunk ``unieval-truth``, an MP4 file in its metadata's
``comment``. A candidate made for a prompt, say::

    {"prompt": "Two red circles.", "score": 0.79, "faults": [{"kind": "blur", "severity": 2}],
     "tie": 0.07, "good": 0.75, "dimensions": {"VQ": [0.4, 0.15], "TA": [1.0, 0.08]}}

``score`` is the latent score for ``prompt``; scores less than ``tie`` apart are a tie, and a tie
is a good one when their mean is at least ``good``. ``dimensions`` are latent scores in single
respects, each with its own *tie*. What is asked about knows the scores of answers instead::

    {"prompt": "What colour is the star?", "answers": {"5f0c93ab21de": 1.0, "e2790bd7aa01": 0.15}}
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
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
    """What is known about one picture or video.

    Attributes:
        prompt: what it was made for, or the question that is asked about it.
        score: its latent score for the prompt; ``None`` for what is only asked about.
        faults: each has a ``kind`` and, with it, ``broken`` (how many facts of the prompt it made
            false), ``others`` (how many other things it changed) or ``severity`` (1 mild to 3
            strong).
        tie: scores less than this apart are a tie.
        good: a tie of at least this mean is a good one.
        dimensions: latent score and least difference in single respects.
        answers: latent score of each known answer, by :func:`answer_key`.
    """

    prompt: str
    score: float | None = None
    faults: tuple[Mapping[str, str | int], ...] = ()
    tie: float = 0.0
    good: float = 1.0
    dimensions: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    answers: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> str:
        """One line of ASCII, as files carry it; what is empty is left out."""
        known = {key: value for key, value in asdict(self).items() if value not in (None, (), {})}
        return json.dumps(known, separators=(",", ":"))


def answer_key(text: str) -> str:
    """Short hash that stands for an answer's text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def with_truth(png: bytes, truth: Truth) -> bytes:
    """The PNG file's content with the truth in it, ahead of its pixels."""
    body = b"tEXt" + KEYWORD + b"\0" + truth.as_json().encode("ascii")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_HEADER_END] + chunk + png[_HEADER_END:]


def read_truth(media: Media) -> Truth | None:
    """The truth in an image's or video's file; ``None`` if it carries none.

    Raises:
        MediaError: the file cannot be opened, or it is damaged before or within its truth.
    """
    find = _in_container if media.modality == "video" else _in_png
    if media.data is not None:
        return find(BytesIO(media.data), media.uri)
    try:
        with Path(media.uri).open("rb") as file:
            return find(file, media.uri)
    except OSError as error:
        raise MediaError(f"{media.uri}: {error.strerror or error}") from error


def _in_png(file: BinaryIO, name: str) -> Truth | None:
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


def _in_container(file: BinaryIO, name: str) -> Truth | None:
    import av

    try:
        with av.open(file) as container:
            comment = container.metadata.get("comment", "")
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError(f"{name} is no readable video: {error}") from error
    # Other people's comments are no truth of ours, and no error.
    return _decoded(comment.encode(), name) if comment.startswith('{"prompt":') else None


def _decoded(text: bytes, name: str) -> Truth:
    try:
        known = json.loads(text)
        score = known.get("score")
        return Truth(
            str(known["prompt"]),
            None if score is None else _finite(score),
            tuple(known.get("faults", ())),
            _finite(known.get("tie", 0.0)),
            _finite(known.get("good", 1.0)),
            {str(k): (_finite(v), _finite(t)) for k, (v, t) in known.get("dimensions", {}).items()},
            {str(key): _finite(value) for key, value in known.get("answers", {}).items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MediaError(
            f"{name} carries a {KEYWORD.decode()} that cannot be read: {error}"
        ) from error


def _finite(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number
