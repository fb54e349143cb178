"""VBench's published ranges and weights, by which dimensions become three scores.

Facts of https://github.com/Vchitect/VBench (commit 45e79ec), ``scripts/constant.py`` and
``scripts/cal_final_score.py``; Huang et al. 2024, arXiv 2311.17982.
"""

from __future__ import annotations

from collections.abc import Mapping

RANGES: Mapping[str, tuple[float, float]] = {
    "subject_consistency": (0.1462, 1.0),
    "background_consistency": (0.2615, 1.0),
    "temporal_flickering": (0.6293, 1.0),
    "motion_smoothness": (0.706, 0.9975),
    "dynamic_degree": (0.0, 1.0),
    "aesthetic_quality": (0.0, 1.0),
    "imaging_quality": (0.0, 1.0),
    "object_class": (0.0, 1.0),
    "multiple_objects": (0.0, 1.0),
    "human_action": (0.0, 1.0),
    "color": (0.0, 1.0),
    "spatial_relationship": (0.0, 1.0),
    "scene": (0.0, 0.8222),
    "appearance_style": (0.0009, 0.2855),
    "temporal_style": (0.0, 0.364),
    "overall_consistency": (0.0, 0.364),
}
"""The value of each dimension that counts as 0, and the one that counts as 1."""
QUALITY = tuple(RANGES)[:7]
"""What the quality score is made of; all others make the semantic score."""
WEIGHTS: Mapping[str, float] = {name: 0.5 if name == "dynamic_degree" else 1.0 for name in RANGES}
PARTS: Mapping[str, float] = {"quality": 4.0, "semantic": 1.0}
"""What the two count in the total."""


def shares() -> dict[str, dict[str, float]]:
    """What each dimension, once in its range, counts in ``quality``, ``semantic`` and ``total``.

    >>> round(shares()["total"]["dynamic_degree"], 4)
    0.0615
    """
    found: dict[str, dict[str, float]] = {}
    for part in PARTS:
        own = {d: w for d, w in WEIGHTS.items() if (d in QUALITY) == (part == "quality")}
        found[part] = {d: w / sum(own.values()) for d, w in own.items()}
    found["total"] = {
        dimension: share * PARTS[part] / sum(PARTS.values())
        for part in PARTS
        for dimension, share in found[part].items()
    }
    return found
