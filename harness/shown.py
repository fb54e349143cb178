"""What is shown: images, videos and texts, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

Modality = Literal["image", "video"]
Objective = Literal["generation", "understanding"]
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


Candidate = Media | str
ScoreRange = tuple[float, float]
"""A scale's lowest and highest score."""


def rotated(options: tuple[str, ...], order: Order) -> tuple[str, ...]:
    """The options as that order shows them."""
    first = ROTATIONS.index(order)
    return options[first:] + options[:first]
