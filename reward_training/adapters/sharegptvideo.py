"""ShareGPTVideo: two answers about a video, one preferred, each scored by a language model.

https://huggingface.co/datasets/ShareGPTVideo/train_video_and_instruction (Zhang et al. 2024,
arXiv 2404.01258), the table ``video_instruction/train/dpo/sft_dpo_17k.jsonl``. A row::

    {"id": "v_x__0", "video": "v_x-Scene-001", "prompt": "<video>\\nWhat happens?", "answer": "...",
     "chosen": "A man rides a horse.", "rejected": "A man walks.",
     "chosen_score": 5, "rejected_score": 2}

The hub's repository holds archives of frames, one folder a video, two frames a second::

    train_300k/v_x-Scene-001/c01_0001.jpeg, c01_0002.jpeg, ...

A file of the same name ending in .mp4, .webm or .mkv beside the folder is preferred where there is
one. ``chosen`` and ``rejected`` may also be turns of a conversation.

Columns seen: readers of this file in LLaVA-VL/LLaVA-NeXT (llava/train/train_dpo.py, commit
0a40a16: ``prompt``, ``answer``, ``chosen``, ``rejected``, ``video``) and RifleZhang/LLaVA-Hound-DPO
(dpo_scripts/run_dpo.py). The two score columns were seen only in a reader that takes them as
optional, so ``sharegptvideo`` (scores) is not verified while ``sharegptvideo-pair`` is. Frames: the
authors' ``decode2frame`` (the same repository, llava_hound_dpo/inference/inference_utils.py, commit
04eb8bf) writes ``c01_%04d.jpeg`` at two a second, 336 pixels wide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ...harness.items import Media, Verdict
from ..preferences import Preference
from .base import Adapter, FoundRow, Layout, adapter

_SUFFIXES = (".mp4", ".webm", ".mkv")
_PAIR = Layout(
    hub="ShareGPTVideo/train_video_and_instruction",
    columns={
        "id": "unique id",
        "video": "folder or file of the video",
        "prompt": "the question",
        "chosen": "the preferred answer",
        "rejected": "the other answer",
    },
    seen="LLaVA-VL/LLaVA-NeXT, llava/train/train_dpo.py, 0a40a16; RifleZhang/LLaVA-Hound-DPO",
    verified=True,
    folder="video_instruction/train/dpo",
    table="sft_dpo_17k",
    on_hub=False,
)


@adapter("sharegptvideo-pair")
class ShareGPTVideoPair(Adapter):
    """Pairs of answers about videos, the preferred one first."""

    layout = _PAIR

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """One pair a row."""
        video = _video(row)
        yield Preference(
            id=row.text("id"),
            source="sharegptvideo-pair",
            modality="video",
            objective="understanding",
            prompt=_question(row),
            candidates=(_answer(row, "chosen"), _answer(row, "rejected")),
            context=(video,),
            verdict=Verdict.FIRST,
            cluster=video.key,
        )


@adapter("sharegptvideo")
class ShareGPTVideo(Adapter):
    """Scores of answers about videos, 1 to 5."""

    layout = replace(
        _PAIR,
        columns={
            **_PAIR.columns,
            "chosen_score": "score of the preferred answer, 1 to 5",
            "rejected_score": "score of the other answer, 1 to 5",
        },
        verified=False,
    )

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """Two scored answers a row."""
        video = _video(row)
        for which in ("chosen", "rejected"):
            column = f"{which}_score"
            score = row.number(column)
            if not 1 <= score <= 5:
                raise row.bad(column, "must be a score from 1 to 5", f" (found {score:g})")
            yield Preference(
                id=f"{row.text('id')}/{which}",
                source="sharegptvideo",
                modality="video",
                objective="understanding",
                prompt=_question(row),
                candidates=(_answer(row, which),),
                context=(video,),
                score=score,
                score_range=(1, 5),
                cluster=video.key,
            )


def _question(row: FoundRow) -> str:
    question = re.sub(r"<(video|image)>", "", row.text("prompt")).strip()
    if not question:
        raise row.bad("prompt", "must hold a question")
    return question


def _answer(row: FoundRow, column: str) -> str:
    found = row.value(column)
    text = found.get("value") if isinstance(found, Mapping) else found
    if not isinstance(text, str) or not text.strip():
        raise row.bad(column, "must be text, or a turn with a value")
    return text.strip()


def _video(row: FoundRow) -> Media:
    video = row.media("video", "video")
    if not Path(video.uri).suffix:
        for suffix in _SUFFIXES:
            if Path(video.uri + suffix).is_file():
                return replace(video, uri=video.uri + suffix)
    return video
