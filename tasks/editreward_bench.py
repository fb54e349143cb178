"""EditReward-Bench, of TIGER-Lab and of EditScore: which of two edits of an image is better?

Two data sets have this name; their figures do not compare. *TIGER-Lab's*,
https://huggingface.co/datasets/TIGER-Lab/EditReward-Bench (Wu et al. 2025, arXiv 2509.26346)::

    {"id": "17", "instruction": "...", "source_image": <PNG>, "candidate_1": <PNG>,
     "candidate_2": <PNG>, "comparison_type": "BvsC", "ranking": "B>C", "num_candidates": 3}

``ranking`` is in the letters of ``comparison_type``, the first being ``candidate_1``; ``=`` is a
tie. Groups are the numbers of candidates that were ranked together (*K=2* to *K=4*).
``all_pairs`` is the share of rankings whose pairs are all right, which the authors report for each
K; ``tau`` counts single pairs.

*EditScore's*, https://huggingface.co/datasets/EditScore/EditReward-Bench (Luo et al. 2025, arXiv
2509.23909; columns as in VectorSpaceLab/EditScore's ``evaluation.py``)::

    {"key": ["...", "..."], "instruction": "...", "input_image": <PNG>,
     "output_images": [<PNG>, <PNG>], "task_type": "color_alter", "dimension": "consistency"}

The first output is the preferred one, so the official protocol draws the order. There is a task for
each ``dimension``: *prompt_following* and *consistency* are asked for by name, *overall* is the
better edit. Groups are the kinds of edit; ``accuracy_macro`` is their mean, which the authors
report (equal scores are wrong).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from ..harness.errors import UserError
from ..harness.items import THREE_WAY, PairItem, Verdict
from ..harness.judgements import Judgements
from ..harness.metrics import Measure, pairwise_measures
from ..harness.registry import task
from ..harness.tables import Row
from ..harness.task import Data, HubSource, OrderPlan
from .omni_rewardbench import with_criterion
from .reading import Progress, media, media_root, rows, text
from .rewarding import Rewards, agreed, wholly_right, with_macro


@task("editreward-bench-tiger")
class EditRewardBenchTiger(Rewards):
    """EditReward-Bench of TIGER-Lab: pairs from rankings of two to four edits of an image."""

    name = "editreward-bench-tiger"
    choices: tuple[Verdict, ...] = THREE_WAY
    headline = ("all_pairs", "tau", "diff")
    source = HubSource(
        "TIGER-Lab/EditReward-Bench",
        None,
        "train",
        licence="Apache-2.0 (data card)",
        size="2.89 GB",
    )
    columns: Mapping[str, str] = {
        "id": "pairs of one ranking share it",
        "instruction": "the editing instruction",
        "source_image": "the image that was edited (absent for judges that open no media)",
        "candidate_1": "first edit",
        "candidate_2": "second edit",
        "comparison_type": "letters of the two edits, such as AvsB",
        "ranking": "which is better, such as A>B; = for a tie",
        "num_candidates": "how many were ranked together, the group",
    }

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows in order; the id is the row's, the letters and the row number."""
        root = media_root(data, self.source)
        needed = ("id", "instruction", "comparison_type", "ranking", "num_candidates")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            name, size = str(row["id"]), row["num_candidates"]
            yield PairItem(
                id=f"{name}-{row['comparison_type']}#{number}",
                modality="image",
                objective="generation",
                prompt=text(row, "instruction", where),
                candidates=(
                    media(row.get("candidate_1"), "image", root, where),
                    media(row.get("candidate_2"), "image", root, where),
                ),
                label=_label(row, where),
                context=(media(row.get("source_image"), "image", root, where),),
                group=f"K={size}",
                cluster=f"K={size}\n{name}",
            )

    def measures(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The usual figures, and the share of rankings that are wholly right."""
        whole = wholly_right(agreed(judgements), judgements.cluster)
        return {"all_pairs": whole, **pairwise_measures(judgements)}

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Edits of pictures of the shapes world in the benchmark's schema."""
        from .shapes.edit_rankings_demo import write_editreward_bench

        write_editreward_bench(folder, seed=seed, progress=progress)


def _label(row: Row, where: str) -> Verdict:
    letters = text(row, "comparison_type", where).split("vs")
    ranking = text(row, "ranking", where).replace(" ", "")
    if len(letters) == 2:
        first, second = (letter.strip() for letter in letters)
        known = {
            **dict.fromkeys((f"{first}>{second}", f"{second}<{first}"), Verdict.FIRST),
            **dict.fromkeys((f"{second}>{first}", f"{first}<{second}"), Verdict.SECOND),
            **dict.fromkeys((f"{first}={second}", f"{second}={first}"), Verdict.TIE),
        }
        if ranking in known:
            return known[ranking]
    raise UserError(
        f"{where}: ranking {row['ranking']!r} does not order the two of comparison_type"
        f" {row['comparison_type']!r}; expected for example A>B with AvsB"
    )


CRITERIA = {
    "prompt_following": "Is the instruction carried out?",
    "consistency": "Is everything that the instruction does not name left as it was?",
}
"""What is asked besides the instruction, by dimension."""


class EditRewardBenchEditScore(Rewards):
    """What EditScore's dimensions share."""

    official_order: OrderPlan = "random"
    headline = ("accuracy_macro", "accuracy")
    source = HubSource(
        "EditScore/EditReward-Bench", None, "train", licence="Apache-2.0 (data card)"
    )
    name: ClassVar[str]
    dimension: ClassVar[str]

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns read, and what they hold."""
        return {
            "key": "names of the two edits",
            "instruction": "the editing instruction",
            "input_image": "the image that was edited (absent for judges that open no media)",
            "output_images": "the two edits, the preferred one first",
            "task_type": "the kind of edit, the group",
            "dimension": f"rows of {self.dimension} are read",
        }

    def items(self, data: Data) -> Iterator[PairItem]:
        """Rows of the dimension in order; the id is the two edits' names and the row number."""
        root = media_root(data, self.source)
        needed = ("key", "instruction", "task_type", "dimension")
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            if text(row, "dimension", where) != self.dimension:
                continue
            instruction = text(row, "instruction", where)
            first, second = _two(row, "output_images", where) or (None, None)
            yield PairItem(
                id=f"{'-'.join(map(str, _two(row, 'key', where)))}#{number}",
                modality="image",
                objective="generation",
                prompt=asked(instruction, self.dimension),
                candidates=(
                    media(first, "image", root, where),
                    media(second, "image", root, where),
                ),
                label=Verdict.FIRST,
                context=(media(row.get("input_image"), "image", root, where),),
                group=text(row, "task_type", where),
                cluster=instruction,
            )

    def whole(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The usual figures, and the mean of the kinds of edit."""
        return with_macro(judgements)

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Edits of pictures of the shapes world in the benchmark's schema."""
        from .shapes.decided_demo import write_editscore_bench

        write_editscore_bench(folder, self.dimension, seed=seed, progress=progress)


@task("editreward-bench-editscore-overall", group="editreward-bench-editscore")
class EditScoreOverall(EditRewardBenchEditScore):
    """EditReward-Bench of EditScore: the better of two edits of an image."""

    name, dimension = "editreward-bench-editscore-overall", "overall"


@task("editreward-bench-editscore-following", group="editreward-bench-editscore")
class EditScoreFollowing(EditRewardBenchEditScore):
    """EditReward-Bench of EditScore: which edit carries out the instruction better."""

    name, dimension = "editreward-bench-editscore-following", "prompt_following"


@task("editreward-bench-editscore-consistency", group="editreward-bench-editscore")
class EditScoreConsistency(EditRewardBenchEditScore):
    """EditReward-Bench of EditScore: which edit leaves the rest of the image as it was."""

    name, dimension = "editreward-bench-editscore-consistency", "consistency"


def asked(instruction: str, dimension: str) -> str:
    """What a judge is asked: the instruction, and by what to judge where that is not everything."""
    criterion = CRITERIA.get(dimension)
    return with_criterion(instruction, criterion) if criterion else instruction


def _two(row: Row, column: str, where: str) -> Sequence[object]:
    """A column that holds two things; nothing if it is absent."""
    given = row.get(column)
    if given is None:
        return ()
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise UserError(f"{where}: {column} must be a list of two")
    return given
