"""Preferences of your own: pairs with verdicts, and single candidates with scores.

Reads what reward models are trained on, plain JSON Lines (docs/preference-data.md). Two rows::

    {"id": "7", "source": "mine", "modality": "image", "objective": "generation",
     "prompt": "a red cube", "candidates": ["a.png", "b.png"], "verdict": "first"}
    {"id": "8", "source": "mine", "modality": "video", "objective": "understanding",
     "prompt": "What happens?", "context": ["v.mp4"], "candidates": ["A cube falls."],
     "score": 4.5, "score_range": [1, 5]}

Rows of two candidates are the items of ``preference-pairs``, rows of one those of
``preference-points``; ``--task preferences`` judges both. Groups are ``image-generation``,
``image-understanding``, ``video-generation`` and ``video-understanding``; ``--task-arg
only=image-generation`` judges one of them. Scores of different groups may not compare, so a
correlation of the whole is the mean of those within the groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Literal

from ..harness.items import SCORE, THREE_WAY, Item, Kind, Modality, Objective, Verdict
from ..harness.metrics import Measure
from ..harness.pointwise import Points, pointwise_measures
from ..harness.registry import task
from ..harness.task import Data, HubSource, OrderPlan
from .reading import Progress

Group = Literal[
    "image-generation", "image-understanding", "video-generation", "video-understanding"
]


class Preferences:
    """What the two tasks share."""

    version = "1"
    modality: Modality | None = None
    objective: Objective | None = None
    official_order: OrderPlan = "random"
    source: HubSource | None = None
    kind: ClassVar[Kind]
    answer: ClassVar[Mapping[str, str]]

    def __init__(self, only: Group | None = None) -> None:
        self.only = only

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns read, and what they hold."""
        return {
            "id, source": "unique within the data set, and its name",
            "modality, objective": "image | video, generation | understanding",
            "prompt": "text the media were made from, or the question",
            "context": "the media that are asked about; the source of edited images",
            **self.answer,
            "cluster": "what belongs together (default: the prompt, or the medium asked about)",
        }

    def items(self, data: Data) -> Iterator[Item]:
        """Rows of the task's kind, in order; the id is the row's source and id."""
        from ..reward_training.adapters import read

        for preference in read("jsonl", data.path):
            item = preference.item
            if preference.kind == self.kind and self.only in (None, item.group):
                yield item

    @property
    def demo_version(self) -> str:
        """Version of the shapes world behind the demo data."""
        from .shapes.demo import WORLD_VERSION

        return f"v{WORLD_VERSION}"


@task("preference-pairs", group="preferences")
class PreferencePairs(Preferences):
    """Your own preferences: pairs of images, of videos, or of answers about them."""

    name = "preference-pairs"
    kind = "pair"
    choices = THREE_WAY
    headline = ("tau", "diff")
    answer: ClassVar[Mapping[str, str]] = {
        "candidates": "two",
        "verdict": " | ".join(verdict.value for verdict in Verdict),
    }

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pairs of the shapes world."""
        from .shapes.preferences import write_preference_pairs

        write_preference_pairs(folder, seed=seed, progress=progress)


@task("preference-points", group="preferences")
class PreferencePoints(Preferences):
    """Your own scores of single images, videos, or answers about them."""

    name = "preference-points"
    kind = "point"
    choices = SCORE
    headline = ("spearman",)
    answer: ClassVar[Mapping[str, str]] = {
        "candidates": "one",
        "score": "how good people call it",
        "score_range": "lowest and highest score (default: see docs/preference-data.md)",
    }

    def whole(self, points: Points) -> Mapping[str, Measure]:
        """The usual figures, correlations as means of those within the groups."""
        return pointwise_measures(points, within_groups=True)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Scored candidates of the shapes world."""
        from .shapes.preferences import write_preference_points

        write_preference_points(folder, seed=seed, progress=progress)
