"""VBench: what VBench's own program found in sixteen dimensions, as quality, semantic and total.

Huang et al. 2024, arXiv 2311.17982; https://github.com/Vchitect/VBench (commit 45e79ec). The data
are its list of prompts, ``VBench_full_info.json``; one item is a prompt in one of its dimensions::

    {"prompt_en": "In a still frame, a stop sign", "dimension": ["temporal_flickering"]}

The measuring is done by VBench's own program, and read from the ``*_eval_results.json`` that it
writes::

    unieval run --model vbench-results --model-arg path=X_eval_results.json --judge as-recorded
                --task vbench --data VBench_full_info.json

A dimension's figure is the one that the program reports; its interval comes from resampling
prompts. ``quality``, ``semantic`` and ``total`` put the dimensions together by the published ranges
and weights. A dimension without results is an error that names it; with ``--task-arg partial=yes``
the figures are ``quality_partial`` and so on, over the ``dimensions`` that are there, the weights
of the others left out. (VBench's own script takes a missing dimension as 0.)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..harness.errors import UserError
from ..harness.grades import Grades
from ..harness.items import Kind, Modality, Objective, PromptItem, Status
from ..harness.metrics import Measure
from ..harness.parsing import UNPARSED, Asked, Parsed, grammar, numbers
from ..harness.registry import task
from ..harness.statistics import Figure, Floats
from ..harness.task import Data
from .asking import Asks
from .measured import Measuring
from .reading import Progress, rows, text
from .vbench_ranges import RANGES, shares

Columns = tuple[Floats, Floats]


@grammar("vbench")
def vbench(text: str, asked: Asked) -> Parsed:
    """``{"score": 0.97, ...}``."""
    try:
        found = numbers([json.loads(text)["score"]])
    except (ValueError, KeyError, TypeError, RecursionError):
        return UNPARSED
    return UNPARSED if found is None else Parsed(Status.OK, scores=found)


@task("vbench")
class VBench(Asks):
    """VBench: 946 prompts for videos in 16 dimensions, as measured by VBench's own program."""

    name = "vbench"
    kind: Kind = "prompt"
    modality: Modality | None = "video"
    objective: Objective | None = "generation"
    source = None
    grading = Measuring("vbench")
    columns: Mapping[str, str] = {
        "prompt_en": "the prompt",
        "dimension": "the dimensions that it is for, a list",
    }

    def __init__(self, partial: bool = False) -> None:
        self.partial = partial
        end = "_partial" if partial else ""
        self.headline = tuple(f"{name}{end}" for name in ("total", "quality", "semantic"))

    def items(self, data: Data) -> Iterator[PromptItem]:
        """Each prompt in each of its dimensions."""
        told: dict[tuple[str, str], int] = {}
        for where, row in rows(data, self.source, ("prompt_en", "dimension")):
            prompt = text(row, "prompt_en", where)
            for dimension in row["dimension"]:
                if dimension not in RANGES:
                    known = ", ".join(RANGES)
                    raise UserError(f"{where}: no dimension '{dimension}'; known are: {known}")
                again = told[dimension, prompt] = told.get((dimension, prompt), -1) + 1
                if not again:  # two of VBench's prompts are there twice
                    yield PromptItem(
                        id=f"{dimension}/{prompt}",
                        modality="video",
                        prompt=prompt,
                        group=dimension,
                        cluster=prompt,
                        known={"question": json.dumps({"dimension": dimension})},
                    )

    def measures(self, grades: Grades) -> Mapping[str, Measure]:
        """The dimension's own figure."""
        return {"value": Figure.ratio(*_columns(grades)), **grades.coverage}

    def whole(self, grades: Grades) -> Mapping[str, Measure]:
        """``total``, ``quality`` and ``semantic``.

        Raises:
            UserError: dimensions have no results, and the user did not ask for a partial figure.
        """
        num, den = _columns(grades)
        there = {
            name: grades.group == code
            for code, name in enumerate(grades.groups)
            if den[grades.group == code].any()
        }
        missing = [name for name in RANGES if name not in there]
        if missing and not self.partial:
            raise UserError(
                f"vbench: no results in {', '.join(missing)}; evaluate them, or say --task-arg"
                " partial=yes for figures over the other dimensions, named so"
            )
        end = "_partial" if self.partial else ""
        found: dict[str, Measure] = {}
        for name, own in shares().items():
            kept = {dimension: share for dimension, share in own.items() if dimension in there}
            if kept:
                found[f"{name}{end}"] = _together(kept, there, num, den)
        return {**found, "dimensions": float(len(there)), **grades.coverage}

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Captions of the shapes world, in the benchmark's schema."""
        from .shapes.prompt_demo import write_vbench

        write_vbench(folder, tuple(RANGES), seed=seed, progress=progress)


def _columns(grades: Grades) -> Columns:
    """Of each item the sum of what was read, and how much that was."""
    read = grades.read.reshape(len(grades), -1)
    return grades.number(0).reshape(len(grades), -1).sum(axis=1), read.sum(axis=1) * 1.0


def _together(kept: Mapping[str, float], there: Mapping[str, Any], num: Floats, den: Floats) -> Any:
    """The weighted mean of dimensions in their ranges, as a mean of ratios."""
    whole, figures = sum(kept.values()), []
    for dimension, share in kept.items():
        low, high = RANGES[dimension]
        part, weight = there[dimension], len(kept) * share / whole
        scaled = weight * (num - low * den) / (high - low)
        figures.append(Figure.ratio(np.where(part, scaled, 0.0), np.where(part, den, 0.0)))
    return Figure.macro(figures)
