"""Pick-a-Pic's and HPDv3's test sets: which of two generated images did people choose?

*Pick-a-Pic v1* (Kirstain et al. 2023, arXiv 2305.01569;
https://huggingface.co/datasets/yuvalkirstain/pickapic_v1, split ``test_unique``; an anonymous copy
has the same columns: ``--task-arg dataset=...``)::

    {"caption": "...", "jpg_0": <JPEG>, "jpg_1": <JPEG>, "label_0": 1, "label_1": 0}

``label_0`` is 1, 0, or 0.5 for a tie. The authors' figure is ``accuracy_half_ties``: an answer
counts one if it is the label, and one half if exactly one of the two is a tie. A scorer's two
numbers become probabilities (a softmax), which are a tie if they differ by at most ``--task-arg
tie=...``; the authors choose that on their validation split from 0, 0.1, ... 1.

*HPDv3* (Ma et al. 2025, arXiv 2508.03789; https://huggingface.co/datasets/MizzenAI/HPDv3)::

    {"prompt": "...", "path1": "a.jpg", "path2": "b.jpg", "model1": "...", "model2": "...",
     "confidence": 0.9}

``path1`` is always the preferred image, so the given order gives the answer away: the official
protocol draws the order. Images lie in archives of the data set: unpack them beside the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ..harness.errors import UserError
from ..harness.items import THREE_WAY, PairItem, Verdict
from ..harness.judgements import TIE, UNREAD, Judgements
from ..harness.metrics import Measure, pairwise_measures
from ..harness.registry import task
from ..harness.statistics import Figure
from ..harness.task import Data, HubSource, OrderPlan
from .reading import Progress, media, media_root, rows, text
from .rewarding import Rewards

_PICKED = {1.0: Verdict.FIRST, 0.0: Verdict.SECOND, 0.5: Verdict.TIE}


@task("pickapic-test")
class PickAPicTest(Rewards):
    """Pick-a-Pic v1's test set: two images for a prompt, chosen by those who wrote it."""

    name = "pickapic-test"
    choices: tuple[Verdict, ...] = THREE_WAY
    headline = ("accuracy_half_ties", "diff")
    columns: Mapping[str, str] = {
        "caption": "text the images were generated from",
        "jpg_0": "first image (absent for judges that open no media)",
        "jpg_1": "second image",
        "label_0": "1 | 0 | 0.5: the first is better, the second is, neither is",
    }

    def __init__(self, tie: float = 0.0, dataset: str = "yuvalkirstain/pickapic_v1") -> None:
        if not 0 <= tie <= 1:
            raise UserError(f"--task-arg tie={tie}: must be from 0 to 1")
        self.tie = tie
        self.source = HubSource(dataset, None, "test_unique", items=500)

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; the id is the row number."""
        root = media_root(data, self.source)
        for number, (where, row) in enumerate(rows(data, self.source, ("caption", "label_0"))):
            caption = text(row, "caption", where)
            yield PairItem(
                id=str(number),
                modality="image",
                objective="generation",
                prompt=caption,
                candidates=(
                    media(row.get("jpg_0"), "image", root, where),
                    media(row.get("jpg_1"), "image", root, where),
                ),
                label=_picked(row["label_0"], where),
                cluster=caption,
            )

    def measures(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The usual figures, and the authors' own."""
        said = judgements.by_pass
        if judgements.margin is not None:
            # softmax(a, b) differ by tanh(|a - b| / 2)
            apart = np.tanh(np.abs(np.nan_to_num(judgements.margin)) / 2)
            said = np.where(
                (apart <= self.tie)[:, None] & (said != UNREAD) & (said >= 0), TIE, said
            )
        right = said == judgements.label[:, None]
        half = (said >= 0) & ((said == TIE) ^ judgements.human_tie[:, None])
        credit = np.where(right, 1.0, np.where(half, 0.5, 0.0)).mean(axis=1)
        own = Figure.ratio(credit, np.ones(len(judgements), dtype=bool))
        return {"accuracy_half_ties": own, **pairwise_measures(judgements)}

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures of the shapes world in the benchmark's schema."""
        from .shapes.reward_demo import write_pickapic

        write_pickapic(folder, seed=seed, progress=progress)


@task("hpdv3-test")
class HPDv3Test(Rewards):
    """HPDv3's test set: pairs of generated (or real) images with people's choice."""

    name = "hpdv3-test"
    official_order: OrderPlan = "random"
    source = HubSource("MizzenAI/HPDv3", None, "test", licence="MIT (data card)")
    columns: Mapping[str, str] = {
        "prompt": "text the images were generated from",
        "path1": "the preferred image (absent for judges that open no media)",
        "path2": "the other image",
    }

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; the id is the row number."""
        root = media_root(data, self.source)
        for number, (where, row) in enumerate(rows(data, self.source, ("prompt",))):
            prompt = text(row, "prompt", where)
            yield PairItem(
                id=str(number),
                modality="image",
                objective="generation",
                prompt=prompt,
                candidates=(
                    media(row.get("path1"), "image", root, where),
                    media(row.get("path2"), "image", root, where),
                ),
                label=Verdict.FIRST,
                cluster=prompt,
            )

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures of the shapes world in the benchmark's schema."""
        from .shapes.reward_demo import write_hpdv3

        write_hpdv3(folder, seed=seed, progress=progress)


def _picked(value: object, where: str) -> Verdict:
    try:
        return _PICKED[float(str(value))]
    except (KeyError, ValueError):
        raise UserError(f"{where}: label_0 is {value!r}; allowed are: 0, 0.5, 1") from None
