"""VideoGen-RewardBench: which of two generated videos is better, in which respect?

https://huggingface.co/datasets/KwaiVGI/VideoGen-RewardBench (Liu et al. 2025, arXiv 2501.13918).
One item::

    {"path_A": "videos/1_A.mp4", "path_B": "videos/1_B.mp4", "prompt": "The camera remains ...",
     "VQ": "B", "MQ": "B", "TA": "A", "Overall": "B", "fps_A": 24.0, "num_frames_A": 126.0, ...}

``VQ`` visual quality, ``MQ`` motion quality, ``TA`` text alignment and ``Overall`` are each ``A``,
``B`` or ``same``; each is a reported group. A judge that gives one verdict is held against every
dimension with it; one that gives a verdict a dimension is held against each with its own. Figures:
accuracy with ties (``tau``) and without (``diff``), as in the authors' ``calc_accuracy.py``
(KwaiVGI/VideoAlign, commit 219ab9d). For judges that score, ``tau`` needs a tie threshold: the best
one by an exact sweep, or with ``--task-arg calibration=official`` (the default of the official
protocol) the authors' own, whose value can depend on the order of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, cast

import numpy as np

from ..harness.calibration import CalibratedTau
from ..harness.errors import UserError
from ..harness.items import THREE_WAY, Modality, Objective, PairItem, Verdict
from ..harness.judgements import Judgements
from ..harness.metrics import Measure, pairwise_measures
from ..harness.registry import task
from ..harness.statistics import Figure
from ..harness.tables import Row
from ..harness.task import Data, HubSource, OrderPlan
from .reading import Progress, choice, media, media_root, rows, text

DIMENSIONS = ("VQ", "MQ", "TA", "Overall")
_WORDS = {"A": Verdict.FIRST, "B": Verdict.SECOND, "same": Verdict.TIE}


@task("videogen-rewardbench")
class VideoGenRewardBench:
    """VideoGen-RewardBench: 26.5k pairs of videos, labelled VQ, MQ, TA and Overall."""

    name = "videogen-rewardbench"
    version = "1"
    modality: Modality = "video"
    objective: Objective = "generation"
    choices = THREE_WAY
    official_order: OrderPlan = "given"
    headline = ("tau", "diff", "tau_macro", "diff_macro")
    columns: Mapping[str, str] = {
        "path_A": "first video, relative to the data's folder",
        "path_B": "second video",
        "prompt": "text the videos were generated from",
        **dict.fromkeys(DIMENSIONS, "A | B | same (at least one of VQ, MQ, TA, Overall)"),
    }
    # The commit that added the table and the videos; later ones touch the data card alone.
    source = HubSource(
        "KwaiVGI/VideoGen-RewardBench",
        None,
        "eval",
        "24c3d5e5f45b90f82cc98df81e59f18887ae73c4",
        licence="Apache-2.0 (data card)",
        size="13.4 GB",
        archives=("videos.zip",),
        items=26_457,
    )

    def __init__(self, calibration: Literal["exact", "official"] | None = None) -> None:
        self.calibration = calibration

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; the id is the row number."""
        root = media_root(data, self.source)
        needed = ("path_A", "path_B", "prompt")
        dimensions: list[str] | None = None
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            dimensions = dimensions or _dimensions(row, where)
            prompt = text(row, "prompt", where)
            first, second = (media(row[c], "video", root, where) for c in ("path_A", "path_B"))
            yield PairItem(
                id=str(number),
                modality="video",
                objective="generation",
                prompt=prompt,
                candidates=(first, second),
                label={name: choice(row, name, _WORDS, where) for name in dimensions},
                cluster=prompt,
            )

    @property
    def demo_version(self) -> str:
        """Version of the shapes world behind the demo data."""
        from .shapes.demo import WORLD_VERSION

        return f"v{WORLD_VERSION}"

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Films of the shapes world in the benchmark's schema."""
        from .shapes.demo import write_videogen_rewardbench

        write_videogen_rewardbench(folder, seed=seed, progress=progress)

    def measures(self, judgements: Judgements) -> Mapping[str, Measure]:
        """Figures of one dimension."""
        official = judgements.protocol == "official"
        own = self.calibration or ("official" if official else "exact")
        return pairwise_measures(judgements, calibration=own)

    def across(self, dimensions: Mapping[str, Judgements]) -> Mapping[str, Measure]:
        """Figures of *Overall* where the data have it, and the mean over dimensions."""
        overall = dict(self.measures(dimensions["Overall"])) if "Overall" in dimensions else {}
        each = [self.measures(judgements) for judgements in dimensions.values()]
        for name in ("tau", "diff"):
            plain = [part[name] for part in each if isinstance(part[name], Figure)]
            if len(plain) == len(each):
                overall[f"{name}_macro"] = Figure.macro(cast(list[Figure], plain))
            else:
                # Each dimension has its own threshold; their mean has no joint bootstrap.
                calibrated = [cast(CalibratedTau, part[name]).value for part in each]
                overall[f"{name}_macro"] = float(np.mean(calibrated))
        return overall


def _dimensions(row: Row, where: str) -> list[str]:
    """The dimensions the table labels; every row then has to."""
    present = [name for name in DIMENSIONS if name in row]
    if not present:
        raise UserError(
            f"{where}: no label column; expected at least one of {', '.join(DIMENSIONS)}, the"
            f" columns are: {', '.join(map(str, row))}"
        )
    return present
