"""Video-MME: multiple-choice questions about short, medium and long videos.

https://huggingface.co/datasets/lmms-lab/Video-MME (Fu et al. 2024, arXiv 2405.21075): 2,700
questions about 900 videos. One item::

    {"question_id": "001-1", "videoID": "fFjv93ACGo8", "duration": "short", "domain": "Knowledge",
     "sub_category": "Humanity & History", "task_type": "Counting Problem",
     "question": "When demonstrating ..., how many ...?",
     "options": ["A. Apples.", "B. Candles.", "C. Berries.", "D. ..."], "answer": "C"}

Videos are ``data/<videoID>.mp4``, subtitles ``subtitle/<videoID>.srt`` (``--task-arg
subtitles=true`` puts all of them before the question; the benchmark reports figures with and
without). Groups are the durations; domains, sub-categories and task types are facets. 64 frames, as
in the figures of arXiv 2503.05236; ``--model-arg frames=N`` shows more or fewer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..harness.errors import UserError
from ..harness.items import QuestionItem
from ..harness.registry import task
from ..harness.tables import Row
from ..harness.task import Data, HubSource
from .asking import ONE_LETTER, Asks, place_of, subtitled, video, video_root, without_letters
from .reading import Progress, rows, text
from .subtitles import read_subtitles, with_subtitles

FRAMES = 64
_FACETS = ("domain", "sub_category", "task_type")
_ARCHIVES = (*(f"videos_chunked_{number:02d}.zip" for number in range(1, 21)), "subtitle.zip")


@task("video-mme")
class VideoMME(Asks):
    """Video-MME: 2,700 multiple-choice questions about 900 videos of 11 seconds to an hour."""

    name = "video-mme"
    answers = "multiple-choice"
    columns: Mapping[str, str] = {
        "question_id": "names the item",
        "videoID": "the video is data/<videoID>.mp4 (or a path)",
        "duration": "short | medium | long",
        "domain, sub_category, task_type": "facets",
        "question": "the question",
        "options": "four, with or without their letters",
        "answer": "the right option's letter",
    }

    def __init__(
        self,
        subtitles: bool = False,
        circular: bool = False,
        videos: Path | None = None,
        dataset: str = "lmms-lab/Video-MME",
    ) -> None:
        self.subtitles, self.circular, self.videos = subtitles, circular, videos
        self.source = HubSource(dataset, None, "test", archives=_ARCHIVES, items=2700)
        if circular:
            self.headline = ("circular", "accuracy")

    def items(self, data: Data) -> Iterator[QuestionItem]:
        """Rows in order."""
        root = video_root(subtitled(data, self.subtitles), self.source, self.videos)
        needed = ("videoID", "question", "options", "answer", "duration")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            given = row["options"]
            if not isinstance(given, list) or len(given) < 2:
                raise UserError(f"{where}: options must be a list of answers")
            options = without_letters(list(map(str, given)))
            name = text(row, "videoID", where)
            yield QuestionItem(
                id=str(row.get("question_id", number)),
                modality="video",
                prompt=self._question(row, name, root, where),
                context=(video(row, ("videoID",), "data", root, where),),
                options=options,
                answer=place_of(row["answer"], options, where),
                closing=ONE_LETTER,
                frames=FRAMES,
                group=text(row, "duration", where),
                cluster=name,
                facets={facet: str(row[facet]) for facet in _FACETS if row.get(facet)},
            )

    def _question(self, row: Row, name: str, root: Path | None, where: str) -> str:
        question = text(row, "question", where)
        if not self.subtitles or root is None:
            return question
        said = read_subtitles(root / "subtitle" / f"{Path(name).stem}.srt")
        return with_subtitles(question, said)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Films of the shapes world with questions, in the benchmark's schema."""
        from .shapes.asked_demo import write_video_mme

        write_video_mme(folder, seed=seed, progress=progress)
