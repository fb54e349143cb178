"""The judges; importing this package registers them all and loads no model code."""

from . import (
    baselines,
    bradley_terry,
    grammars,
    matching,
    nano,
    object_detector,
    oracle,
    reader,
    recorded,
    replay,
    scorers,
    shapes_detector,
    vlm,
)
from .unifiedreward import judges as family

__all__ = [
    "baselines",
    "bradley_terry",
    "family",
    "grammars",
    "matching",
    "nano",
    "object_detector",
    "oracle",
    "reader",
    "recorded",
    "replay",
    "scorers",
    "shapes_detector",
    "vlm",
]
