"""Attention over many pictures of the same size at once.

transformers computes the attention of Qwen2.5-VL's vision tower picture by picture, which for many
small ones costs more than the attention itself.
"""

from __future__ import annotations

from typing import Any

# transformers hands over where pictures begin only to implementations with "flash" in their name
_NAME = "flash_of_equal_pictures"


def attend_at_once(model: Any) -> None:
    """Let a Qwen2.5-VL model look at pictures of equal size in one go; numbers stay the same."""
    from transformers.modeling_utils import AttentionInterface

    AttentionInterface.register(_NAME, _attend)
    model.model.visual.config._attn_implementation_internal = _NAME


def _attend(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    cu_seq_lens_q: Any = None,
    **ignored: Any,
) -> tuple[Any, None]:
    """Attention within each picture; query, key and value: (1, heads, all patches, head size)."""
    from torch.nn.functional import scaled_dot_product_attention

    pictures = cu_seq_lens_q.numel() - 1
    _, heads, patches, size = query.shape
    query, key, value = (
        part[0].reshape(heads, pictures, patches // pictures, size).transpose(0, 1)
        for part in (query, key, value)
    )
    seen = scaled_dot_product_attention(query, key, value, scale=scaling)
    return seen.permute(0, 2, 1, 3).reshape(1, patches, heads, size), None
