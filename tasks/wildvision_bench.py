"""WildVision-Bench: are a model's answers better than those of a baseline?

https://huggingface.co/datasets/WildVision/wildvision-arena-data (Lu et al. 2024, arXiv 2406.11069),
configuration ``release_bench_0617_with_modelresponse``, split ``test500``: 500 questions that users
asked about images, with one column of answers a model. One item::

    {"question_id": "...", "instruction": "What is this?", "image": <PNG>,
     "claude-3-sonnet-20240229": "This is ...", ...}

A grader sees the image, the question and two answers, and says which is better, or much better.
The baseline is claude-3-sonnet-20240229 (``--task-arg baseline=COLUMN``). ``win_rate`` is the share
of questions on which the model is better or much better (as the authors report it), ``reward`` the
mean of 1 for much better, 0.5 for better, 0 for equal and the opposite, ``tie_rate`` and
``loss_rate`` what is left. Official: the baseline is shown first, and a verdict that cannot be read
is a tie, as in the authors' script; the robust protocol asks in both orders and leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..harness.errors import UserError
from ..harness.grades import Grades
from ..harness.items import Modality, QuestionItem
from ..harness.metrics import Measure
from ..harness.registry import task
from ..harness.statistics import Figure, Floats
from ..harness.task import Data, HubSource
from .asking import Asks
from .grading import AnswerGrading
from .reading import Progress, media, media_root, rows, text


@task("wildvision-bench")
class WildVisionBench(Asks):
    """WildVision-Bench: 500 users' questions about images; wins over a baseline's answers."""

    name = "wildvision-bench"
    modality: Modality | None = "image"
    headline: tuple[str, ...] = ("win_rate", "reward")

    def __init__(
        self, baseline: str = "claude-3-sonnet-20240229", prompts: Path | None = None
    ) -> None:
        self.baseline = baseline
        config = "release_bench_0617_with_modelresponse"
        self.source = HubSource("WildVision/wildvision-arena-data", config, "test500", items=500)
        self.grading = AnswerGrading(
            "wildvision.j2",
            "grade-preference",
            ((0, 2), (0, 2)),
            compares=True,
            shows_media=True,
            own=prompts,
        )

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns read, and what they hold."""
        return {
            "question_id": "names the item",
            "instruction": "what the user asked",
            "image": "the image",
            self.baseline: "the baseline's answer",
        }

    def items(self, data: Data) -> Iterator[QuestionItem]:
        """Rows in order."""
        root = media_root(data, self.source)
        for number, (where, row) in enumerate(rows(data, self.source, ("instruction",))):
            answer = row.get(self.baseline)
            if not isinstance(answer, str):
                raise UserError(
                    f"{where}: no answer of the baseline in a column '{self.baseline}'; name"
                    f" another with --task-arg baseline=COLUMN. The columns are: {', '.join(row)}"
                )
            yield QuestionItem(
                id=str(row.get("question_id", number)),
                modality="image",
                prompt=text(row, "instruction", where),
                context=(media(row.get("image"), "image", root, where),),
                references=(answer,),
                cluster=str(row.get("question_id", number)),
            )

    def measures(self, grades: Grades) -> Mapping[str, Measure]:
        """Shares of wins, ties and losses, and the mean reward."""
        ahead = grades.number(1) - grades.number(0)
        if grades.protocol == "official":
            counted, ahead = ~grades.unanswered, np.where(grades.read, ahead, 0.0)
        else:  # an answer that the model did not give loses
            counted = grades.read | grades.unanswered
            ahead = np.where(grades.unanswered, -2.0, ahead)
        values = {
            "win_rate": ahead > 0,
            "reward": ahead / 2,
            "tie_rate": ahead == 0,
            "loss_rate": ahead < 0,
        }
        whole = _sum(counted)
        return {
            name: Figure.ratio(_sum(np.where(counted, value, 0.0)), whole)
            for name, value in values.items()
        } | grades.coverage

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures of the shapes world with questions, in the benchmark's schema."""
        from .shapes.asked_demo import write_wildvision_bench

        write_wildvision_bench(folder, seed=seed, progress=progress)


def _sum(cells: NDArray[Any]) -> Floats:
    total: Floats = cells.reshape(len(cells), -1).astype(np.float64).sum(axis=1)
    return total
