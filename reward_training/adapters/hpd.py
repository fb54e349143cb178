"""Human Preference Dataset v2: which of the images made from a text do people prefer?

https://huggingface.co/datasets/ymhao/HPDv2 (Wu et al. 2023, arXiv 2306.09341). Rows of
``train.json`` (two images) and of ``test.json`` (several)::

    {"prompt": "a red cube", "file_path": ["0.jpg", "1.jpg"], "human_preference": [1, 0]}
    {"prompt": "a red cube", "image_path": ["a.jpg", "b.jpg", "c.jpg"], "rank": [2, 1, 3], ...}

The image of more votes, or of the lower rank, is preferred; equal ones tie. Ranked images give a
pair for every two. The hub's rows need a loading script, so a local copy is read; images lie in
``train.tar.gz`` and ``test.tar.gz``.

Columns seen: the data card; src/training/data.py (``HPDDataset``, ``RankingDataset``) in
https://github.com/tgxs002/HPSv2 (commit 3a4a61f).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from ...harness.items import Verdict
from ..preferences import Preference, content_id
from .base import Adapter, FoundRow, Layout, adapter


@adapter("hpd")
class HumanPreferenceDataset(Adapter):
    """Pairs of generated images by the votes or ranks of people."""

    layout = Layout(
        hub="ymhao/HPDv2",
        columns={
            "prompt": "the text",
            "file_path": "the images (train)",
            "human_preference": "votes for each image (train)",
            "image_path": "the images (test)",
            "rank": "mean rank of each image, the lowest is best (test)",
        },
        seen="the data card; tgxs002/HPSv2, src/training/data.py, 3a4a61f",
        verified=True,
        on_hub=False,
    )

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """One pair of two images; of more images, every pair."""
        prompt = row.text("prompt").strip()
        column = "image_path" if row.has("image_path") else "file_path"
        images = [row.as_media(column, each, "image") for each in row.items(column)]
        label = "rank" if row.has("rank") else "human_preference"
        values = row.numbers(label)
        if len(values) != len(images) or len(images) < 2:
            raise row.bad(
                label,
                "must have one number an image, and two images or more",
                f" (found {len(values)} for {len(images)} images)",
            )
        worth = [-value for value in values] if label == "rank" else values
        for (one, first), (other, second) in combinations(zip(worth, images, strict=True), 2):
            yield Preference(
                id=content_id(prompt, first, second),
                source="hpd",
                modality="image",
                objective="generation",
                prompt=prompt,
                candidates=(first, second),
                verdict=_verdict(one, other),
            )


def _verdict(one: float, other: float) -> Verdict:
    if one == other:
        return Verdict.TIE
    return Verdict.FIRST if one > other else Verdict.SECOND
