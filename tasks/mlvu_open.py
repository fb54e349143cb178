"""MLVU's open questions: what happens in a scene, and what a long video is about.

https://huggingface.co/datasets/MLVU/MVLU (Zhou et al. 2024, arXiv 2406.04264), the files
``8_sub_scene.json`` and ``9_summary.json``. One item of each::

    {"video": "subPlot_1.mp4", "question": "Describe how the man leaves the house.",
     "answer": "...", "scoring_points": ["He climbs out of the window.", "..."]}
    {"video": "217.mp4", "question": "Summarize the main events.", "answer": "..."}

``--data`` names a folder of both files, or one of them; videos lie in ``videos/`` beside them or in
``--task-arg videos=FOLDER``. A grader gives two grades from 1 to 5, accuracy and relevance of a
scene, completeness and reliability of a summary; ``score`` is the mean of their sums, 2 to 10, and
``g_avg`` its mean over the two groups. Official: a grade that cannot be read counts as 0, as in the
authors' script (JUNJIE99/MLVU, ``calculate.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ..harness.errors import UserError
from ..harness.grades import Grades
from ..harness.items import QuestionItem
from ..harness.metrics import Measure
from ..harness.registry import task
from ..harness.statistics import Figure
from ..harness.tables import Row
from ..harness.task import Data, HubSource
from .asking import Asks, video, video_root
from .grading import AnswerGrading
from .mlvu import FRAMES
from .reading import Progress, rows, text

FILES = {"sub_scene": "8_sub_scene.json", "summary": "9_summary.json"}
"""Files by group."""
_LOWEST, _HIGHEST = 2, 10


@task("mlvu-open")
class MLVUOpen(Asks):
    """MLVU's open questions: descriptions of scenes and summaries of videos, graded 2 to 10."""

    name = "mlvu-open"
    headline: tuple[str, ...] = ("g_avg", "score")
    source: HubSource | None = None
    columns: Mapping[str, str] = {
        "video": "below videos/",
        "question": "what is to be told",
        "answer": "a good answer",
        "scoring_points": "what an answer about a scene must say (a list); not for summaries",
    }

    def __init__(self, videos: Path | None = None, prompts: Path | None = None) -> None:
        self.videos = videos
        self.grading = AnswerGrading(
            "mlvu_open.j2", "grade-two-scores", ((1, 5), (1, 5)), own=prompts, characters=1_500
        )

    def items(self, data: Data) -> Iterator[QuestionItem]:
        """Rows of both files in order; the id is the group and the row's number."""
        root = video_root(data, None, self.videos)
        for group, file in _files(data):
            found = rows(replace(data, path=file), None, ("video", "question", "answer"))
            for number, (where, row) in enumerate(found):
                yield QuestionItem(
                    id=f"{group}-{number}",
                    modality="video",
                    prompt=text(row, "question", where),
                    context=(video(row, ("video",), "videos", root, where),),
                    references=(text(row, "answer", where),),
                    frames=FRAMES,
                    group=group,
                    cluster=text(row, "video", where),
                    known={"kind": group, "points": _points(row, group, where)},
                )

    def measures(self, grades: Grades) -> Mapping[str, Measure]:
        """``score`` and how many answers were graded."""
        total = grades.number(0) + grades.number(1)
        measures = grades.mean("score", total, _LOWEST, _HIGHEST)
        if grades.protocol == "official":
            cells = (~grades.unanswered).reshape(len(grades), -1).sum(axis=1)
            measures["score"] = Figure.ratio(total.reshape(len(grades), -1).sum(axis=1), cells)
        return measures | grades.coverage

    def whole(self, grades: Grades) -> Mapping[str, Measure]:
        """The same, and ``g_avg``, the mean of the groups' scores."""
        usual = self.measures(grades)
        score = usual["score"]
        assert isinstance(score, Figure)
        return {"g_avg": score.over_groups(grades.group), **usual}

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Films of the shapes world to be described, in the benchmark's schema."""
        from .shapes.told_demo import write_mlvu_open

        write_mlvu_open(folder, seed=seed, progress=progress)


def _files(data: Data) -> Iterator[tuple[str, Path]]:
    """The tables behind a path, with their groups."""
    assert data.path is not None
    found = {group: data.path / name for group, name in FILES.items()}
    if data.path.is_file():
        found = {group: data.path for group, name in FILES.items() if data.path.name == name}
    there = {group: file for group, file in found.items() if file.is_file()}
    if not there:
        raise UserError(f"{data.path}: expected {' or '.join(FILES.values())}, or their folder")
    yield from there.items()


def _points(row: Row, group: str, where: str) -> str:
    """What a grader is told to look for, a line each.

    Raises:
        UserError: a scene has none.
    """
    points = row.get("scoring_points")
    if group == "sub_scene" and not points:
        raise UserError(f"{where}: no scoring_points; the columns are: {', '.join(map(str, row))}")
    given = points if isinstance(points, list) else [points] if points else []
    return "\n".join(f"- {point}" for point in given)
