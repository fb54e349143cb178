"""The curves of the two courses, as a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# What is drawn of all that is known: from what is learnt first to what is learnt last.
_SEEN = ("colour", "shape", "size", "motion", "flaw")
_READ = ("colour", "cells", "path", "count", "sides", "motion", "jerk", "holds", "answer", "judged")
_TITLES = {"seen": "vision: what is right at a token", "read": "language: what is right at a word"}


def draw(folder: Path) -> Path:
    """Draw ``seen.jsonl`` and ``read.jsonl`` of a folder into its ``courses.png``."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 2, sharex="row", sharey=True)
    for row, (course, names) in zip(panels, (("seen", _SEEN), ("read", _READ)), strict=True):
        text = (folder / f"{course}.jsonl").read_text(encoding="utf-8")
        points = [json.loads(line) for line in text.splitlines()]
        for panel, shown in zip(row, ("picture", "film"), strict=True):
            _curves(panel, points, shown, names)
            panel.set_title(f"{_TITLES[course]}, {shown}s", fontsize=10)
            panel.set_ylim(0, 1)
            panel.grid(alpha=0.3)
            panel.set_xlabel("step")
    path = folder / "courses.png"
    figure.savefig(path, dpi=110)
    return path


def _curves(panel: Any, points: list[dict[str, float]], shown: str, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        found = [(p["step"], p[f"{shown} {name}"]) for p in points if f"{shown} {name}" in p]
        if found and not (shown == "picture" and name == "motion"):
            steps, right = zip(*found, strict=True)
            panel.plot(steps, right, label=name, color=f"C{number}", linewidth=1.3)
    panel.legend(fontsize=8, loc="lower right", ncols=2)
