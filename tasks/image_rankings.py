"""ImageReward's and HPDv2's test sets: people's rankings of several images for one prompt.

Both are read as every pair of a ranking, and the prompt is the cluster. One row of each, ``rank``
being lower for the better image::

    {"id": "005658-0040", "prompt": "deathly portal ...", "generations": ["a.webp", "b.webp", ...],
     "ranking": [1, 2, 5, 3]}
    {"prompt": "A lemon with a ...", "image_path": ["a.jpg", "b.jpg", ...], "rank": [0.3, 2.1, ...]}

*ImageReward* (Xu et al. 2023, arXiv 2304.05977; THUDM/ImageReward, commit c1392c6,
``data/test.json``): 466 prompts, 6,399 pairs and 831 ties.

*HPDv2* (Wu et al. 2023, arXiv 2306.09341; https://huggingface.co/datasets/ymhao/HPDv2): about
153,000 pairs. ``rank`` is a mean over annotators.

Both hub copies are made by a script, which ``datasets`` no longer runs, so give a copy of
``test.json`` beside the images: ``--data PATH``.

One rule, two averages: ``diff`` is over all pairs without a tie (micro, as ImageReward's authors),
``diff_by_prompt`` the mean over prompts of the same (macro; as HPSv2's code measures ImageReward's
data). Equal scores are wrong in both. ``inversion`` is HPDv2's own: the mean over prompts of the
share of pairs, people's ties included and counted as right, that the judge does not order the other
way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..harness.errors import UserError
from ..harness.items import THREE_WAY, PairItem, Verdict
from ..harness.judgements import TIE, Judgements
from ..harness.metrics import Measure, pairwise_measures
from ..harness.registry import task
from ..harness.tables import Row
from ..harness.task import Data, HubSource
from .reading import Progress, media, media_root, rows, text
from .rewarding import Rewards, agreed, by_rank, mean_of_clusters


class Rankings(Rewards):
    """What the two share."""

    choices: tuple[Verdict, ...] = THREE_WAY
    headline: ClassVar[tuple[str, ...]] = ("diff", "diff_by_prompt")
    name: ClassVar[str]
    source: ClassVar[HubSource]
    images: ClassVar[str]
    ranks: ClassVar[str]

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns read, and what they hold."""
        return {
            "id": "names the ranking (else the row number does)",
            "prompt": "text the images were generated from",
            self.images: "paths of the images",
            self.ranks: "rank of each image, lower is better; equal ranks are a tie",
        }

    def items(self, data: Data) -> Iterator[PairItem]:
        """Each pair of each ranking, in order; the id is the ranking's and the two places."""
        root = media_root(data, self.source)
        needed = ("prompt", self.images, self.ranks)
        for number, (where, row) in enumerate(rows(data, self.source, needed)):
            prompt, name = text(row, "prompt", where), str(row.get("id", number))
            ranks = self._ranks(row, where)
            images = [media(each, "image", root, where) for each in row[self.images]]
            for a, b in combinations(range(len(ranks)), 2):
                yield PairItem(
                    id=f"{name}/{a}-{b}",
                    modality="image",
                    objective="generation",
                    prompt=prompt,
                    candidates=(images[a], images[b]),
                    label=by_rank(ranks[a], ranks[b]),
                    cluster=name,
                )

    def _ranks(self, row: Row, where: str) -> list[float]:
        ranks, images = row[self.ranks], row[self.images]
        if not isinstance(ranks, list) or not isinstance(images, list) or len(ranks) != len(images):
            raise UserError(
                f"{where}: {self.images} and {self.ranks} must be lists of the same length"
            )
        return [float(rank) for rank in ranks]

    def measures(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The usual figures, and the mean over prompts."""
        by_prompt = mean_of_clusters(agreed(judgements), ~judgements.human_tie, judgements.cluster)
        return {**pairwise_measures(judgements), "diff_by_prompt": by_prompt}

    def write_demo(self, folder: Path, seed: int, progress: Progress | None) -> None:
        """Rankings of pictures of the shapes world in the benchmark's schema."""
        from .shapes.reward_demo import write_rankings

        write_rankings(folder, self.images, self.ranks, seed=seed, progress=progress)


@task("imagereward-test")
class ImageRewardTest(Rankings):
    """ImageReward's test set: all pairs of experts' rankings of 4 to 9 images for a prompt."""

    name = "imagereward-test"
    images = "generations"
    ranks = "ranking"
    source = HubSource(
        "THUDM/ImageRewardDB",
        "8k",
        "test",
        licence="Apache-2.0 (data card)",
        items=7230,
        size="1.16 GB",
    )


@task("hpdv2-test")
class HPDv2Test(Rankings):
    """HPDv2's test set: all pairs of people's rankings of images for a prompt."""

    name = "hpdv2-test"
    images = "image_path"
    ranks = "rank"
    source = HubSource("ymhao/HPDv2", None, "test", licence="Apache-2.0 (data card)", size="158 MB")
    official_headline = ("inversion", "diff", "diff_by_prompt")

    def measures(self, judgements: Judgements) -> Mapping[str, Measure]:
        """The usual figures, the mean over prompts, and the authors' own."""
        kept = agreed(judgements) | judgements.human_tie[:, None] | (judgements.by_pass >= TIE)
        everything = np.ones(len(judgements), dtype=bool)
        inversion = mean_of_clusters(kept, everything, judgements.cluster)
        return {**super().measures(judgements), "inversion": inversion}
