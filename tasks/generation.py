"""Prompt sets: how good is what a generation model makes, by any judge that scores?

The model under test (``--model``) makes an image or a video for each prompt, and the judge
(``--judge``: ``pickscore``, ``hpsv2``, ``imagereward``, ``clipscore``, ``unifiedreward``, ...)
scores each. ``score`` is the mean over prompts of the mean over what was made for the prompt
(``--votes K`` makes K for each), in the judge's own units; the bootstrap resamples prompts. What
could not be made, or not scored, is counted (``made``, ``coverage``) and left out of the mean.

Prompts are a table with a column ``prompt``, or a text file with one a line. From the hub,
``image-prompts`` takes PartiPrompts (columns ``Prompt``, ``Category``, ``Challenge``, ``Note``, as
in google-research/parti, ``PartiPrompts.tsv``, commit 2c99f66, and as PrunaAI/pruna, commit
38b3497, reads the hub's copy); ``--task-arg dataset=OWNER/NAME`` names another set. Files that are
read as they are: ``VBench_full_info.json`` (``--task-arg dimension=NAME`` takes the
prompts of one dimension), the CSV files of VideoGen-Eval and TA-Hard (``--task-arg
column=prompt_shorter`` takes the short ones), T2I-CompBench's text files, and ImageReward's
``benchmark-prompts.json``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..harness.errors import UserError
from ..harness.grades import Grades
from ..harness.items import Candidate, Item, Kind, Media, Modality, Objective, PointItem, PromptItem
from ..harness.metrics import Measure
from ..harness.registry import task
from ..harness.scores import SCORE_RANGES
from ..harness.statistics import Figure
from ..harness.task import Data, HubSource
from .asking import Asks
from .prompt_sets import COLUMNS, prompt_rows
from .reading import Progress

_PARTI = HubSource("nateraw/parti-prompts", None, "train", licence="Apache-2.0", items=1_632)


@dataclass(frozen=True)
class MediaScoring:
    """Any judge that scores single candidates scores each medium."""

    modality: Modality
    grammar: str | None = None
    kind: Kind = "point"
    compares: bool = False
    characters: int = 0

    def item(self, asked: Item, answer: Candidate, name: str) -> PointItem:
        """What was made, to be scored; judges that write scores do so in the usual range."""
        assert isinstance(answer, Media)
        scale = SCORE_RANGES[self.modality, "generation"]
        about = (name, self.modality, asked.objective, asked.prompt, answer)
        return PointItem(*about, score_range=scale, group=asked.group, cluster=asked.cluster)

    def identity(self) -> Mapping[str, object]:
        """The range that is asked for."""
        return {"score_range": list(SCORE_RANGES[self.modality, "generation"])}


class PromptSet(Asks):
    """What both tasks have in common."""

    kind: Kind = "prompt"
    objective: Objective | None = "generation"
    headline: tuple[str, ...] = ("score",)
    columns: Mapping[str, str] = COLUMNS

    def __init__(
        self,
        name: str,
        modality: Modality,
        source: HubSource | None,
        column: str | None,
        dimension: str | None = None,
    ) -> None:
        self.name, self.source, self.column, self.dimension = name, source, column, dimension
        self.modality: Modality = modality
        self.grading = MediaScoring(modality)

    def items(self, data: Data) -> Iterator[PromptItem]:
        """Rows in order."""
        for _, item in prompt_rows(data, self.source, self.modality, self.column, self.dimension):
            yield item

    def measures(self, grades: Grades) -> Mapping[str, Measure]:
        """``score``, and how much of it there is."""
        read = grades.read.any(axis=2)
        count = read.sum(axis=1)
        mean = np.where(read, grades.number(0).sum(axis=2), 0.0).sum(axis=1) / np.maximum(count, 1)
        asked = np.full(len(grades), grades.answered.shape[1])
        return {
            "score": Figure.ratio(mean, count > 0),
            "made": Figure.ratio(grades.answered.sum(axis=1), asked),
            **grades.coverage,
        }


@task("image-prompts")
class ImagePrompts(PromptSet):
    """Images for prompts, scored one by one by any judge."""

    def __init__(
        self, dataset: str | None = None, split: str | None = None, column: str | None = None
    ) -> None:
        super().__init__("image-prompts", "image", hub_source(dataset, split) or _PARTI, column)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Captions of the shapes world."""
        from .shapes.prompt_demo import write_image_prompts

        write_image_prompts(folder, seed=seed, progress=progress)


@task("video-prompts")
class VideoPrompts(PromptSet):
    """Videos for prompts, scored one by one by any judge."""

    def __init__(
        self,
        dataset: str | None = None,
        split: str | None = None,
        column: str | None = None,
        dimension: str | None = None,
    ) -> None:
        super().__init__("video-prompts", "video", hub_source(dataset, split), column, dimension)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Captions of the shapes world."""
        from .shapes.prompt_demo import write_video_prompts

        write_video_prompts(folder, seed=seed, progress=progress)


def hub_source(dataset: str | None, split: str | None) -> HubSource | None:
    """The set on the hub that the user named, if any.

    Raises:
        UserError: a split without a data set.
    """
    if dataset is None:
        if split is not None:
            raise UserError(f"--task-arg split={split} needs --task-arg dataset=OWNER/NAME")
        return None
    return HubSource(dataset, None, split or "train", verified=False)
