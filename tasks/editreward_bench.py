"""EditReward-Bench (of TIGER-Lab): which of two edits of an image follows the instruction better?

https://huggingface.co/datasets/TIGER-Lab/EditReward-Bench (Wu et al. 2025, arXiv 2509.26346).
Another data set has the same name, EditScore/EditReward-Bench (Luo et al. 2025, arXiv 2509.23909);
their figures do not compare. One item::

    {"id": "17", "instruction": "...", "source_image": <PNG>, "candidate_1": <PNG>,
     "candidate_2": <PNG>, "comparison_type": "BvsC", "ranking": "B>C", "num_candidates": 3}

``ranking`` is in the letters of ``comparison_type``, the first being ``candidate_1``; ``=`` is a
tie. Groups are the numbers of candidates that were ranked together (*K=2* to *K=4*).
``all_pairs`` is the share of rankings whose pairs are all right, which the authors report for each
K; ``tau`` counts single pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..harness.errors import UserError
from ..harness.items import THREE_WAY, PairItem, Verdict
from ..harness.judgements import Judgements
from ..harness.metrics import Measure, pairwise_measures
from ..harness.registry import task
from ..harness.tables import Row
from ..harness.task import Data, HubSource
from .reading import Progress, media, media_root, rows, text
from .rewarding import Rewards, agreed, wholly_right


@task("editreward-bench-tiger")
class EditRewardBenchTiger(Rewards):
    """EditReward-Bench of TIGER-Lab: pairs from rankings of two to four edits of an image."""

    name = "editreward-bench-tiger"
    choices: tuple[Verdict, ...] = THREE_WAY
    headline = ("all_pairs", "tau", "diff")
    source = HubSource("TIGER-Lab/EditReward-Bench", None, "train")
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
