"""CLIP as `open_clip` writes it, read as transformers' ``CLIPModel``.

Both name the same tensors. What open_clip has otherwise: queries, keys and values are one matrix
(``in_proj``, in this order), the two projections into the shared space are applied from the left
(so they are transposed here), and some embeddings are bare tensors. Layout:
https://github.com/mlfoundations/open_clip, ``src/open_clip/transformer.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...harness.errors import UserError

_NAMES = {
    "logit_scale": "logit_scale",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    # transformers' own name of it has this typing error
    "visual.ln_pre.weight": "vision_model.pre_layrnorm.weight",
    "visual.ln_pre.bias": "vision_model.pre_layrnorm.bias",
    "visual.ln_post.weight": "vision_model.post_layernorm.weight",
    "visual.ln_post.bias": "vision_model.post_layernorm.bias",
}
_TRANSPOSED = {
    "text_projection": "text_projection.weight",
    "visual.proj": "visual_projection.weight",
}
_PARTS = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
_BLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+?)[._](weight|bias)")


def converted(state: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors under the names and in the shapes of transformers; unknown ones are left out."""
    return {ours: tensor for name in state for ours, tensor in _converted(name, state[name])}


def _converted(name: str, tensor: Any) -> Iterator[tuple[str, Any]]:
    if name in _NAMES:
        yield _NAMES[name], tensor
    elif name in _TRANSPOSED:
        yield _TRANSPOSED[name], tensor.T.contiguous()
    elif block := _BLOCK.fullmatch(name):
        visual, number, part, kind = block.groups()
        layer = f"{'vision' if visual else 'text'}_model.encoder.layers.{number}"
        if part == "attn.in_proj":
            for letter, third in zip("qkv", tensor.chunk(3), strict=True):
                yield f"{layer}.self_attn.{letter}_proj.{kind}", third.contiguous()
        elif part in _PARTS:
            yield f"{layer}.{_PARTS[part]}.{kind}", tensor


def configuration(state: Mapping[str, Any], *, heads: tuple[int, int], source: str) -> Any:
    """The model's configuration, as the shapes of its tensors tell it.

    Args:
        state: tensors under open_clip's names.
        heads: attention heads of the text and of the image encoder, which no shape tells.
        source: where the tensors are from, for errors.

    Raises:
        UserError: they are not those of an open_clip ViT.
    """
    from transformers import CLIPConfig

    try:
        vocabulary, width = state["token_embedding.weight"].shape
        wide, _, patch, _ = state["visual.conv1.weight"].shape
        side = round((len(state["visual.positional_embedding"]) - 1) ** 0.5)
        text = {
            "vocab_size": vocabulary,
            "hidden_size": width,
            "intermediate_size": len(state["transformer.resblocks.0.mlp.c_fc.weight"]),
            "num_hidden_layers": _layers(state, "transformer.resblocks."),
            "num_attention_heads": heads[0],
            "max_position_embeddings": len(state["positional_embedding"]),
            "bos_token_id": vocabulary - 2,
            # a text's features are taken at its end token, the last of the vocabulary
            "eos_token_id": vocabulary - 1,
            "hidden_act": "gelu",
        }
        vision = {
            "hidden_size": wide,
            "intermediate_size": len(state["visual.transformer.resblocks.0.mlp.c_fc.weight"]),
            "num_hidden_layers": _layers(state, "visual.transformer.resblocks."),
            "num_attention_heads": heads[1],
            "patch_size": patch,
            "image_size": side * patch,
            "hidden_act": "gelu",
        }
        shared = state["text_projection"].shape[1]
    except (KeyError, ValueError) as error:
        raise UserError(
            f"{source} is no open_clip ViT: it lacks a tensor, or one has another shape ({error});"
            " check path="
        ) from None
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=shared)


def _layers(state: Mapping[str, Any], start: str) -> int:
    return len({name.split(".")[start.count(".")] for name in state if name.startswith(start)})
