"""Multimodal RewardBench, MM-RLHF-RewardBench and VideoRewardBench: the better of two answers.

*Multimodal RewardBench* (Yasunaga et al. 2025, arXiv 2502.14191; the hub's
https://huggingface.co/datasets/syhuggingface/multimodal_rewardbench)::

    {"ID": "...", "Text": "...", "Image": <PNG>, "Output1": "...", "Output2": "...",
     "Better": "Output1", "Category": "vqa"}

Groups are the categories, safety split into bias and toxicity and reasoning into math and coding by
the id's prefix. ``accuracy`` is over all items, as the authors' *all*; ``accuracy_macro`` is the
mean of the groups. Their script tosses a coin where no verdict can be read; here none is guessed,
and ``accuracy_coin`` (official protocol) is what that would come to on average.

*MM-RLHF-RewardBench* (Zhang et al. 2025, arXiv 2502.10391;
https://huggingface.co/datasets/yifanzhang114/MM-RLHF-RewardBench, ``mm_reward_bench.jsonl``)::

    {"id": "...", "prompt": "...", "image": "long/1.jpg", "chosen": "...", "rejected": "..."}

``video`` (a folder of frames) may stand in place of ``image``; the group is the word among mcq,
long, short, safety and video that the path holds. Rows of one id are pairs from one ranking:
``acc_plus`` is the share of ids whose pairs are all right. The better answer always comes first, so
the official protocol draws the order.

*VideoRewardBench* (Zhang et al. 2025, arXiv 2509.00484;
https://huggingface.co/datasets/Dragonriser/VideoRewardBench): a video, a question, a chosen and a
rejected answer, and the dimension (perception long and short, knowledge, reasoning, safety) as the
group. Its columns are not known to us at first hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ..harness.items import Media, Modality, Objective, PairItem, Verdict
from ..harness.judgements import Judgements
from ..harness.metrics import Measure
from ..harness.registry import task
from ..harness.statistics import Figure
from ..harness.tables import Row
from ..harness.task import Data, HubSource, OrderPlan
from .reading import Progress, choice, media, media_root, rows, text
from .rewarding import Rewards, agreed, wholly_right, with_macro

_BETTER = {"Output1": Verdict.FIRST, "Output2": Verdict.SECOND}
_PATHS = ("mcq", "long", "short", "safety", "video")


class AnswerRewards(Rewards):
    """What the three share."""

    objective: Objective | None = "understanding"
    headline = ("accuracy", "accuracy_macro")

    def whole(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The usual figures, and the mean of the groups."""
        return with_macro(judgements)


@task("multimodal-rewardbench")
class MultimodalRewardBench(AnswerRewards):
    """Multimodal RewardBench: two answers about an image, in six areas, labelled by experts."""

    name = "multimodal-rewardbench"
    source = HubSource(
        "syhuggingface/multimodal_rewardbench", None, "test", licence="CC BY-NC", items=4711
    )
    columns: Mapping[str, str] = {
        "ID": "its prefix divides safety and reasoning",
        "Text": "the question",
        "Image": "the image (absent for judges that open no media)",
        "Output1": "first answer",
        "Output2": "second answer",
        "Better": "Output1 | Output2",
        "Category": "the group",
    }

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; some ids occur twice, so the row number is appended."""
        root = media_root(data, self.source)
        needed = ("ID", "Text", "Output1", "Output2", "Better", "Category")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            name, question = text(row, "ID", where), text(row, "Text", where)
            yield PairItem(
                id=f"{name}#{number}",
                modality="image",
                objective="understanding",
                prompt=question,
                candidates=(text(row, "Output1", where), text(row, "Output2", where)),
                label=choice(row, "Better", _BETTER, where),
                context=(media(row.get("Image"), "image", root, where),),
                group=_area(name, text(row, "Category", where)),
                cluster=f"{name}\n{question}",
            )

    def whole(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The usual figures; officially also what a coin in place of unread answers gives."""
        found = with_macro(judgements)
        if judgements.protocol != "official":
            return found
        unread = judgements.by_pass < 0
        credit = np.where(unread, 0.5, agreed(judgements)).mean(axis=1)
        everything = np.ones(len(judgements), dtype=bool)
        return {**found, "accuracy_coin": Figure.ratio(credit, everything)}

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures of the shapes world with questions and answers, in the benchmark's schema."""
        from .shapes.answer_demo import write_multimodal_rewardbench

        write_multimodal_rewardbench(folder, seed=seed, progress=progress)


def _area(name: str, category: str) -> str:
    if category == "safety":
        return "safety/bias" if name.startswith("pairs") else "safety/toxicity"
    if category == "reasoning":
        return "reasoning/math" if name.startswith("math") else "reasoning/coding"
    return category


@task("mm-rlhf-rewardbench")
class MMRLHFRewardBench(AnswerRewards):
    """MM-RLHF-RewardBench: 170 pairs of answers about images and videos, from rankings."""

    name = "mm-rlhf-rewardbench"
    modality: Modality | None = None
    official_order: OrderPlan = "random"
    headline = ("accuracy", "acc_plus")
    source = HubSource("yifanzhang114/MM-RLHF-RewardBench", None, "train", items=170)
    columns: Mapping[str, str] = {
        "id": "rows of one ranking share it",
        "prompt": "the question",
        "chosen": "the better answer",
        "rejected": "the other answer",
        "image": "path of the image; its words name the group",
        "video": "path of the video, in place of the image",
    }

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; the id is the row's and its number."""
        root = media_root(data, self.source)
        needed = ("id", "prompt", "chosen", "rejected")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            shown, name = _shown(row, root, where), str(row["id"])
            yield PairItem(
                id=f"{name}#{number}",
                modality=shown.modality,
                objective="understanding",
                prompt=text(row, "prompt", where).replace("<image>", "").strip(),
                candidates=(text(row, "chosen", where), text(row, "rejected", where)),
                label=Verdict.FIRST,
                context=(shown,),
                group=_kind(row),
                cluster=name,
            )

    def measures(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The usual figures, and the share of rankings that are wholly right."""
        whole = wholly_right(agreed(judgements), judgements.cluster)
        return {**with_macro(judgements), "acc_plus": whole}

    def whole(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The same."""
        return self.measures(judgements)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures and films of the shapes world with answers, in the benchmark's schema."""
        from .shapes.answer_demo import write_mm_rlhf_rewardbench

        write_mm_rlhf_rewardbench(folder, seed=seed, progress=progress)


def _shown(row: Row, root: Path | None, where: str) -> Media:
    if row.get("video"):
        return media(row["video"], "video", root, where)
    return media(row.get("image"), "image", root, where)


def _kind(row: Row) -> str:
    path = row.get("image") or row.get("video") or ""
    path = path.get("path") or "" if isinstance(path, Mapping) else str(path)
    return next((word for word in _PATHS if word in path), "other")


@task("videorewardbench")
class VideoRewardBench(AnswerRewards):
    """VideoRewardBench: 1,563 pairs of answers about videos, in five dimensions."""

    name = "videorewardbench"
    modality: Modality | None = "video"
    official_order: OrderPlan = "random"
    source = HubSource("Dragonriser/VideoRewardBench", None, "test", items=1563, verified=False)
    columns: Mapping[str, str] = {
        "question": "the question",
        "video": "path of the video (absent for judges that open no media)",
        "chosen": "the better answer",
        "rejected": "the other answer",
        "dimension": "the group",
    }

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; the id is the row number."""
        root = media_root(data, self.source)
        needed = ("question", "chosen", "rejected", "dimension")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            question = text(row, "question", where)
            yield PairItem(
                id=str(number),
                modality="video",
                objective="understanding",
                prompt=question,
                candidates=(text(row, "chosen", where), text(row, "rejected", where)),
                label=Verdict.FIRST,
                context=(media(row.get("video"), "video", root, where),),
                group=text(row, "dimension", where),
                cluster=str(row.get("video") or question),
            )

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Films of the shapes world with questions and answers, in these columns."""
        from .shapes.answer_demo import write_videorewardbench

        write_videorewardbench(folder, seed=seed, progress=progress)
