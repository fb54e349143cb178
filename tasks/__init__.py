"""The benchmarks, one file each; importing this package registers them all."""

from . import genai_bench, videogen_rewardbench, vl_rewardbench

__all__ = ["genai_bench", "videogen_rewardbench", "vl_rewardbench"]
