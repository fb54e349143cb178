"""Vision towers of Qwen-VL, made faster without changing what they compute.

transformers computes their attention picture by picture and window by window, unless it is flash
attention. For small or many ones that costs more than attention itself. Here all of one length are
computed together. And it embeds patches by a convolution whose window is the whole patch, which is
a matrix product, but much slower.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

# transformers hands over where pictures begin only to implementations with "flash" in their name
_NAME = "flash_of_equal_lengths"


def attend_at_once(model: Any) -> None:
    """Let a Qwen-VL model's tower look at pictures of equal size in one go; same numbers.

    Other models, and attention that was asked for by another name than ``sdpa``, stay as they are.
    """
    from transformers.modeling_utils import AttentionInterface

    tower = getattr(model.base_model, "visual", None)
    if tower is not None and tower.config._attn_implementation == "sdpa":
        AttentionInterface.register(_NAME, _attend)
        tower.config._attn_implementation_internal = _NAME


def embed_at_once(model: Any) -> None:
    """Let a Qwen-VL model's tower embed patches by one matrix product; for use, not training."""
    from torch.nn import Conv3d
    from torch.nn.functional import linear

    tower: Any = getattr(model.base_model, "visual", None)
    conv: Any = getattr(getattr(tower, "patch_embed", None), "proj", None)
    # a part with a hook of accelerate moves its inputs between devices
    if type(conv) is Conv3d and conv.kernel_size == conv.stride and not hasattr(conv, "_hf_hook"):
        conv.forward = lambda patches: linear(patches.flatten(1), conv.weight.flatten(1), conv.bias)


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

    _, heads, patches, size = query.shape
    groups = _groups(cu_seq_lens_q)
    if len(groups) == 1:
        (pictures,) = groups
        shape = heads, *pictures.shape, size
        query, key, value = (p[0].reshape(shape).transpose(0, 1) for p in (query, key, value))
        seen = scaled_dot_product_attention(query, key, value, scale=scaling)
        return seen.transpose(1, 2).reshape(1, patches, heads, size), None
    whole = query.new_empty(1, patches, heads, size)
    for pictures in groups:
        q, k, v = (part[0][:, pictures].transpose(0, 1) for part in (query, key, value))
        seen = scaled_dot_product_attention(q, k, v, scale=scaling)
        whole[0, pictures] = seen.transpose(1, 2)
    return whole, None


def _groups(starts: Any) -> list[Any]:
    """The places of patches of pictures (pictures, patches), for each length that they have.

    Args:
        starts: where each picture begins, and where the last one ends.
    """
    import torch

    # all layers get the same tensor, and to look at it makes a GPU wait
    known: list[Any] | None = getattr(starts, "_groups", None)
    if known is None:
        ends = starts.tolist()
        by_length = defaultdict(list)
        for start, end in pairwise(ends):
            by_length[end - start].append(start)
        known = [
            torch.tensor(each, device=starts.device)[:, None]
            + torch.arange(length, device=starts.device)
            for length, each in by_length.items()
        ]
        starts._groups = known
    return known
