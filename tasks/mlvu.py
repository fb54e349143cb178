"""MLVU: multiple-choice questions about long videos, in seven kinds.

https://huggingface.co/datasets/sy1998/MLVU_dev (Zhou et al. 2024, arXiv 2406.04264), split
``test``. One item::

    {"video_name": "movie101_66.mp4", "question": "What colour is the main character's coat?",
     "candidates": ["Yellow", "Red", "Green", "Blue"], "answer": "Yellow",
     "task_type": "plotQA"}

The options may also stand in the question, a line each (``(A) Yellow``), the answer being a letter.
Groups are the kinds of task. ``m_avg`` is their mean, as the authors and lmms-eval report it;
VLMEvalKit's M-Avg is ``accuracy``, the share of all questions. The two do not compare. The open
questions of MLVU (G-Avg) are ``mlvu-open``. Videos lie in ``videos/``; where the data come from
the hub, give their folder: ``--task-arg videos=FOLDER``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..harness.choices import Choices, choice_measures
from ..harness.errors import UserError
from ..harness.items import LETTERS, QuestionItem
from ..harness.metrics import Measure
from ..harness.registry import task
from ..harness.statistics import Figure
from ..harness.tables import Row
from ..harness.task import Data, HubSource
from .asking import ONE_LETTER, Asks, place_of, video, video_root, without_letters
from .reading import Progress, rows, text

FRAMES = 64
_INLINE = re.compile(
    rf"^\s*(?:\([{LETTERS}]\)|[{LETTERS}][.):])\s*(?P<option>.+?)\s*$", re.MULTILINE
)


@task("mlvu")
class MLVU(Asks):
    """MLVU: 2,174 multiple-choice questions about long videos, in seven kinds of task."""

    name = "mlvu"
    answers = "multiple-choice"
    headline: tuple[str, ...] = ("m_avg", "accuracy")
    columns: Mapping[str, str] = {
        "video_name": "below videos/",
        "question": "the question, options in it or not",
        "candidates": "the options (absent where they stand in the question)",
        "answer": "the right option or its letter",
        "task_type": "plotQA | needle | ego | count | order | anomaly_reco | topic_reasoning",
    }

    def __init__(
        self,
        circular: bool = False,
        videos: Path | None = None,
        dataset: str = "sy1998/MLVU_dev",
    ) -> None:
        self.circular, self.videos = circular, videos
        self.source = HubSource(dataset, None, "test", items=2174)

    def items(self, data: Data) -> Iterator[QuestionItem]:
        """Rows in order; the id is the row's ``question_id`` if it has one, else its number."""
        root = video_root(data, self.source, self.videos)
        needed = ("video_name", "question", "answer", "task_type")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            question, options = _split(row, where)
            yield QuestionItem(
                id=str(row.get("question_id", number)),
                modality="video",
                prompt=question,
                context=(video(row, ("video_name",), "videos", root, where),),
                options=options,
                answer=place_of(row["answer"], options, where),
                closing=ONE_LETTER,
                frames=FRAMES,
                group=text(row, "task_type", where),
                cluster=text(row, "video_name", where),
            )

    def whole(self, choices: Choices) -> Mapping[str, Measure]:
        """The usual figures, and ``m_avg``, the mean of the kinds' accuracies."""
        usual = choice_measures(choices)
        accuracy = usual["accuracy"]
        assert isinstance(accuracy, Figure)
        return {"m_avg": accuracy.over_groups(choices.group), **usual}

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Films of the shapes world with questions, in the benchmark's schema."""
        from .shapes.asked_demo import write_mlvu

        write_mlvu(folder, seed=seed, progress=progress)


def _split(row: Row, where: str) -> tuple[str, tuple[str, ...]]:
    """The question and its options, wherever they stand."""
    question, given = text(row, "question", where), row.get("candidates")
    if isinstance(given, list) and given:
        return question, without_letters(list(map(str, given)))
    options = tuple(match["option"] for match in _INLINE.finditer(question))
    if len(options) < 2:
        raise UserError(f"{where}: neither candidates nor options in the question")
    return _INLINE.sub("", question).strip(), options
