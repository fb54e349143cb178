"""Where the tokens of chats stand for the language model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from .families import Family
from .inputs import Prepared

_KEPT = 1024
"""How many layouts of chats are remembered."""


class Positions:
    """Positions of padded chats; in Qwen-VL a position is a time, a row and a column.

    Those of Qwen-VL depend on where a chat has media and on their shapes, not on its words, so
    chats of one layout share them: to work them out takes longer than a small model's layer.

    Args:
        family: the model's.
        model: the model.
    """

    def __init__(self, family: Family, model: Any) -> None:
        self._family = family
        self._index: Any = getattr(model.base_model, "get_rope_index", None)
        self._known: OrderedDict[tuple[object, ...], tuple[Any, int]] = OrderedDict()

    def of(self, batch: Sequence[Prepared], inputs: Mapping[str, Any]) -> tuple[Any, Any]:
        """Positions of all tokens, and where the first token of each answer stands (chats).

        Args:
            batch: the chats.
            inputs: their tokens, padded on the left.
        """
        import torch

        mask = inputs["attention_mask"]
        if self._index is None:
            positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
            return positions, positions[:, -1] + 1
        positions = torch.zeros(3, *mask.shape, dtype=torch.long)
        following = []
        for row, prepared in enumerate(batch):
            start = mask.shape[1] - len(prepared.tokens)
            positions[:, row, start:], after = self._of_one(prepared, inputs, row, start)
            following.append(after)
        return positions, torch.tensor(following)

    def spread(self, positions: Any) -> Any:
        """Positions of tokens that are no media (chats, tokens), as the model takes them."""
        return positions if self._index is None else positions.expand(3, -1, -1)

    def _of_one(
        self, prepared: Prepared, inputs: Mapping[str, Any], row: int, start: int
    ) -> tuple[Any, int]:
        kinds = inputs["mm_token_type_ids"][row : row + 1, start:]
        places = self._family.places(prepared.images, prepared.clips)
        layout = (kinds.numpy().tobytes(), *(part.numpy().tobytes() for part in places.values()))
        known = self._known.get(layout)
        if known is None:
            ids = inputs["input_ids"][row : row + 1, start:]
            made, shifts = self._index(input_ids=ids, mm_token_type_ids=kinds, **places)
            known = self._known[layout] = made[:, 0], len(prepared.tokens) + int(shifts[0, 0])
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return known
