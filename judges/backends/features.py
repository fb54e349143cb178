"""What the vision tower made of images and clips, remembered for all chats that show them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from .cores import Cores
from .families import Family
from .inputs import Prepared
from .media import Encoded, Features, Medium


class VisionFeatures:
    """Features of media, computed once each while they are remembered.

    Args:
        family: how the model's family encodes media.
        model: the model.
        kept: how many bytes of features are remembered.
        cores: what shares the work out.
    """

    def __init__(self, family: Family, model: Any, kept: int, cores: Cores) -> None:
        self._family, self._model, self._bound, self._cores = family, model, kept, cores
        self._kept: OrderedDict[bytes, Features] = OrderedDict()
        self._bytes = 0
        self.encoded = 0
        """How many media the vision tower has encoded."""
        self.calls = 0
        """How often new media were encoded together."""

    def of(self, batch: Sequence[Prepared]) -> dict[bytes, Features]:
        """Features of all media of a batch, even if they are more than are remembered."""
        media = {m.key: m for chat in batch for m in chat.media}
        found = {key: self._kept[key] for key in media if key in self._kept}
        for key in found:
            self._kept.move_to_end(key)
        for medium, made in self._made([m for key, m in media.items() if key not in found]):
            found[medium.key] = self._kept[medium.key] = made
            self._bytes += made.bytes
        while self._bytes > self._bound:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.bytes
        return found

    def _made(self, media: Sequence[Medium]) -> Iterator[tuple[Medium, Features]]:
        """New media with their features."""
        parts = list(self._parts(media)) if media else []
        self.calls += len(parts)
        self.encoded += len(media)

        def encode(some: slice) -> list[Features]:
            return [made for part in parts[some] for made in self._family.encode(self._model, part)]

        made = self._cores.each(encode, len(parts), 1) if parts else []
        yield from zip(media, chain.from_iterable(made), strict=True)

    def _parts(self, media: Sequence[Medium]) -> Iterator[list[Medium]]:
        """Media that are encoded together: all of a batch, unless that is very much."""
        most = _MOST_ON_CPU if self._model.device.type == "cpu" else _MOST
        part: list[Medium] = []
        total = 0
        for medium in media:
            if part and total + medium.bytes > most:
                yield part
                part, total = [], 0
            part.append(medium)
            total += medium.bytes
        yield part


# Bytes of pixels that are encoded together. What a tower makes on its way takes several times as
# much, which must fit in a GPU's memory; a CPU is fastest while it fits in its cache.
_MOST, _MOST_ON_CPU = 256 << 20, 2 << 20


def shown(
    family: Family, batch: Sequence[Prepared], features: Mapping[bytes, Features]
) -> dict[str, Encoded]:
    """Features of a batch's media by kind, in the order in which its chats show them."""
    media = [medium for chat in batch for medium in chat.media]
    found = {}
    for kind in ("image", "video"):
        if keys := [medium.key for medium in media if medium.kind == kind]:
            found[kind] = family.encoded(kind, [features[key] for key in keys])
    return found
