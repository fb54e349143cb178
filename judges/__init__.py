"""The judges; importing this package registers them all and loads no model code."""

from . import (
    baselines,
    bradley_terry,
    grammars,
    matching,
    nano,
    oracle,
    reader,
    replay,
    scorers,
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
    "oracle",
    "reader",
    "replay",
    "scorers",
    "vlm",
]
