"""What is shown: images, videos and texts, and in which order."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from json.encoder import encode_basestring as _quoted
from typing import Literal

Modality = Literal["image", "video"]
PlainObjective = Literal["generation", "understanding"]
"""Those whose candidates are one medium or one text each."""
Objective = PlainObjective | Literal["interleaved"]
Kind = Literal["pair", "point", "question", "prompt", "grade"]
Order = Literal["ab", "ba", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"]
ROTATIONS: tuple[Order, ...] = ("ab", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9")
"""Ways to show the options of a question: as they are, or beginning with the second, third, ..."""
LETTERS = "ABCDEFGHIJ"
"""What options are called, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Media:
    """One image or video: a place to read it from, or its encoded bytes.

    ``uri`` is a path or an ``http(s)``/``hf`` address; for embedded bytes it is their content
    hash. ``name`` is what the data call it, the same wherever they lie. Nothing is opened before a
    judge needs it.
    """

    modality: Modality
    uri: str
    data: bytes | None = field(default=None, repr=False)
    name: str = ""

    @property
    def key(self) -> str:
        """What identifies it: its name in the data, else its address."""
        return self.name or self.uri

    @classmethod
    def embedded(cls, modality: Modality, data: bytes) -> Media:
        """Media carried as encoded bytes (a PNG, JPEG or MP4 file's content)."""
        return cls(modality, f"blake2b:{blake2b(data, digest_size=16).hexdigest()}", data)


@dataclass(frozen=True, slots=True)
class Mixed:
    """An answer in which texts and media follow one another, in the order in which it is read."""

    parts: tuple[Media | str, ...]

    @property
    def media(self) -> tuple[Media, ...]:
        """Its images and videos."""
        return tuple(part for part in self.parts if isinstance(part, Media))

    @property
    def texts(self) -> tuple[str, ...]:
        """Its texts."""
        return tuple(part for part in self.parts if isinstance(part, str))

    @property
    def key(self) -> str:
        """Its parts as a JSON list: a text as it is, a medium as an object with its key."""
        named = [part if isinstance(part, str) else {"media": part.key} for part in self.parts]
        return json.dumps(named, ensure_ascii=False, separators=(",", ":"))


PlainCandidate = Media | str
Candidate = PlainCandidate | Mixed
ScoreRange = tuple[float, float]
"""A scale's lowest and highest score."""


def content_of(candidate: Candidate) -> str:
    """A candidate as JSON; media stand as their keys."""
    if isinstance(candidate, Mixed):
        return candidate.key
    return _quoted(candidate if isinstance(candidate, str) else candidate.key)


def media_of(candidate: Candidate) -> tuple[Media, ...]:
    """The images and videos of a candidate."""
    if isinstance(candidate, Mixed):
        return candidate.media
    return (candidate,) if isinstance(candidate, Media) else ()


def texts_of(candidate: Candidate) -> tuple[str, ...]:
    """The texts of a candidate."""
    if isinstance(candidate, Mixed):
        return candidate.texts
    return (candidate,) if isinstance(candidate, str) else ()


def rotated(options: tuple[str, ...], order: Order) -> tuple[str, ...]:
    """The options as that order shows them."""
    first = ROTATIONS.index(order)
    return options[first:] + options[:first]
