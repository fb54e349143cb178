"""Public preference sets, each in its published layout; importing this registers them all."""

from . import (
    answer_pairs,
    evalmuse,
    hpd,
    lift_hra,
    llava_critic,
    open_image_preferences,
    plain_jsonl,
    sharegptvideo,
    videodpo,
    videofeedback,
)
from .base import ADAPTERS, Adapter, BadRowError, FoundRow, Layout, adapter, get_adapter
from .read import read

__all__ = [
    "ADAPTERS",
    "Adapter",
    "BadRowError",
    "FoundRow",
    "Layout",
    "adapter",
    "answer_pairs",
    "evalmuse",
    "get_adapter",
    "hpd",
    "lift_hra",
    "llava_critic",
    "open_image_preferences",
    "plain_jsonl",
    "read",
    "sharegptvideo",
    "videodpo",
    "videofeedback",
]
