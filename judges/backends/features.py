"""What the vision tower made of images and clips, remembered for all chats that show them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

from .families import Family
from .inputs import Prepared
from .media import Encoded, Features, Medium


class VisionFeatures:
    """Features of media, computed once each while they are remembered.

    Args:
        family: how the model's family encodes media.
        model: the model.
        kept: how many bytes of features are remembered.
    """

    def __init__(self, family: Family, model: Any, kept: int) -> None:
        self._family, self._model, self._bound = family, model, kept
        self._kept: OrderedDict[bytes, Features] = OrderedDict()
        self._bytes = 0
        self.encoded = 0
        """How many media the vision tower has encoded."""
        self.calls = 0
        """How often new media were encoded together."""

    def of(self, batch: Sequence[Prepared]) -> dict[str, Encoded]:
        """Features of a batch's media by kind, in the order in which its chats show them."""
        shown = [part.medium for chat in batch for part in (*chat.images, *chat.clips)]
        features = self._all({medium.key: medium for medium in shown})
        found = {}
        for kind in ("image", "video"):
            if keys := [medium.key for medium in shown if medium.kind == kind]:
                found[kind] = self._family.encoded(kind, [features[key] for key in keys])
        return found

    def _all(self, media: dict[bytes, Medium]) -> dict[bytes, Features]:
        """Features of all these, even if they are more than are remembered."""
        found = {key: self._kept[key] for key in media if key in self._kept}
        for key in found:
            self._kept.move_to_end(key)
        if new := [medium for key, medium in media.items() if key not in found]:
            for some in self._parts(new):
                self.calls += 1
                self.encoded += len(some)
                for medium, made in zip(some, self._family.encode(self._model, some), strict=True):
                    found[medium.key] = self._kept[medium.key] = made
                    self._bytes += made.bytes
        while self._bytes > self._bound:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.bytes
        return found

    def _parts(self, media: Sequence[Medium]) -> Iterator[list[Medium]]:
        """Media that are encoded together: all of a batch, unless that is very much."""
        most = _MOST_ON_CPU if self._model.device.type == "cpu" else _MOST
        part: list[Medium] = []
        for medium in media:
            if part and sum(each.bytes for each in (*part, medium)) > most:
                yield part
                part = []
            part.append(medium)
        yield part


# Bytes of pixels that are encoded together. What a tower makes on its way takes several times as
# much, which must fit in a GPU's memory; a CPU is fastest while it fits in its cache.
_MOST, _MOST_ON_CPU = 256 << 20, 2 << 20
