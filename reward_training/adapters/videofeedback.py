"""VideoFeedback: five scores of a generated video, each 1 to 4.

https://huggingface.co/datasets/TIGER-Lab/VideoFeedback (He et al. 2024, arXiv 2406.15252),
configurations ``annotated`` (32,901 rows) and ``real`` (4,000 videos that were filmed, adapter
``videofeedback-real``). A row::

    {"id": "p000304", "images": ["p000304_00.jpg", ...], "text prompt": "a bee on a flower",
     "video link": "https://.../p000304.mp4", "visual quality": 3, "temporal consistency": 3,
     "dynamic degree": 3, "text-to-video alignment": 3, "factual consistency": 2,
     "conversations": [...]}

There is no overall score, so ours is the mean of the five, carried from 1-4 to 1-10; UnifiedReward
trained on the five alone and left its final score to the model's prior
(CodeGoat24/UnifiedReward, issue 44). The five stand in the rationale.

Columns seen: data cards of the authors' own working copies (hexuan21/VideoFeedback_*, the same
feature list); public readers of TIGER-Lab/VideoFeedback that use ``text prompt``, ``video link``
and the five scores by these names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from statistics import fmean

from ..preferences import Preference, rescaled
from .base import Adapter, FoundRow, Layout, adapter

DIMENSIONS = (
    "visual quality",
    "temporal consistency",
    "dynamic degree",
    "text-to-video alignment",
    "factual consistency",
)


@adapter("videofeedback")
class VideoFeedback(Adapter):
    """Scores of generated videos: the mean of five, on 1 to 10."""

    layout = Layout(
        hub="TIGER-Lab/VideoFeedback",
        columns={
            "id": "the video's id",
            "text prompt": "the text",
            "video link": "address or path of the video",
            **dict.fromkeys(DIMENSIONS, "score from 1 to 4"),
        },
        seen="cards of the authors' copies hexuan21/VideoFeedback_*; public readers",
        verified=True,
        config="annotated",
    )

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """One scored video a row."""
        scores = {name: self._score(row, name) for name in DIMENSIONS}
        yield Preference(
            id=row.text("id"),
            source="videofeedback",
            modality="video",
            objective="generation",
            prompt=row.text("text prompt").strip(),
            candidates=(row.media("video link", "video"),),
            score=rescaled(fmean(scores.values()), (1, 4), (1, 10)),
            score_range=(1, 10),
            rationale="\n".join(f"{name}: {score:g}" for name, score in scores.items()),
        )

    def _score(self, row: FoundRow, column: str) -> float:
        score = row.number(column)
        if not 1 <= score <= 4:
            raise row.bad(column, "must be a score from 1 to 4", f" (found {score:g})")
        return score


@adapter("videofeedback-real")
class VideoFeedbackReal(VideoFeedback):
    """Scores of filmed videos, in the same form."""

    layout = replace(VideoFeedback.layout, config="real")
