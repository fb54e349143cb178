"""The nano judge before it has learnt anything: a Qwen2.5-VL of 2.4 million parameters.

Pictures of 64 x 64 pixels become 16 tokens, one for each cell of the shapes world's grid; a film
of eight frames becomes 64, two frames sharing one token a cell.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from .vocabulary import END, IMAGE, PAD, VIDEO, VISION_END, VISION_START

WIDTH, LAYERS, HEAD = 192, 4, 32
VISION_WIDTH, VISION_LAYERS = 96, 3
PATCH, MERGE = 8, 2
SIDE = 64
TOKENS = (SIDE // PATCH // MERGE) ** 2
"""Tokens of a picture, or of two frames."""

# The world's own mean and spread: a dark ground becomes nearly zero.
MEAN, SPREAD = 40 / 255, 60 / 255
_MATCH, _CARRY = 0.8, 0.7


def save(model: Any, words: Any, folder: Path) -> None:
    """Write a checkpoint: tokenizer with chat template, processor, and the weights last."""
    words.save_pretrained(folder)
    _write_processor(folder)
    model.save_pretrained(folder)


def build(words: Any, seed: int) -> Any:
    """The model with random weights.

    Queries and keys begin alike, values and outputs as each other's inverse, so attention begins
    by carrying over what resembles (after Trockman and Kolter 2023, arXiv 2305.09828: weights
    that begin with the structure which trained ones have make small transformers learn sooner).
    """
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(seed)
    model = Qwen2_5_VLForConditionalGeneration(_config(words))
    with torch.no_grad():
        text = model.model.language_model
        text.embed_tokens.weight.normal_(0, 1 / math.sqrt(WIDTH))
        for layer in text.layers:
            attention = layer.self_attn
            alike, inverse = (_rotation() for _ in range(2))
            attention.q_proj.weight.copy_(_MATCH * alike)
            attention.k_proj.weight.copy_(_MATCH * alike)
            attention.v_proj.weight.copy_(_CARRY * inverse)
            attention.o_proj.weight.copy_(_CARRY * inverse.T)
            for part in (attention.q_proj, attention.k_proj, attention.v_proj):
                part.bias.zero_()
    return model


def _rotation() -> Any:
    import torch

    rotation, _ = torch.linalg.qr(torch.randn(WIDTH, WIDTH))
    return rotation


def _config(words: Any) -> Any:
    from transformers import Qwen2_5_VLConfig

    ids = words.convert_tokens_to_ids
    heads = WIDTH // HEAD
    return Qwen2_5_VLConfig(
        text_config={
            "vocab_size": math.ceil(len(words) / 32) * 32,
            "hidden_size": WIDTH,
            "intermediate_size": WIDTH * 8 // 3,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": heads,
            "num_key_value_heads": heads,
            "max_position_embeddings": 2048,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": [HEAD // 4, HEAD // 8, HEAD // 8],
            },
            "tie_word_embeddings": True,
            "bos_token_id": None,
            "eos_token_id": ids(END),
            "pad_token_id": ids(PAD),
        },
        vision_config={
            "depth": VISION_LAYERS,
            "hidden_size": VISION_WIDTH,
            "intermediate_size": 2 * VISION_WIDTH,
            "num_heads": VISION_WIDTH // HEAD,
            "patch_size": PATCH,
            "spatial_merge_size": MERGE,
            "temporal_patch_size": 2,
            "window_size": SIDE,
            "out_hidden_size": WIDTH,
            "fullatt_block_indexes": list(range(VISION_LAYERS)),
            "tokens_per_second": 4,  # at eight frames a second, one step for two frames
        },
        image_token_id=ids(IMAGE),
        video_token_id=ids(VIDEO),
        vision_start_token_id=ids(VISION_START),
        vision_end_token_id=ids(VISION_END),
        tie_word_embeddings=True,
    )


def _write_processor(folder: Path) -> None:
    from transformers import Qwen2VLImageProcessorPil

    images = Qwen2VLImageProcessorPil(
        patch_size=PATCH,
        merge_size=MERGE,
        temporal_patch_size=2,
        min_pixels=SIDE * SIDE,
        max_pixels=SIDE * SIDE,
        image_mean=[MEAN] * 3,
        image_std=[SPREAD] * 3,
    )
    images.save_pretrained(folder)
    file = folder / "preprocessor_config.json"
    settings = {**json.loads(file.read_text()), "processor_class": "Qwen2_5_VLProcessor"}
    file.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n")
