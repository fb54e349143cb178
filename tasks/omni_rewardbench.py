"""Omni-RewardBench: which of two outputs is better by a criterion that is put in words?

https://huggingface.co/datasets/HongbangYuan/OmniRewardBench (Jin et al. 2025, arXiv 2510.23451), a
configuration a kind of output; those of images and videos are here. One item::

    {"prompt": "...", "criteria": "Which image has the warmer light?", "response1": "a.png",
     "response2": "b.png", "criteria_preference": "response1"}

``criteria_preference`` is ``response1``, ``response2`` or ``tie``. ``image`` or ``video`` is what
an answer is about, or what was edited. What a judge is asked is the prompt and the criterion. The
authors (HongbangYuan/OmniReward, commit 60b170a) report accuracy with ties (``tau``) and, asking
again without offering a tie, over the items that have none; here ``diff`` is over those items, with
the tie offered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from ..harness.items import THREE_WAY, Candidate, Media, Modality, Objective, PairItem, Verdict
from ..harness.registry import task
from ..harness.tables import Row
from ..harness.task import Data, HubSource
from .reading import Progress, choice, media, media_root, rows, text
from .rewarding import Rewards

_PREFERRED = {"response1": Verdict.FIRST, "response2": Verdict.SECOND, "tie": Verdict.TIE}


class OmniRewardBench(Rewards):
    """What its configurations share."""

    choices: tuple[Verdict, ...] = THREE_WAY
    headline: ClassVar[tuple[str, ...]] = ("tau", "diff")
    modality: Modality = "image"
    objective: Objective = "generation"
    name: ClassVar[str]
    config: ClassVar[str]
    about: ClassVar[Modality | None] = None

    @property
    def source(self) -> HubSource:
        """The configuration on the hub."""
        return HubSource("HongbangYuan/OmniRewardBench", self.config, "test")

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns read, and what they hold."""
        what = "answer" if self.objective == "understanding" else f"path of the {self.modality}"
        shown = "what is asked about" if self.objective == "understanding" else "what was edited"
        return {
            "prompt": "the prompt or question",
            "criteria": "what is to be judged",
            **({self.about: shown} if self.about else {}),
            "response1": f"first {what}",
            "response2": f"second {what}",
            "criteria_preference": " | ".join(_PREFERRED),
        }

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; the id is the row number."""
        root = media_root(data, self.source)
        needed = ("prompt", "criteria", "criteria_preference")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            prompt = text(row, "prompt", where)
            yield PairItem(
                id=str(number),
                modality=self.modality,
                objective=self.objective,
                prompt=with_criterion(prompt, text(row, "criteria", where)),
                candidates=(
                    self._candidate(row, "response1", root, where),
                    self._candidate(row, "response2", root, where),
                ),
                label=choice(row, "criteria_preference", _PREFERRED, where),
                context=self._context(row, root, where),
                cluster=prompt,
            )

    def _candidate(self, row: Row, column: str, root: Path | None, where: str) -> Candidate:
        if self.objective == "understanding":
            return text(row, column, where)
        return media(row.get(column), self.modality, root, where)

    def _context(self, row: Row, root: Path | None, where: str) -> tuple[Media, ...]:
        return (media(row.get(self.about), self.about, root, where),) if self.about else ()

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """The shapes world in the benchmark's schema."""
        from .shapes.omni_demo import write_omni_rewardbench

        write_omni_rewardbench(folder, self.config, seed=seed, progress=progress)


def with_criterion(prompt: str, criterion: str) -> str:
    """What a judge is asked: the prompt, and by what to judge."""
    return f"{prompt}\n\nJudge by this criterion alone: {criterion}"


@task("omni-rewardbench-t2i", group="omni-rewardbench")
class OmniTextToImage(OmniRewardBench):
    """Omni-RewardBench, text to image: two images for a prompt, by a criterion."""

    name = "omni-rewardbench-t2i"
    config = "text_to_image"


@task("omni-rewardbench-edit", group="omni-rewardbench")
class OmniImageToImage(OmniRewardBench):
    """Omni-RewardBench, text and image to image: two edits of an image, by a criterion."""

    name = "omni-rewardbench-edit"
    config = "text_image_to_image"
    about = "image"


@task("omni-rewardbench-t2v", group="omni-rewardbench")
class OmniTextToVideo(OmniRewardBench):
    """Omni-RewardBench, text to video: two videos for a prompt, by a criterion."""

    name = "omni-rewardbench-t2v"
    config = "text_to_video"
    modality: Modality = "video"


@task("omni-rewardbench-image", group="omni-rewardbench")
class OmniImageToText(OmniRewardBench):
    """Omni-RewardBench, text and image to text: two answers about an image, by a criterion."""

    name = "omni-rewardbench-image"
    config = "text_image_to_text"
    objective: Objective = "understanding"
    about = "image"


@task("omni-rewardbench-video", group="omni-rewardbench")
class OmniVideoToText(OmniRewardBench):
    """Omni-RewardBench, text and video to text: two answers about a video, by a criterion."""

    name = "omni-rewardbench-video"
    config = "text_video_to_text"
    modality: Modality = "video"
    objective: Objective = "understanding"
    about = "video"
