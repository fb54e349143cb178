"""Images and clips on their way into a model: prepared, shown in chats, encoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Tensors = Mapping[str, Any]

Kind = Literal["image", "video"]


@dataclass(frozen=True, slots=True, eq=False)
class Medium:
    """An image or clip as its family's processor prepares it.

    Args:
        key: names its pixels and how they were prepared.
        kind: whether it is an image or a video.
        tensors: what the processor makes of a batch of it alone.
        tiled: it is also cut into tiles, as LLaVA-OneVision does with a chat's only image.
    """

    key: bytes
    kind: Kind
    tensors: Tensors
    tiled: bool = False

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return sum(tensor.nbytes for tensor in self.tensors.values())


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A medium in a chat, with how many seconds pass between a clip's steps."""

    medium: Medium
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What the vision tower makes of one medium, one row for each of its tokens.

    Args:
        rows: what takes the tokens' places.
        deep: what is added after the first layers of the language model (Qwen3-VL).
    """

    rows: Any
    deep: tuple[Any, ...] = ()

    @property
    def bytes(self) -> int:
        """How much memory they take."""
        return sum(int(part.nbytes) for part in (self.rows, *self.deep))


@dataclass(slots=True, eq=False)
class Encoded:
    """Features of all media of one kind in a batch, as a model's ``forward`` takes them."""

    pooler_output: Any
    deepstack_features: Any = None
