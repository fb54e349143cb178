"""The last layer of a language model, computed for the last position alone.

What the last layer makes of earlier positions is never used where only what follows a text is
asked: the head looks at the last position. The layer's keys and values are needed of all, but its
projection after attention and its feed-forward network are most of its work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

_PLAIN = {
    "LlamaDecoderLayer",
    "Qwen2DecoderLayer",
    "Qwen2VLDecoderLayer",
    "Qwen2_5_VLDecoderLayer",
    "Qwen3DecoderLayer",
    "Qwen3VLTextDecoderLayer",
}
"""Layers that add what these two parts make to what came in, position by position."""


class LastPosition:
    """Lets a model's last layer be right at the last position only, when asked to.

    A model whose layers are not known always computes all of them.

    Args:
        model: the model.
    """

    def __init__(self, model: Any) -> None:
        self._thread = local()
        layers = getattr(getattr(model.base_model, "language_model", None), "layers", [None])
        if type(layers[-1]).__name__ in _PLAIN:
            for part in (layers[-1].self_attn.o_proj, layers[-1].mlp):
                part.register_forward_pre_hook(self._cut)

    @contextmanager
    def only(self) -> Iterator[None]:
        """Within, hidden states of other positions are of no use; in this thread alone."""
        self._thread.only = True
        try:
            yield
        finally:
            self._thread.only = False

    def _cut(self, module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Only the last position's states; what is made of them is then added to all."""
        if not getattr(self._thread, "only", False):
            return None
        states, *rest = inputs
        return (states[:, -1:], *rest)
