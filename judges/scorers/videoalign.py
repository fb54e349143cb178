"""Checkpoints in VideoAlign's layout: a Qwen2-VL backbone with a value head, and its settings.

``model_config.json`` says what the backbone is, how its adapters are scaled and what scores are
normalised by; the tensors of backbone, adapters and head are in one file. Layout:
https://github.com/KwaiVGI/VideoAlign (``inference.py``, ``train_reward.py``, ``utils.py``).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...harness.errors import UserError

HEAD = "rm_head.weight"
SETTINGS = "model_config.json"

_ADAPTED = re.compile(r"(.+)\.lora_A\.default\.weight")
# the parts of a backbone under older and newer names of transformers, the more special first
_PARTS = (
    ("model.language_model.", "language_model."),
    ("model.visual.", "visual."),
    ("visual.", "visual."),
    ("model.", "language_model."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``model_config.json`` says.

    ``backbone``: folder or hub id of the model that was trained. ``adapters``: what the product of
    an adapter's matrices is multiplied with. ``normal``: mean and deviation of each dimension's
    scores, empty if the file has none. ``fps`` and ``max_pixels``: how videos are shown.
    """

    backbone: str
    adapters: float
    normal: Mapping[str, tuple[float, float]]
    fps: float
    max_pixels: int


def read_settings(file: Path, dimensions: Sequence[str]) -> Settings:
    """Read ``model_config.json``.

    Raises:
        UserError: it is missing or damaged, or of a kind of checkpoint that is not read here.
    """
    if not file.is_file():
        raise UserError(f"there is no {file}; put the checkpoint's {SETTINGS} there")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        model, data = content["model_config"], content.get("data_config") or {}
        lora = content.get("peft_lora_config") or {}
        normal = content.get("inference_config") or {}
        found = Settings(
            str(model["model_name_or_path"]),
            _scale(lora) if lora.get("lora_enable") else 1.0,
            {d: (float(normal[f"{d}_mean"]), float(normal[f"{d}_std"])) for d in dimensions}
            if normal
            else {},
            float(data.get("fps") or 2.0),
            int(data.get("max_frame_pixels") or 448 * 448),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{file} is not VideoAlign's {SETTINGS} ({type(error).__name__}: {error}); check path="
        ) from None
    if not model.get("use_special_tokens"):
        raise UserError(
            f"{file}: only checkpoints that score at special tokens (use_special_tokens) are read"
        )
    return found


def _scale(lora: Mapping[str, Any]) -> float:
    rank, alpha = float(lora["lora_r"]), float(lora["lora_alpha"])
    return alpha / (math.sqrt(rank) if lora.get("use_rslora") else rank)


def backbone_and_head(
    state: Mapping[str, Any], adapters: float, source: str
) -> tuple[dict[str, Any], Any]:
    """The backbone's tensors as transformers names them, adapters merged; and the head's.

    Args:
        state: the checkpoint's tensors, as PEFT or transformers name them.
        adapters: what the product of an adapter's matrices is multiplied with.
        source: where they are from, for errors.

    Raises:
        UserError: there is no head, or an adapter is not one of a linear layer.
    """
    whole = _merged({_plain(name): state[name] for name in state}, adapters)
    if left := sorted(name for name in whole if ".lora_" in name):
        raise UserError(
            f"{source} has adapters that are not understood ({left[0]}, ...); merge them into the"
            " model's weights first"
        )
    if HEAD not in whole:
        raise UserError(f"{source} lacks {HEAD}, its value head; download it again")
    found = {}
    for name, tensor in whole.items():
        old, new = next((pair for pair in _PARTS if name.startswith(pair[0])), ("", ""))
        if old:
            found[new + name.removeprefix(old)] = tensor
    return found, whole[HEAD]


def _plain(name: str) -> str:
    """The name without what PEFT puts around the model and around modules trained as a whole."""
    return name.removeprefix("base_model.model.").replace(".modules_to_save.default.", ".")


def _merged(state: dict[str, Any], scale: float) -> dict[str, Any]:
    """The weights with their adapters added: W + scale * B A."""
    found = dict(state)
    for layer in [match[1] for name in state if (match := _ADAPTED.fullmatch(name))]:
        down = found.pop(f"{layer}.lora_A.default.weight")
        up = found.pop(f"{layer}.lora_B.default.weight", None)
        base = found.pop(f"{layer}.base_layer.weight", None)
        if up is None or base is None:
            raise UserError(f"{layer} has an adapter without its other half or its weight")
        found[f"{layer}.weight"] = base.float() + scale * (up.float() @ down.float())
    return {name.replace(".base_layer.", "."): tensor for name, tensor in found.items()}
