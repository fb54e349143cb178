"""LongVideoBench: multiple-choice questions that refer to moments of long videos.

https://huggingface.co/datasets/longvideobench/LongVideoBench (Wu et al. 2024, arXiv 2407.15754),
split ``validation``: 1,337 questions. One item::

    {"id": "86CxyhFV9MI_0", "question": "In the video, which subtitles appear when ...?",
     "option0": "promote ...", ..., "option4": "N/A", "correct_choice": 1, "video_path": "86C.mp4",
     "subtitle_path": "86C_en.json", "duration_group": 600, "question_category": "TOS", ...}

An option that does not exist is ``N/A``. Videos lie in ``videos/``, subtitles in ``subtitles/``
(``--task-arg subtitles=true`` puts all of them before the question; the authors place each between
the frames). The hub has the videos as one split archive, so unpack it and give its folder:
``--task-arg videos=FOLDER``. Groups are durations in seconds; facets are the question categories.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..harness.items import QuestionItem
from ..harness.registry import task
from ..harness.tables import Row
from ..harness.task import Data, HubSource
from .asking import ONE_LETTER, Asks, place_of, video, video_root
from .reading import Progress, rows, text
from .subtitles import read_subtitles, with_subtitles

FRAMES = 64
_OPTIONS = tuple(f"option{number}" for number in range(5))
_ABSENT = (None, "", "N/A")


@task("longvideobench")
class LongVideoBench(Asks):
    """LongVideoBench: 1,337 multiple-choice questions about videos of 8 seconds to an hour."""

    name = "longvideobench"
    answers = "multiple-choice"
    columns: Mapping[str, str] = {
        "id": "names the item",
        "question": "the question",
        "option0 ... option4": "the options; N/A where there are fewer",
        "correct_choice": "number of the right one, from 0",
        "video_path, subtitle_path": "below videos/ and subtitles/",
        "duration_group": "seconds: 15 | 60 | 600 | 3600",
        "question_category": "facet",
    }

    def __init__(
        self, subtitles: bool = False, circular: bool = False, videos: Path | None = None
    ) -> None:
        self.subtitles, self.circular, self.videos = subtitles, circular, videos
        self.source = HubSource(
            "longvideobench/LongVideoBench",
            None,
            "validation",
            items=1337,
            licence="CC BY-NC-SA 4.0 (data card)",
            size="161 GB",
        )
        if circular:
            self.headline = ("circular", "accuracy")

    def items(self, data: Data) -> Iterator[QuestionItem]:
        """Rows in order."""
        root = video_root(data, self.source, self.videos)
        needed = ("id", "question", "option0", "option1", "correct_choice", "video_path")
        for where, row in rows(data, self.source, needed):
            options = tuple(str(row[n]) for n in _OPTIONS if row.get(n) not in _ABSENT)
            name = text(row, "video_path", where)
            yield QuestionItem(
                id=text(row, "id", where),
                modality="video",
                prompt=self._question(row, root, where),
                context=(video(row, ("video_path",), "videos", root, where),),
                options=options,
                answer=place_of(int(row["correct_choice"]), options, where),
                closing=ONE_LETTER,
                frames=FRAMES,
                group=str(row.get("duration_group", "")),
                cluster=name,
                facets={"question_category": str(row["question_category"])}
                if row.get("question_category")
                else {},
            )

    def _question(self, row: Row, root: Path | None, where: str) -> str:
        question = text(row, "question", where)
        if not self.subtitles or root is None or not row.get("subtitle_path"):
            return question
        said = read_subtitles(root / "subtitles" / Path(str(row["subtitle_path"])).name)
        return with_subtitles(question, said)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Films of the shapes world with questions, in the benchmark's schema."""
        from .shapes.asked_demo import write_longvideobench

        write_longvideobench(folder, seed=seed, progress=progress)
