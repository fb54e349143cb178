"""The benchmarks, one file each; importing this package registers them all."""

from . import (
    genai_bench,
    grade_formats,
    livebench,
    llava_bench,
    longvideobench,
    mlvu,
    mmhal_bench,
    multiple_choice,
    preferences,
    video_mme,
    video_qa,
    videogen_rewardbench,
    vl_rewardbench,
    wildvision_bench,
)

__all__ = [
    "genai_bench",
    "grade_formats",
    "livebench",
    "llava_bench",
    "longvideobench",
    "mlvu",
    "mmhal_bench",
    "multiple_choice",
    "preferences",
    "video_mme",
    "video_qa",
    "videogen_rewardbench",
    "vl_rewardbench",
    "wildvision_bench",
]
