"""MSRVTT-QA, MSVD-QA and TGIF-QA: short open questions about short videos.

Xu et al. 2017 (MSRVTT-QA and MSVD-QA), Jang et al. 2017 (arXiv 1704.04497; of TGIF-QA the frame
questions). One item::

    {"id": 1, "video_id": "vid1", "question": "who is slicing an onion?", "answer": "man"}

Videos are ``videos/<video_id>.mp4`` (or a path in ``video``), GIFs of TGIF-QA
``gifs/<gif_name>.gif``. The data lie at several places on the hub in several forms, so give a copy
in this schema: ``--data PATH``; ``--task-arg videos=FOLDER`` where the videos lie elsewhere.

A grader says whether the answer means the same (``accuracy``, the share of *yes*) and how close it
comes from 0 to 5 (``score``, the mean), as in Video-ChatGPT (arXiv 2306.05424); arXiv 2503.05236
reports both, graded by gpt-3.5-turbo-1106, 32 frames. Figures of different graders do not compare.
Official: grades that cannot be read leave both denominators, and so do questions without an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from ..harness.grades import Grades
from ..harness.items import QuestionItem
from ..harness.metrics import Measure
from ..harness.registry import task
from ..harness.task import Data, HubSource
from .asking import Asks, video, video_root
from .grading import AnswerGrading
from .reading import Progress, rows, text

FRAMES = 32


class VideoQA(Asks):
    """What the three share."""

    headline: tuple[str, ...] = ("accuracy", "score")
    source: HubSource | None = None
    name: ClassVar[str]
    names: ClassVar[tuple[str, ...]] = ("video", "video_id")
    folder: ClassVar[str] = "videos"
    suffix: ClassVar[str] = ""

    def __init__(self, videos: Path | None = None, prompts: Path | None = None) -> None:
        self.videos = videos
        self.grading = AnswerGrading(
            "verdict.j2", "grade-verdict", ((0, 1), (0, 5)), own=prompts, characters=700
        )

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns read, and what they hold."""
        return {
            "id": "names the item (default: the row's number)",
            self.names[-1]: f"the file is {self.folder}/<it>{self.suffix or '.mp4'}",
            "video": "path of the file, where it is named otherwise",
            "question": "the question",
            "answer": "the right answer, a word or two",
        }

    def items(self, data: Data) -> Iterator[QuestionItem]:
        """Rows in order."""
        root = video_root(data, None, self.videos)
        for number, (where, row) in enumerate(rows(data, None, ("question", "answer"))):
            film = next((str(row[name]) for name in self.names if row.get(name)), "")
            if film and self.suffix and not row.get("video"):
                row = {**row, "video": film.removesuffix(self.suffix) + self.suffix}
            yield QuestionItem(
                id=str(row.get("id", row.get("question_id", number))),
                modality="video",
                prompt=text(row, "question", where),
                context=(video(row, self.names, self.folder, root, where),),
                references=(str(row["answer"]),),
                frames=FRAMES,
                cluster=film,
            )

    def measures(self, grades: Grades) -> Mapping[str, Measure]:
        """``accuracy``, ``score`` and how many answers were graded."""
        right, score = grades.number(0), grades.number(1)
        return (
            grades.mean("accuracy", right, 0, 1) | grades.mean("score", score, 0, 5)
        ) | grades.coverage

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Films of the shapes world with questions, in the benchmark's schema."""
        from .shapes.asked_demo import write_video_qa

        write_video_qa(folder, self.name, seed=seed, progress=progress)


@task("msrvtt-qa", group="video-qa")
class MSRVTTQA(VideoQA):
    """MSRVTT-QA: 72,821 open questions about 2,990 videos, graded yes or no and 0 to 5."""

    name = "msrvtt-qa"


@task("msvd-qa", group="video-qa")
class MSVDQA(VideoQA):
    """MSVD-QA: 13,157 open questions about 504 videos, graded yes or no and 0 to 5."""

    name = "msvd-qa"


@task("tgif-qa", group="video-qa")
class TGIFQA(VideoQA):
    """TGIF-QA, frame questions: open questions about animated GIFs, graded yes or no and 0 to 5."""

    name = "tgif-qa"
    names: ClassVar[tuple[str, ...]] = ("video", "video_id", "gif_name")
    folder: ClassVar[str] = "gifs"
    suffix: ClassVar[str] = ".gif"
