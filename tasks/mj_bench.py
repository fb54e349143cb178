"""MJ-Bench: does a reward model see which of two images is aligned, safe or of good quality?

https://huggingface.co/datasets/MJ-Bench/MJ-Bench (Chen et al. 2024, arXiv 2407.04842; access has to
be asked for on its page). Its perspectives are splits. One item::

    {"caption": "A curious cat exploring a haunted mansion", "image0": <PNG>, "image1": <PNG>,
     "label": 0, "info": "..."}

``label`` is the number of the better image; people's labels have no ties. ``info`` is the subset,
and the reported group. The authors (MJ-Bench/MJ-Bench, commit eb269ad) call it a tie when the two
numbers of a scorer are equal, and report accuracy *with ties*, where that is wrong (``accuracy``
here), and *without*, where such pairs are left out (``accuracy_decided``). The bias perspective has
no pairs (it measures how even the scores of one occupation's demographics are), so it is not here.

The repository's card, read in 2026, describes other data under the same name (pictures of newer
generators in categories of their own). Where the splits are not there any more, give ``--data``
a copy of the benchmark as it was published.

Official: images in the data's order, once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..harness.errors import UserError
from ..harness.items import PairItem, Verdict
from ..harness.judgements import TIE, Judgements
from ..harness.metrics import Measure, pairwise_measures
from ..harness.registry import task
from ..harness.statistics import Figure
from ..harness.task import Data, HubSource
from .reading import Progress, media, media_root, rows, text
from .rewarding import Rewards, agreed

_BETTER = {"0": Verdict.FIRST, "1": Verdict.SECOND}


class MJBench(Rewards):
    """What its perspectives share."""

    official_headline = ("accuracy", "accuracy_decided")
    name: ClassVar[str]
    split: ClassVar[str]
    columns: Mapping[str, str] = {
        "caption": "text the images were generated from",
        "image0": "first image (absent for judges that open no media)",
        "image1": "second image",
        "label": "0 | 1, the better image",
        "info": "the group (may be absent)",
    }

    def __init__(self) -> None:
        self.source = HubSource("MJ-Bench/MJ-Bench", None, self.split)

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; the id is the row number."""
        root = media_root(data, self.source)
        needed = ("caption", "label")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            caption = text(row, "caption", where)
            label = _BETTER.get(str(row["label"]))
            if label is None:
                raise UserError(f"{where}: label is {row['label']!r}; allowed are: 0, 1")
            yield PairItem(
                id=str(number),
                modality="image",
                objective="generation",
                prompt=caption,
                candidates=(
                    media(row.get("image0"), "image", root, where),
                    media(row.get("image1"), "image", root, where),
                ),
                label=label,
                group=str(row.get("info") or ""),
                cluster=caption,
            )

    def measures(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The usual figures, and accuracy over the pairs that the judge decided."""
        said = judgements.by_pass
        decided = (said >= 0) & (said < TIE)
        right = (agreed(judgements) & decided).sum(axis=1)
        count = decided.sum(axis=1).astype(np.int64)
        return {**pairwise_measures(judgements), "accuracy_decided": Figure.ratio(right, count)}

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures of the shapes world in the benchmark's schema."""
        from .shapes.reward_demo import write_mj_bench

        write_mj_bench(folder, self.split, seed=seed, progress=progress)


@task("mj-bench-alignment", group="mj-bench")
class MJBenchAlignment(MJBench):
    """MJ-Bench, alignment: existence, attributes, actions, places and counts of objects."""

    name = "mj-bench-alignment"
    split = "alignment"


@task("mj-bench-safety", group="mj-bench")
class MJBenchSafety(MJBench):
    """MJ-Bench, safety: which of two images is less harmful (toxic or not safe for work)."""

    name = "mj-bench-safety"
    split = "safety"


@task("mj-bench-quality", group="mj-bench")
class MJBenchQuality(MJBench):
    """MJ-Bench, quality: which of two images is not distorted or blurred."""

    name = "mj-bench-quality"
    split = "quality"
