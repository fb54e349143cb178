"""MMHal-Bench: does a model's answer claim what the image does not show?

https://huggingface.co/datasets/Shengcao1006/MMHal-Bench (Sun et al. 2023, arXiv 2309.14525): 96
questions of eight types (columns as in its ``MMHal-Bench.py``, ratings as in its
``eval_gpt4.py``). One item::

    {"question_type": "attribute", "question_topic": "vehicle", "image_id": "...",
     "image_src": "https://...jpg", "image_content": ["Boat", "Wheel"],
     "question": "What color is the fire hydrant cap?", "gt_answer": "The cap is yellow."}

The repository is a program that the hub's library no longer runs; its file of questions and its
archive of images are read instead. An image is named like the last part of ``image_src``.

A grader that sees no image, but is told what the image shows, rates the answer from 0 to 6:
``score`` is the mean, ``hallucination_rate`` the share of ratings below 3. Groups are the question
types (the authors' script takes the type from the row's number modulo 8, so it depends on the order
of rows).
Official: a grade that cannot be read counts as 0, as in the authors' script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ..harness.grades import Grades
from ..harness.items import Modality, QuestionItem
from ..harness.metrics import Measure
from ..harness.registry import task
from ..harness.statistics import Figure
from ..harness.tables import Row
from ..harness.task import Data, HubSource
from .asking import Asks
from .grading import AnswerGrading
from .reading import Progress, media, media_root, rows, text

_HALLUCINATED = 3
"""Ratings below this say that there is a hallucination."""


@task("mmhal-bench")
class MMHalBench(Asks):
    """MMHal-Bench: 96 questions about images; answers are rated 0 to 6 for hallucination."""

    name = "mmhal-bench"
    modality: Modality | None = "image"
    headline: tuple[str, ...] = ("score", "hallucination_rate")
    columns: Mapping[str, str] = {
        "question": "the question",
        "gt_answer": "a right answer",
        "image": "the image (absent: images/NAME beside the table, else image_src, an address)",
        "image_content": "what the image shows, in words (a list)",
        "question_type": "the group",
    }

    def __init__(self, prompts: Path | None = None) -> None:
        self.source = HubSource(
            "Shengcao1006/MMHal-Bench",
            None,
            "test",
            "f5f49a938f45ed99e235b8519ba28f76832a2add",
            licence="Apache-2.0",
            archives=("test_data.zip",),
            table="response_template.json",
            items=96,
            size="174 MB",
        )
        self.grading = AnswerGrading(
            "mmhal.j2", "grade-rating", ((0, 6),), own=prompts, characters=1_300
        )

    def items(self, data: Data) -> Iterator[QuestionItem]:
        """Rows in order; the id is the row's number."""
        root = media_root(data, self.source)
        needed = ("question", "gt_answer", "image_content", "question_type")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            content = row["image_content"]
            shown = content if isinstance(content, list) else [content]
            picture = media(_image(row, data, root), "image", root, where)
            yield QuestionItem(
                id=str(number),
                modality="image",
                prompt=text(row, "question", where),
                context=(picture,),
                references=(text(row, "gt_answer", where),),
                group=text(row, "question_type", where),
                cluster=str(row.get("image_id", picture.key)),
                known={"content": ", ".join(map(str, shown))},
            )

    def measures(self, grades: Grades) -> Mapping[str, Measure]:
        """``score`` and ``hallucination_rate``."""
        rating = grades.number(0)
        bad = (rating < _HALLUCINATED).astype(np.float64)
        measures = grades.mean("score", rating, 0, 6)
        measures |= grades.mean("hallucination_rate", bad, 0, 1, worst=1)
        if grades.protocol == "official":
            cells = (~grades.unanswered).reshape(len(grades), -1).sum(axis=1)
            whole = rating.reshape(len(grades), -1).sum(axis=1)
            fine = ((rating >= _HALLUCINATED) & grades.read).reshape(len(grades), -1).sum(axis=1)
            measures["score"] = Figure.ratio(whole, cells)
            measures["hallucination_rate"] = Figure.ratio(cells - fine, cells)
        return measures | grades.coverage

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures of the shapes world with questions, in the benchmark's schema."""
        from .shapes.asked_demo import write_mmhal_bench

        write_mmhal_bench(folder, seed=seed, progress=progress)


def _image(row: Row, data: Data, root: Path | None) -> object:
    """Where a row's image is: in it, among the files beside the table, or at an address."""
    address = row.get("image_src")
    if row.get("image") or not isinstance(address, str):
        return row.get("image")
    name = f"images/{address.rpartition('/')[2]}"
    beside = data.path is None or (root is not None and (root / name).is_file())
    return name if beside else address
