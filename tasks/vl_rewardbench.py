"""VL-RewardBench: which of two answers about an image is better?

https://huggingface.co/datasets/MMInstruction/VL-RewardBench (Li et al. 2024, arXiv 2411.17451). One
item::

    {"id": "RLHF-V-31", "query": "How many kites are there in this picture?",
     "response": ["There are two kites in the picture.", "There are three kites ..."],
     "image": <PNG>, "human_ranking": [0, 1], "query_source": "vqav2", ...}

``human_ranking`` gives ranks, 0 is the better answer. It is [0, 1] in 1,245 of 1,250 rows, so a
judge that is always shown the data's order can win without looking. 25 ids occur twice with other
answers, so an item's id here is the benchmark's id and the row number.

Groups come from the id's prefix, as in the benchmark's own repository; the public UnifiedReward
scripts lack the rule for its 448 ``hallucination_pair`` rows and count them as general
(``--task-arg grouping=unifiedreward``; CodeGoat24/UnifiedReward, commit ff6f520). The authors'
aggregation (``--protocol official``) takes the majority of K votes and leaves out items without
one; the robust protocol counts them as wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from ..harness.errors import UserError
from ..harness.items import TWO_WAY, Modality, Objective, PairItem, Verdict
from ..harness.judgements import Bools, Judgements, coarse
from ..harness.metrics import Measure, accuracy, behaviour
from ..harness.registry import task
from ..harness.statistics import Figure
from ..harness.tables import Row
from ..harness.task import Data, HubSource, OrderPlan
from .reading import Progress, media, media_root, rows, text

GROUPS = ("general", "hallucination", "reasoning")
OFFICIAL_COUNTS = {"general": 183, "hallucination": 749, "reasoning": 318}
UNIFIEDREWARD_COUNTS = {"general": 631, "hallucination": 301, "reasoning": 318}

_BY_PREFIX = {
    "hallucination": "hallucination",
    "rlaif": "hallucination",
    "rlhf": "hallucination",
    "mathverse": "reasoning",
    "mmmu": "reasoning",
}
_BEST = {(0, 1): Verdict.FIRST, (1, 0): Verdict.SECOND}


@task("vl-rewardbench")
class VLRewardBench:
    """VL-RewardBench: 1,250 pairs of answers about images (general, hallucination, reasoning)."""

    name = "vl-rewardbench"
    version = "1"
    modality: Modality = "image"
    objective: Objective = "understanding"
    choices = TWO_WAY
    official_order: OrderPlan = "random"
    headline = ("overall", "macro")
    columns: Mapping[str, str] = {
        "id": "names the source, hence the group",
        "query": "the question about the image",
        "response": "the two answers",
        "image": "the image (absent for judges that open no media)",
        "human_ranking": "ranks of the two answers, 0 is better",
    }

    def __init__(
        self,
        grouping: Literal["official", "unifiedreward"] = "official",
        revision: str = "main",
    ) -> None:
        self.grouping = grouping
        self.source = HubSource(
            "MMInstruction/VL-RewardBench",
            None,
            "test",
            revision,
            licence="MIT (data card)",
            size="97 MB",
            items=1250,
        )

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order."""
        root = media_root(data, self.source)
        needed = ("id", "query", "response", "human_ranking")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            name = text(row, "id", where)
            query = re.sub(r"<image>\n?", "", text(row, "query", where))
            yield PairItem(
                id=f"{name}#{number}",
                modality="image",
                objective="understanding",
                prompt=query,
                candidates=_answers(row, where),
                label=_label(row, where),
                context=(media(row.get("image"), "image", root, where),),
                group=self._group(name),
                cluster=f"{name}\n{query}",
            )

    def _group(self, name: str) -> str:
        prefix = re.split(r"[_-]", name, maxsplit=1)[0].lower()
        if self.grouping == "unifiedreward" and prefix == "hallucination":
            return "general"
        return _BY_PREFIX.get(prefix, "general")

    @property
    def demo_version(self) -> str:
        """Version of the shapes world behind the demo data."""
        from .shapes.demo import WORLD_VERSION

        return f"v{WORLD_VERSION}"

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Pictures of the shapes world with questions and answers, in the benchmark's schema."""
        from .shapes.demo import write_vl_rewardbench

        write_vl_rewardbench(folder, seed=seed, progress=progress)

    def check(self, groups: Mapping[str, int]) -> list[str]:
        """Warn when the groups are not those of the full benchmark."""
        expected = OFFICIAL_COUNTS if self.grouping == "official" else UNIFIEDREWARD_COUNTS
        if dict(groups) == expected:
            return []
        seen = ", ".join(f"{name} {groups.get(name, 0)}" for name in GROUPS)
        full = ", ".join(f"{name} {count}" for name, count in expected.items())
        return [
            "vl-rewardbench: the data differ from the full benchmark:"
            f" groups are {seen}, not {full}"
        ]

    def measures(self, judgements: Judgements) -> Mapping[str, Measure]:
        """``accuracy`` of one group."""
        return _accuracy("accuracy", judgements)

    def whole(self, judgements: Judgements) -> Mapping[str, Measure]:
        """``overall`` (micro average), ``macro`` (mean of the groups) and what goes with them."""
        parts = []
        for code in range(len(judgements.groups)):
            figure = _accuracy("accuracy", judgements, judgements.group == code)["accuracy"]
            assert isinstance(figure, Figure)
            parts.append(figure)
        measures = _accuracy("overall", judgements)
        return {"overall": measures.pop("overall"), "macro": Figure.macro(parts), **measures}


def _accuracy(name: str, judgements: Judgements, only: Bools | None = None) -> dict[str, Measure]:
    """Accuracy under the protocol's rule for answers that cannot be read."""
    counted = np.ones(len(judgements), dtype=bool) if only is None else only
    if judgements.margin is not None:
        right = judgements.margin * np.where(judgements.label == 0, 1, -1) > 0
        read = np.isfinite(judgements.margin)
        return {
            name: Figure.ratio(right & counted, counted),
            "coverage": Figure.ratio(read & counted, counted),
        }
    correct = coarse(judgements.by_pass) == coarse(judgements.label)[:, None]
    measures = accuracy(name, correct, counted, judgements) | behaviour(judgements)
    if judgements.protocol == "official":
        # cal.py of the benchmark's repository: agree / (agree + reject), nothing else counts.
        read = ((judgements.by_pass >= 0) & (judgements.by_pass < 2)) & counted[:, None]
        measures[name] = Figure.ratio((correct & read).sum(axis=1), read.sum(axis=1))
    return measures


def _answers(row: Row, where: str) -> tuple[str, str]:
    answers = row["response"]
    if not isinstance(answers, list) or len(answers) != 2:
        raise UserError(f"{where}: response must be a list of two answers")
    return str(answers[0]), str(answers[1])


def _label(row: Row, where: str) -> Verdict:
    ranks = row["human_ranking"]
    best = _BEST.get(tuple(ranks)) if isinstance(ranks, list) else None
    if best is None:
        raise UserError(f"{where}: human_ranking is {ranks!r}; allowed are: [0, 1], [1, 0]")
    return best
