"""A checkpoint of a known shape with random weights, and pairs of large pictures to show it.

Used by ``judge_throughput.py``. The time that a model takes depends on its shape, not on what it
has learnt. The tokenizer is the shipped judge's, the embeddings are those of the whole vocabulary.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from unieval.judges.nano import CHECKPOINT

SHAPES: dict[str, dict[str, Any]] = {
    "tiny": {
        "text": (64, 128, 2, 4, 2, 512),
        "vision": (2, 64, 128, 4, [1]),
    },
    "3b": {
        "text": (2048, 11008, 36, 16, 2, 151936),
        "vision": (32, 1280, 3420, 16, [7, 15, 23, 31]),
    },
    "7b": {
        "text": (3584, 18944, 28, 28, 4, 152064),
        "vision": (32, 1280, 3420, 16, [7, 15, 23, 31]),
    },
}
"""Qwen2.5-VL's sizes, as its configurations on the hub give them; *tiny* is for trying it out.

Text: width, feed-forward, layers, heads, key-value heads, vocabulary. Vision: layers, width,
feed-forward, heads, layers of full attention.
"""


def save_shaped(shape: str, folder: Path, dtype: str, device: str) -> Path:
    """Write a Qwen2.5-VL checkpoint of a shape with random weights."""
    import torch
    from transformers import AutoTokenizer, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    ids = AutoTokenizer.from_pretrained(CHECKPOINT).convert_tokens_to_ids
    width, forward, layers, heads, pairs, words = SHAPES[shape]["text"]
    depth, wide, mlp, eyes, full = SHAPES[shape]["vision"]
    half = width // heads // 2
    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": width,
            "intermediate_size": forward,
            "num_hidden_layers": layers,
            "num_attention_heads": heads,
            "num_key_value_heads": pairs,
            "vocab_size": words,
            "max_position_embeddings": 32768,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1e6,
                "mrope_section": [half - 2 * (half * 3 // 8), half * 3 // 8, half * 3 // 8],
            },
            "bos_token_id": None,
            "eos_token_id": ids("<|im_end|>"),
            "pad_token_id": ids("<|endoftext|>"),
        },
        vision_config={
            "depth": depth,
            "hidden_size": wide,
            "intermediate_size": mlp,
            "num_heads": eyes,
            "out_hidden_size": width,
            "fullatt_block_indexes": full,
        },
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
        dtype=dtype,
    )
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        with torch.device(device):
            model = Qwen2_5_VLForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(before)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copyfile(CHECKPOINT / name, folder / name)
    settings = {"image_processor_type": "Qwen2VLImageProcessor", "patch_size": 14, "merge_size": 2}
    (folder / "preprocessor_config.json").write_text(
        json.dumps({**settings, "processor_class": "Qwen2_5_VLProcessor"})
    )
    return folder


def write_pairs(folder: Path, count: int, side: int) -> Path:
    """Write pairs of pictures of ``side`` pixels in GenAI-Bench's image schema."""
    import numpy as np
    from PIL import Image

    votes = ("leftvote", "rightvote", "tievote")
    rows = []
    for number in range(count):
        names = [f"{number}-{which}.png" for which in ("left", "right")]
        for place, name in enumerate(names):
            dice = np.random.default_rng((number, place))
            coarse = Image.fromarray(dice.integers(0, 256, (16, 16, 3), dtype=np.uint8))
            coarse.resize((side, side), Image.Resampling.BICUBIC).save(folder / name)
        row = {"idx": number, "prompt": f"a red square {number}", "vote_type": votes[number % 3]}
        rows.append({**row, "left_image": names[0], "right_image": names[1]})
    file = folder / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file
