"""LLaVA-Bench (in the wild) and LLaVA-Bench-Wilder: a model's answers beside reference answers.

*In the wild* (https://huggingface.co/datasets/lmms-lab/llava-bench-in-the-wild; Liu et al. 2023,
arXiv 2304.08485), split ``train``: 60 questions about 24 images. One item::

    {"question_id": 0, "question": "What is the name of this famous sight?", "image": <PNG>,
     "caption": ["An aerial view of Diamond Head ..."], "gpt_answer": "Diamond Head",
     "category": "conv"}

A grader that sees no image but reads the caption gives the reference answer (first) and the model's
scores from 1 to 10. ``relative_score`` is the sum of the model's over the sum of the reference's,
of each category (conv, detail, complex) and of all; it can exceed 1.

*Wilder* (https://huggingface.co/datasets/lmms-lab/LLaVA-Bench-Wilder; Li et al. 2024): 120
questions (``Question``, ``Answer``, ``Image``); the grader sees the image, and the reference's
score is held to be 10.

The robust protocol asks in both orders and leaves out grades that cannot be read. Official: the
reference comes first, and a grade that cannot be read counts as -1 on both sides, as in the
authors' script (which also rounds the means of *in the wild* to three decimals).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ..harness.grades import Grades
from ..harness.items import Modality, QuestionItem, ScoreRange
from ..harness.metrics import Measure
from ..harness.registry import task
from ..harness.statistics import Figure, Floats
from ..harness.task import Data, HubSource
from .asking import Asks
from .grading import AnswerGrading
from .reading import Progress, media, media_root, rows, text

_SCALE: ScoreRange = (1, 10)


class ComparedWithReference(Asks):
    """What the two share."""

    modality: Modality | None = "image"
    headline: tuple[str, ...] = ("relative_score",)

    def measures(self, grades: Grades) -> Mapping[str, Measure]:
        """``relative_score``, and the mean score of each side."""
        reference, model = _filled(grades, 0), _filled(grades, 1)
        counted = (grades.read | ((reference != 0) | (model != 0))).reshape(len(grades), -1)
        sides = [side.reshape(len(grades), -1).sum(axis=1) for side in (reference, model)]
        asked = counted.sum(axis=1)
        return {
            "relative_score": Figure.ratio(sides[1], sides[0]),
            "model_score": Figure.ratio(sides[1], asked),
            "reference_score": Figure.ratio(sides[0], asked),
            **grades.coverage,
        }


def _filled(grades: Grades, which: int) -> Floats:
    """A side's scores, 0 where nothing counts.

    An answer that the model did not give has the lowest score beside a reference with the highest;
    officially it does not count, and -1 stands for a grade that cannot be read.
    """
    found = grades.number(which)
    if grades.protocol == "official":
        return np.where(grades.ungraded, -1.0, found)
    return np.where(grades.unanswered, _SCALE[0] if which else _SCALE[1], found)


@task("llava-bench")
class LLaVABench(ComparedWithReference):
    """LLaVA-Bench (in the wild): 60 questions about images, scored beside reference answers."""

    name = "llava-bench"
    columns: Mapping[str, str] = {
        "question_id": "names the item",
        "question": "the question",
        "image": "the image",
        "caption": "what the image shows (a text or list), for the grader",
        "gpt_answer": "the reference answer",
        "category": "conv | detail | complex, the group",
    }

    def __init__(
        self, prompts: Path | None = None, dataset: str = "lmms-lab/llava-bench-in-the-wild"
    ) -> None:
        self.source = HubSource(dataset, None, "train", items=60)
        self.grading = AnswerGrading(
            "llava_bench.j2", "grade-two-scores", (_SCALE, _SCALE), compares=True, own=prompts
        )

    def items(self, data: Data) -> Iterator[QuestionItem]:
        """Rows in order."""
        root = media_root(data, self.source)
        needed = ("question", "caption", "gpt_answer", "category")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            caption, category = row["caption"], text(row, "category", where)
            lines = caption if isinstance(caption, list) else [caption]
            yield QuestionItem(
                id=str(row.get("question_id", number)),
                modality="image",
                prompt=text(row, "question", where),
                context=(media(row.get("image"), "image", root, where),),
                references=(text(row, "gpt_answer", where),),
                group=category,
                cluster=str(row.get("image_id", row.get("question_id", number))),
                known={"caption": "\n".join(map(str, lines)), "category": category},
            )

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures of the shapes world with questions, in the benchmark's schema."""
        from .shapes.asked_demo import write_llava_bench

        write_llava_bench(folder, seed=seed, progress=progress)


@task("llava-bench-wilder")
class LLaVABenchWilder(ComparedWithReference):
    """LLaVA-Bench-Wilder: everyday questions about images, scored beside reference answers."""

    name = "llava-bench-wilder"
    columns: Mapping[str, str] = {
        "Question": "the question",
        "Answer": "the reference answer",
        "Image": "the image (also image)",
        "Category": "the group (may be absent)",
    }

    def __init__(
        self, prompts: Path | None = None, dataset: str = "lmms-lab/LLaVA-Bench-Wilder"
    ) -> None:
        self.source = HubSource(dataset, None, "test")
        self.grading = AnswerGrading(
            "llava_wilder.j2",
            "grade-two-scores",
            (_SCALE, _SCALE),
            compares=True,
            shows_media=True,
            own=prompts,
        )

    def items(self, data: Data) -> Iterator[QuestionItem]:
        """Rows in order; the id is the row's ``Question_ID`` if it has one, else its number."""
        root = media_root(data, self.source)
        for number, (where, row) in enumerate(rows(data, self.source, ("Question", "Answer"))):
            picture = media(row.get("Image") or row.get("image"), "image", root, where)
            yield QuestionItem(
                id=str(row.get("Question_ID", number)),
                modality="image",
                prompt=text(row, "Question", where),
                context=(picture,),
                references=(text(row, "Answer", where),),
                group=str(row.get("Category") or ""),
                cluster=str(number),
            )

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures of the shapes world with questions, in the benchmark's schema."""
        from .shapes.asked_demo import write_llava_bench_wilder

        write_llava_bench_wilder(folder, seed=seed, progress=progress)
