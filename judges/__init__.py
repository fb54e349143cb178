"""The judges; importing this package registers them all and loads no model code."""

from . import baselines, grammars, oracle, replay, vlm

__all__ = ["baselines", "grammars", "oracle", "replay", "vlm"]
