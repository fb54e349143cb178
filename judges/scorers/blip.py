"""BLIP's image and text encoders as ImageReward stores them, read as those of transformers.

The text encoder has the same names in both. The image encoder is a ViT under timm's names. Layout:
https://github.com/salesforce/BLIP, ``models/vit.py`` and ``models/med.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...harness.errors import UserError

_NAMES = {
    "cls_token": "embeddings.class_embedding",
    "pos_embed": "embeddings.position_embedding",
    "patch_embed.proj.weight": "embeddings.patch_embedding.weight",
    "patch_embed.proj.bias": "embeddings.patch_embedding.bias",
    "norm.weight": "post_layernorm.weight",
    "norm.bias": "post_layernorm.bias",
}
_PARTS = {
    "norm1": "layer_norm1",
    "norm2": "layer_norm2",
    "attn.qkv": "self_attn.qkv",
    "attn.proj": "self_attn.projection",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}
_BLOCK = re.compile(r"blocks\.(\d+)\.(.+)\.(weight|bias)")
_EPSILON = 1e-6  # of the image encoder's layer norms; transformers' default is another


def part(state: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The tensors of a part of a model, under their names in it."""
    start = f"{name}."
    return {key.removeprefix(start): state[key] for key in state if key.startswith(start)}


def vision(state: Mapping[str, Any]) -> dict[str, Any]:
    """The image encoder's tensors under transformers' names; unknown ones are left out."""
    found = {}
    for name, tensor in state.items():
        block = _BLOCK.fullmatch(name)
        if name in _NAMES:
            found[_NAMES[name]] = tensor
        elif block and block[2] in _PARTS:
            found[f"encoder.layers.{block[1]}.{_PARTS[block[2]]}.{block[3]}"] = tensor
    return found


def vision_configuration(state: Mapping[str, Any], *, heads: int, source: str) -> Any:
    """The image encoder's configuration, as the shapes of its tensors tell it.

    Args:
        state: its tensors under BLIP's names.
        heads: its attention heads, which no shape tells.
        source: where the tensors are from, for errors.

    Raises:
        UserError: they are not those of a ViT.
    """
    from transformers import BlipVisionConfig

    try:
        width, _, patch, _ = state["patch_embed.proj.weight"].shape
        side = round((state["pos_embed"].shape[1] - 1) ** 0.5)
        inner = len(state["blocks.0.mlp.fc1.weight"])
    except (KeyError, ValueError, IndexError) as error:
        raise UserError(
            f"{source} is no BLIP model: its image encoder lacks a tensor, or one has another shape"
            f" ({error}); check path="
        ) from None
    layers = {block[1] for name in state if (block := _BLOCK.fullmatch(name))}
    return BlipVisionConfig(
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=len(layers),
        num_attention_heads=heads,
        image_size=side * patch,
        patch_size=patch,
        hidden_act="gelu",
        layer_norm_eps=_EPSILON,
    )


def text_configuration(settings: Mapping[str, Any], *, seen: int) -> Any:
    """The text encoder's configuration.

    Args:
        settings: the content of ``med_config.json``.
        seen: width of the image encoder, which the file does not know.
    """
    from transformers import BlipTextConfig

    names = (
        *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "hidden_act"),
        *("num_attention_heads", "max_position_embeddings", "layer_norm_eps", "pad_token_id"),
    )
    known = {name: settings[name] for name in names if name in settings}
    # transformers gives cross-attention only to a decoder; it is called as an encoder all the same
    return BlipTextConfig(**known, encoder_hidden_size=seen, is_decoder=True)
