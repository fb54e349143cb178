"""GenAI-Bench: which of two generated or edited images, or videos, did people prefer?

https://huggingface.co/datasets/TIGER-Lab/GenAI-Bench (Jiang et al. 2024, arXiv 2406.04485). One
item of the image subset::

    {"prompt": "a cute dog is playing a ball", "left_image": <PNG>, "right_image": <PNG>,
     "left_model": "...", "right_model": "...", "vote_type": "leftvote"}

``vote_type`` is ``leftvote``, ``rightvote``, ``tievote`` (both good) or ``bothbad_vote``. The
authors' rule is accuracy over these four classes (``accuracy_4way``):
https://github.com/TIGER-AI-Lab/GenAI-Bench, commit f0b0334. Split ``test_v1`` is what they
evaluate; ``test`` (``--task-arg split=test``) is another, larger collection, and figures on the two
do not compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Literal

from ..harness.items import FOUR_WAY, Media, Modality, Objective, PairItem, Verdict
from ..harness.judgements import Judgements
from ..harness.metrics import Measure, four_way, pairwise_measures
from ..harness.registry import task
from ..harness.tables import Row
from ..harness.task import Data, HubSource, OrderPlan
from .reading import Progress, choice, media, media_root, rows, text

VOTES = {
    "leftvote": Verdict.FIRST,
    "rightvote": Verdict.SECOND,
    "tievote": Verdict.BOTH_GOOD,
    "bothbad_vote": Verdict.BOTH_BAD,
}


class GenAIBench:
    """What the three subsets share."""

    version = "1"
    modality: Modality = "image"
    objective: Objective = "generation"
    choices = FOUR_WAY
    official_order: OrderPlan = "given"
    headline = ("tau", "diff")
    official_headline = ("accuracy_4way", "tau", "diff")
    name: ClassVar[str]
    config: ClassVar[str]
    full: ClassVar[int]
    prompt: ClassVar[str] = "prompt"
    sides: ClassVar[tuple[str, str]] = ("left_image", "right_image")
    about: ClassVar[Mapping[str, str]] = {"prompt": "text the images were generated from"}

    def __init__(self, split: Literal["test_v1", "test"] = "test_v1") -> None:
        self.source = HubSource(
            "TIGER-Lab/GenAI-Bench",
            self.config,
            split,
            licence="CC BY 4.0 (data card)",
            items=self.full if split == "test_v1" else None,
        )

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns read, and what they hold."""
        left, right = self.sides
        return {
            **self.about,
            left: f"first {self.modality} (absent for judges that open no media)",
            right: f"second {self.modality}",
            "vote_type": " | ".join(VOTES),
        }

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; the id is the row's ``idx`` or ``id`` if it has one, else its number."""
        root = media_root(data, self.source)
        for number, (where, row) in enumerate(rows(data, self.source, (self.prompt, "vote_type"))):
            prompt = text(row, self.prompt, where)
            yield PairItem(
                id=str(row.get("idx", row.get("id", number))),
                modality=self.modality,
                objective=self.objective,
                prompt=prompt,
                candidates=self._candidates(row, root, where),
                label=choice(row, "vote_type", VOTES, where),
                context=self._context(row, root, where),
                cluster=prompt,
            )

    @property
    def demo_version(self) -> str:
        """Version of the shapes world behind the demo data."""
        from .shapes.demo import WORLD_VERSION

        return f"v{WORLD_VERSION}"

    def _candidates(self, row: Row, root: Path | None, where: str) -> tuple[Media, Media]:
        left, right = (media(row.get(side), self.modality, root, where) for side in self.sides)
        return left, right

    def _context(self, row: Row, root: Path | None, where: str) -> tuple[Media, ...]:
        return ()

    def measures(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The usual figures, and the authors' four-way accuracy for judges that give verdicts."""
        usual = pairwise_measures(judgements)
        return usual if judgements.margin is not None else four_way(judgements) | usual


@task("genai-bench-image", group="genai-bench")
class GenAIBenchImage(GenAIBench):
    """GenAI-Bench image generation: 1,735 pairs of images with human votes."""

    name = "genai-bench-image"
    config = "image_generation"
    full = 1735

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures of the shapes world in this subset's schema."""
        from .shapes.demo import write_genai_bench_image

        write_genai_bench_image(folder, seed=seed, progress=progress)


@task("genai-bench-edit", group="genai-bench")
class GenAIBenchEdit(GenAIBench):
    """GenAI-Bench image editing: 919 pairs of edits of one image with human votes."""

    name = "genai-bench-edit"
    config = "image_edition"
    full = 919
    prompt = "instruct_prompt"
    sides = ("left_output_image", "right_output_image")
    about: ClassVar[Mapping[str, str]] = {
        "instruct_prompt": "the editing instruction",
        "source_image": "the image that was edited",
    }

    def _context(self, row: Row, root: Path | None, where: str) -> tuple[Media, ...]:
        return (media(row.get("source_image"), "image", root, where),)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Edits of pictures of the shapes world in this subset's schema."""
        from .shapes.demo import write_genai_bench_edit

        write_genai_bench_edit(folder, seed=seed, progress=progress)


@task("genai-bench-video", group="genai-bench")
class GenAIBenchVideo(GenAIBench):
    """GenAI-Bench video generation: 1,069 pairs of videos with human votes."""

    name = "genai-bench-video"
    config = "video_generation"
    full = 1069
    modality: Modality = "video"
    sides = ("left_video", "right_video")
    about: ClassVar[Mapping[str, str]] = {"prompt": "text the videos were generated from"}

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Films of the shapes world in this subset's schema."""
        from .shapes.demo import write_genai_bench_video

        write_genai_bench_video(folder, seed=seed, progress=progress)
