"""The benchmarks, one file each; importing this package registers them all."""

from . import genai_bench, preferences, videogen_rewardbench, vl_rewardbench

__all__ = ["genai_bench", "preferences", "videogen_rewardbench", "vl_rewardbench"]
