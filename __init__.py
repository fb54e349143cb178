"""Measure, train and use multimodal reward models.

The names below are the public API; importing the package loads none of them until they are used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .harness.errors import MediaError, UserError
    from .harness.items import (
        FOUR_WAY,
        SCORE,
        THREE_WAY,
        TWO_WAY,
        Media,
        Mixed,
        Output,
        PairItem,
        PointItem,
        PromptItem,
        QuestionItem,
        Request,
        Status,
        Verdict,
    )
    from .harness.judge import Supports
    from .harness.judgements import Judgements
    from .harness.media import load_image
    from .harness.metrics import pairwise_measures
    from .harness.model import Takes
    from .harness.parsing import Asked, Parsed, grammar
    from .harness.pointwise import Points, pointwise_measures
    from .harness.registry import judge, model, task
    from .harness.run import run
    from .harness.statistics import Figure
    from .harness.task import Data, HubSource
    from .harness.video import sample_frames
    from .tasks.reading import media, rows

_HOME = {
    "errors": ("MediaError", "UserError"),
    "items": (
        *("FOUR_WAY", "SCORE", "THREE_WAY", "TWO_WAY", "Media", "Mixed", "Output", "PairItem"),
        *("PointItem", "PromptItem", "QuestionItem", "Request", "Status", "Verdict"),
    ),
    "judge": ("Supports",),
    "judgements": ("Judgements",),
    "media": ("load_image",),
    "metrics": ("pairwise_measures",),
    "model": ("Takes",),
    "parsing": ("Asked", "Parsed", "grammar"),
    "pointwise": ("Points", "pointwise_measures"),
    "registry": ("judge", "model", "task"),
    "run": ("run",),
    "statistics": ("Figure",),
    "task": ("Data", "HubSource"),
    "video": ("sample_frames",),
}
_MODULES = {name: f".harness.{module}" for module, names in _HOME.items() for name in names}
_MODULES |= {"media": ".tasks.reading", "rows": ".tasks.reading"}

__all__ = [
    "FOUR_WAY",
    "SCORE",
    "THREE_WAY",
    "TWO_WAY",
    "Asked",
    "Data",
    "Figure",
    "HubSource",
    "Judgements",
    "Media",
    "MediaError",
    "Mixed",
    "Output",
    "PairItem",
    "Parsed",
    "PointItem",
    "Points",
    "PromptItem",
    "QuestionItem",
    "Request",
    "Status",
    "Supports",
    "Takes",
    "UserError",
    "Verdict",
    "grammar",
    "judge",
    "load_image",
    "media",
    "model",
    "pairwise_measures",
    "pointwise_measures",
    "rows",
    "run",
    "sample_frames",
    "task",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name], __name__), name)
