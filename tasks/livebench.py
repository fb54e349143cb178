"""LiveBench (multimodal, of LMMs-Lab): questions about fresh web pages, graded by criteria.

https://huggingface.co/datasets/lmms-lab/LiveBench (Zhang et al. 2024, arXiv 2407.12772), split
``test`` of configurations by month (``--task-arg month=2024-09``). One item::

    {"id": 0, "images": [<PNG>, ...], "question": "What does the headline say?", "answer": "...",
     "criteria": "1 point for ...", "subtask": "Concrete Recognition"}

A grader sees the images and rates the answer from 0 to 10 by the item's criteria; ``rating`` is the
mean as a share of 10 (the authors' figure is the same in percent). Groups are the subtasks:
Concrete Recognition, Analytical Questions, Divergent Thinking, Real-world Assistance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..harness.errors import UserError
from ..harness.grades import Grades
from ..harness.items import Modality, QuestionItem
from ..harness.metrics import Measure
from ..harness.registry import task
from ..harness.task import Data, HubSource
from .asking import Asks
from .grading import AnswerGrading
from .reading import Progress, media, media_root, rows, text


@task("livebench")
class LiveBench(Asks):
    """LiveBench (LMMs-Lab): questions about images of web pages, rated 0 to 10 by criteria."""

    name = "livebench"
    modality: Modality | None = "image"
    headline: tuple[str, ...] = ("rating",)
    columns: Mapping[str, str] = {
        "id": "names the item",
        "images": "a list of images",
        "question": "the question",
        "answer": "the reference answer (also ground_truth)",
        "criteria": "how points are given",
        "subtask": "the group",
    }

    def __init__(
        self,
        month: str = "2024-09",
        prompts: Path | None = None,
        dataset: str = "lmms-lab/LiveBench",
    ) -> None:
        self.source = HubSource(dataset, month, "test")
        self.grading = AnswerGrading(
            "livebench.j2", "grade-json-rating", ((0, 10),), shows_media=True, own=prompts
        )

    def items(self, data: Data) -> Iterator[QuestionItem]:
        """Rows in order."""
        root = media_root(data, self.source)
        for number, (where, row) in enumerate(rows(data, self.source, ("question", "subtask"))):
            answer = row.get("answer", row.get("ground_truth"))
            if not isinstance(answer, str):
                raise UserError(f"{where}: no reference answer in answer or ground_truth")
            shown = row.get("images") or []
            if not isinstance(shown, list):
                raise UserError(f"{where}: images holds {type(shown).__name__}, expected a list")
            yield QuestionItem(
                id=str(row.get("id", number)),
                modality="image",
                prompt=text(row, "question", where),
                context=tuple(media(one, "image", root, where) for one in shown),
                references=(answer,),
                group=text(row, "subtask", where),
                cluster=str(row.get("id", number)),
                known={"criteria": str(row.get("criteria") or "")},
            )

    def measures(self, grades: Grades) -> Mapping[str, Measure]:
        """``rating``: the mean rating as a share of 10."""
        return grades.mean("rating", grades.number(0) / 10, 0, 1) | grades.coverage

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures of the shapes world with questions, in the benchmark's schema."""
        from .shapes.asked_demo import write_livebench

        write_livebench(folder, seed=seed, progress=progress)
