"""The judges of the UnifiedReward family: one a public checkpoint, made from its preset."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...harness.registry import judge
from ..vlm import VisionLanguageJudge
from .presets import PRESETS, Preset, find_preset

DEFAULT = replace(
    find_preset("unifiedreward-qwen-7b"),
    name="unifiedreward",
    summary="The family's default checkpoint, UnifiedReward-qwen-7b (arXiv 2503.05236).",
)
"""The judge that is meant where only the family is named."""


def judge_of(preset: Preset) -> type[VisionLanguageJudge]:
    """The judge class of a preset: ``transformers`` with the preset's values as defaults."""
    usual = preset.questions[0]
    content = {
        "__doc__": f"{preset.summary}\n\nTakes the arguments of ``transformers``.",
        "__module__": __name__,
        "__annotations__": {"path": "str", "max_pixels": "int"},
        "path": preset.checkpoint,
        "max_pixels": preset.max_pixels,
        "ways": preset.questions,
        "preset": preset,
        "template_arguments": preset.chat,
        "supports": usual.supports,
        "grammar": usual.grammar,
    }
    return dataclass(type(preset.name, (VisionLanguageJudge,), content))


JUDGES = {preset.name: judge(preset.name)(judge_of(preset)) for preset in (DEFAULT, *PRESETS)}
