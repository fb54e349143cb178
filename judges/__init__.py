"""The judges; importing this package registers them all and loads no model code."""

from . import baselines, grammars, replay

__all__ = ["baselines", "grammars", "replay"]
