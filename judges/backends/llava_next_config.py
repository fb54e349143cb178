"""What a LLaVA-NeXT checkpoint is, in the words of transformers' LLaVA-OneVision.

Its ``config.json`` is a flat Qwen2 configuration with ``mm_...`` keys beside. Of the vision tower
it tells only the name, so the tower's sizes come from the shapes of its tensors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import product
from math import isqrt
from typing import Any

from ...harness.errors import UserError

VISION = "model.vision_tower.vision_tower.vision_model."
"""How the names of the vision tower's tensors start."""

Shapes = Mapping[str, tuple[int, ...]]

_LANGUAGE = (
    *("hidden_act", "initializer_range", "max_position_embeddings", "rms_norm_eps"),
    *("rope_theta", "rope_parameters", "sliding_window", "use_sliding_window", "max_window_layers"),
    *("attention_dropout", "use_cache", "bos_token_id", "eos_token_id", "pad_token_id"),
)
# LLaVA-NeXT takes SigLIP so400m, of 27 layers, without the last: that is deleted when the tower is
# made, and what comes before it is the tower's output.
_SO400M, _SO400M_LAYERS = 1152, 26
# Heads leave no trace in shapes. By width, as in Google's SigLIP towers: base, large, so400m.
_VISION_HEADS = {768: 12, 1024: 16, _SO400M: 16}
# LLaVA-NeXT prepares pictures for every SigLIP tower in this size.
_USUAL_SIZE = 384


def is_llava_next(config: Mapping[str, Any]) -> bool:
    """Whether a ``config.json`` is one of LLaVA-NeXT's code, not of transformers.

    Those of other language models than Qwen2 are recognised too; loading them says why it cannot
    be done.
    """
    architectures = config.get("architectures") or []
    return (
        config.get("model_type") == "llava_qwen"
        or "mm_vision_tower" in config
        or any(str(name).startswith("LlavaQwen") for name in architectures)
    )


def onevision_config(
    config: Mapping[str, Any], shapes: Shapes, media_tokens: tuple[int, int], place: str
) -> Any:
    """The checkpoint's ``LlavaOnevisionConfig``.

    What does not change from one checkpoint to the next (the tower's last layer and head are
    dropped, the features of all patches are taken after its last layer, the projector is two
    layers with GELU) is as in transformers' script ``convert_llava_onevision_weights_to_hf.py``
    and LLaVA-NeXT's ``multimodal_encoder/siglip_encoder.py``.

    Args:
        config: content of ``config.json``.
        shapes: of all tensors, under LLaVA-NeXT's names.
        media_tokens: ids of the tokens that stand for pieces of an image and of a video.
        place: names the checkpoint in errors.

    Raises:
        UserError: another architecture, another way to show images, or a size is not known.
    """
    from transformers import LlavaOnevisionConfig

    _check(config, place)
    vision = _vision(config, shapes, place)
    grid = grid_pinpoints(config.get("image_grid_pinpoints"), vision["image_size"], place)
    image_token, video_token = media_tokens
    return LlavaOnevisionConfig(
        text_config=_language(config, shapes, media_tokens, place),
        vision_config=vision,
        image_token_index=image_token,
        video_token_index=video_token,
        image_grid_pinpoints=grid,
        vision_aspect_ratio=_aspect_ratio(config, grid, vision["image_size"], place),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        projector_hidden_act="gelu",
        tie_word_embeddings=is_tied(config, shapes),
        dtype=config.get("dtype") or config.get("torch_dtype"),
    )


def is_tied(config: Mapping[str, Any], shapes: Shapes) -> bool:
    """Whether the output layer is the table of embeddings: said so, or it has no tensor."""
    return bool(config.get("tie_word_embeddings")) or "lm_head.weight" not in shapes


def knows_videos(config: Mapping[str, Any]) -> bool:
    """Whether the checkpoint sees videos as LLaVA-OneVision does.

    That is: each frame pooled two by two with bilinear weights, and one line break after the last
    frame. (LLaVA-Video puts one at the end of each line of patches, for example.)
    """
    return (
        config.get("mm_newline_position", "one_token") == "one_token"
        and config.get("mm_spatial_pool_mode", "bilinear") == "bilinear"
        and not config.get("add_faster_video")
    )


def grid_pinpoints(given: object, size: int, place: str) -> list[list[int]]:
    """The sizes in tiles that an image may be brought to, as (height, width) in pixels.

    LLaVA-NeXT writes a list of (width, height), or a string as ``"(1x1),...,(6x6)"``: the first and
    the last number of tiles in each direction, with all that lie between.

    Args:
        given: the configuration's ``image_grid_pinpoints``.
        size: pixels along a tile.
        place: names the checkpoint in errors.

    Raises:
        UserError: it is neither, or a size is not a whole number of tiles.
    """
    corners = re.findall(r"\((\d+)\s*x\s*(\d+)\)", given) if isinstance(given, str) else []
    if corners:
        (left, top), (right, bottom) = [(int(w), int(h)) for w, h in (corners[0], corners[-1])]
        widths, heights = range(left, right + 1), range(top, bottom + 1)
        sizes: Any = [[width * size, height * size] for width, height in product(widths, heights)]
    else:
        sizes = _json(given) if isinstance(given, str) else given
    if not sizes or not isinstance(sizes, list) or not all(_fits(pair, size) for pair in sizes):
        raise UserError(
            f"{place}: image_grid_pinpoints in config.json is {str(given)[:80]!r}, but must be"
            f' pairs of width and height, each a multiple of {size}, or like "(1x1),...,(6x6)"'
        )
    return [[height, width] for width, height in sizes]


def _fits(pair: object, size: int) -> bool:
    return (
        isinstance(pair, Sequence)
        and len(pair) == 2
        and all(isinstance(edge, int) and edge > 0 and edge % size == 0 for edge in pair)
    )


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value


def _check(config: Mapping[str, Any], place: str) -> None:
    """Refuse what transformers' LLaVA-OneVision would run as something else."""
    architecture = next(iter(config.get("architectures") or []), "LlavaQwenForCausalLM")
    must_be = {
        "architectures": (architecture, "LlavaQwenForCausalLM"),
        "mm_projector_type": (config.get("mm_projector_type", "mlp2x_gelu"), "mlp2x_gelu"),
        "mm_patch_merge_type": (config.get("mm_patch_merge_type", "flat"), "spatial_unpad"),
        "mm_resampler_type": (config.get("mm_resampler_type"), None),
    }
    for key, (found, known) in must_be.items():
        if found != known:
            raise UserError(
                f"{place} is a LLaVA-NeXT checkpoint with {key} '{found}', but only"
                f" '{known or 'none'}' can be run; use a copy of it in transformers' own format"
            )


def _aspect_ratio(config: Mapping[str, Any], grid: list[list[int]], size: int, place: str) -> str:
    given = str(config.get("image_aspect_ratio"))
    if re.fullmatch(r"anyres_max_[1-9]\d*", given):
        return given
    if given == "anyres":  # without a limit: as many tiles as the largest size has
        return f"anyres_max_{max(height * width for height, width in grid) // size**2}"
    raise UserError(
        f"{place}: image_aspect_ratio in config.json is '{given}', but only 'anyres' and"
        " 'anyres_max_N' can be run; use a copy of it in transformers' own format"
    )


def _language(
    config: Mapping[str, Any], shapes: Shapes, media_tokens: tuple[int, int], place: str
) -> dict[str, Any]:
    """Qwen2's configuration; LLaVA-NeXT's code ignores ``rope_scaling``, and so does this."""
    rows, width = _shape(shapes, "model.embed_tokens.weight", place)
    inner, _ = _shape(shapes, "model.layers.0.mlp.gate_proj.weight", place)
    keys, _ = _shape(shapes, "model.layers.0.self_attn.k_proj.weight", place)
    if not (heads := config.get("num_attention_heads")):
        raise UserError(
            f"{place}: config.json has no num_attention_heads, which no tensor tells; add it"
        )
    return {
        "model_type": "qwen2",
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": config.get("num_hidden_layers") or _layers(shapes, "model.layers."),
        "num_attention_heads": heads,
        "num_key_value_heads": keys * heads // width,
        "vocab_size": max(rows, *(token + 1 for token in media_tokens)),
        **{key: config[key] for key in _LANGUAGE if config.get(key) is not None},
    }


def _vision(config: Mapping[str, Any], shapes: Shapes, place: str) -> dict[str, Any]:
    """SigLIP's configuration."""
    if not any(name.startswith(VISION) for name in shapes):
        raise UserError(
            f"{place} has no vision tower in its files ({VISION}...), only its name"
            f" '{config.get('mm_vision_tower')}'; save it again with the tower's weights"
        )
    width, channels, patch, _ = _shape(shapes, f"{VISION}embeddings.patch_embedding.weight", place)
    places, _ = _shape(shapes, f"{VISION}embeddings.position_embedding.weight", place)
    inner, _ = _shape(shapes, f"{VISION}encoder.layers.0.mlp.fc1.weight", place)
    own: Mapping[str, Any] = config.get("vision_config") or {}
    heads = own.get("num_attention_heads") or _VISION_HEADS.get(width)
    if heads is None:
        raise UserError(
            f"{place}: its vision tower is {width} wide, and how many heads it has is not known;"
            ' add "vision_config": {"num_attention_heads": N} to config.json'
        )
    layers = _SO400M_LAYERS if width == _SO400M else _layers(shapes, f"{VISION}encoder.layers.")
    return {
        "model_type": "siglip_vision_model",
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_channels": channels,
        "patch_size": patch,
        "image_size": _image_size(config, isqrt(places), patch),
        "vision_use_head": False,
    }


def _image_size(config: Mapping[str, Any], side: int, patch: int) -> int:
    """Pixels along a tile of ``side`` patches; the tower leaves a rest that fills no patch."""
    own: Mapping[str, Any] = config.get("vision_config") or {}
    named = re.search(r"patch\d+-(\d+)", str(config.get("mm_vision_tower")))
    known = (own.get("image_size"), named and int(named[1]), _USUAL_SIZE)
    return next((size for size in known if size and size // patch == side), side * patch)


def _shape(shapes: Shapes, name: str, place: str) -> tuple[int, ...]:
    if name not in shapes:
        raise UserError(
            f"{place} lacks the tensor {name}, so it is incomplete or of another architecture;"
            " download it again, or use a copy in transformers' own format"
        )
    return shapes[name]


def _layers(shapes: Shapes, start: str) -> int:
    found = (name.removeprefix(start) for name in shapes if name.startswith(start))
    return 1 + max(int(rest.partition(".")[0]) for rest in found)
