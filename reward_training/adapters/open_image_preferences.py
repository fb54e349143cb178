"""Open Image Preferences (OIP): which of two images of modern models did the community prefer?

https://huggingface.co/datasets/data-is-better-together/open-image-preferences-v1-binarized. A row::

    {"prompt": "8-bit pixel art of a blue knight", "chosen": <JPEG>, "rejected": <JPEG>, ...}

Columns seen: public trainers that read the set by these names (that of CHATS maps it to ``chosen``,
``rejected``, ``prompt``, images as embedded bytes); the hub's file list (data/train-*.parquet).
"""

from __future__ import annotations

from collections.abc import Iterable

from ...harness.items import Verdict
from ..preferences import Preference, content_id
from .base import Adapter, FoundRow, Layout, adapter


@adapter("oip")
class OpenImagePreferences(Adapter):
    """Pairs of generated images, the preferred one first."""

    layout = Layout(
        hub="data-is-better-together/open-image-preferences-v1-binarized",
        columns={
            "prompt": "the text",
            "chosen": "the preferred image",
            "rejected": "the other image",
        },
        seen="public trainers that read it by these names; the hub's file list",
        verified=True,
    )

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """One pair a row."""
        prompt = row.text("prompt").strip()
        chosen, rejected = row.media("chosen", "image"), row.media("rejected", "image")
        yield Preference(
            id=content_id(prompt, chosen, rejected),
            source="oip",
            modality="image",
            objective="generation",
            prompt=prompt,
            candidates=(chosen, rejected),
            verdict=Verdict.FIRST,
        )
