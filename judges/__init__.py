"""The judges; importing this package registers them all and loads no model code."""

from . import baselines, bradley_terry, grammars, nano, oracle, replay, vlm

__all__ = ["baselines", "bradley_terry", "grammars", "nano", "oracle", "replay", "vlm"]
