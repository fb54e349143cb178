"""LiFT-HRA: people's ratings of generated videos in three respects, each with a reason.

https://huggingface.co/datasets/Fudan-FUXI/LiFT-HRA-20K (Wang et al. 2024, arXiv 2412.04814), the
table ``LiFT-HRA-data.json`` beside ``videos/HRA_part*.zip``. A row asks about one respect::

    {"video": "videos/HRA_part0/1.mp4", "conversations": [
       {"from": "human", "value": "<video>\\n A farmer rides a horse. Please identify the fidelity
        issues in this video, assessing the realism of ..."},
       {"from": "gpt", "value": "Bad. The horse is missing a leg."}]}

The rows of one video and text become one score: the mean of its ratings (Good 3, Normal 2, Bad 1),
as the authors average the respects (their equation 2), carried to 1-10. The reasons are the
rationale.

Columns seen: the authors' loader reads this file and dataset/VIDGEN/vidgen-data.json by the same
class (CodeGoat24/LiFT, llava/data/datasets_mixture.py, commit 8e46067); the latter file shows the
form above, demo/critic_output_13b.json the three ratings. LiFT-HRA-data.json itself was not seen,
so this layout is not verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from statistics import fmean

from ..preferences import Preference, content_id, rescaled
from .base import Adapter, FoundRow, Layout, adapter

_RATINGS = {"good": 3, "normal": 2, "bad": 1}
_QUESTION = re.compile(
    r"(?:<video>)?\s*(?P<text>.*?)\s*Please identify the "
    r"(?P<respect>semantic consistency|fidelity|motion) issues",
    re.DOTALL | re.IGNORECASE,
)
_RATING = re.compile(r"\s*(?P<word>good|normal|bad)\b[.:,]?\s*(?P<reason>.*)", re.DOTALL | re.I)


@adapter("lift-hra")
class LiftHra(Adapter):
    """Scores of generated videos, 1 to 10, with reasons."""

    layout = Layout(
        hub="Fudan-FUXI/LiFT-HRA-20K",
        columns={
            "video": "path of the video",
            "conversations": "text and question; rating and reason",
        },
        seen="CodeGoat24/LiFT, llava/data/datasets_mixture.py, 8e46067, and a sister file",
        verified=False,
        table="LiFT-HRA-data",
        on_hub=False,
    )

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """The rating of one respect, for :meth:`combine`."""
        human, gpt = row.turns()
        asked, rated = _QUESTION.match(human), _RATING.match(gpt)
        if asked is None:
            raise row.bad(
                "conversations", "must ask for semantic consistency, fidelity or motion issues"
            )
        if rated is None:
            raise row.bad("conversations", "must be answered Good, Normal or Bad")
        respect, word = asked["respect"].lower(), rated["word"].capitalize()
        video = row.media("video", "video")
        yield Preference(
            id=content_id(asked["text"], video),
            source="lift-hra",
            modality="video",
            objective="generation",
            prompt=asked["text"],
            candidates=(video,),
            score=_RATINGS[word.lower()],
            score_range=(1, 3),
            rationale=f"{respect}: {word}. {rated['reason'].strip()}".strip(),
        )

    def combine(self, found: Iterator[Preference]) -> Iterable[Preference]:
        """One score a video and text."""
        by_video: dict[str, list[Preference]] = {}
        for rating in found:
            by_video.setdefault(rating.id, []).append(rating)
        for ratings in by_video.values():
            mean = fmean(rating.score or 0 for rating in ratings)
            yield replace(
                ratings[0],
                score=rescaled(mean, (1, 3), (1, 10)),
                score_range=(1, 10),
                rationale="\n".join(sorted(rating.rationale or "" for rating in ratings)),
            )
