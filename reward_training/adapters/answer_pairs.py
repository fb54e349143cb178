"""Pairs of answers about images or videos, as ``unieval build-preferences`` writes them.

A row of its ``preferences.parquet``, which is TRL's conversational preference format with the
media's names beside it::

    {"id": "7", "modality": "image",
     "prompt": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Who?"}]}],
     "chosen": [{"role": "assistant", "content": [{"type": "text", "text": "A cat."}]}],
     "rejected": [{"role": "assistant", "content": [{"type": "text", "text": "A dog."}]}],
     "media": ["media/5f.png"]}

or the plain form of the public DPO scripts, which name their media by ``image`` or ``video``::

    {"id": "7", "image": "a.png", "prompt": "Who?", "chosen": "A cat.", "rejected": "A dog."}

Media are shown before the question; ``<image>`` or ``<video>`` at its start, as LLaVA's data have
it, is that place and no text.

Columns seen: LLaVA-VL/LLaVA-NeXT (llava/train/train_dpo.py, commit 0a40a16) reads ``prompt``,
``chosen``, ``rejected``, ``image`` and ``video``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast, get_args

from ...harness.items import Media, Modality, Verdict
from ..preferences import Preference, content_id
from .base import Adapter, FoundRow, Layout, adapter

_PLACES = re.compile(r"(\s*<(image|video)>)+\s*")


@adapter("answer-pairs")
class AnswerPairs(Adapter):
    """Pairs of answers, the preferred one first."""

    layout = Layout(
        hub="pairs of answers",
        columns={
            "id": "unique and stable; the default is a hash of the row",
            "modality": "image | video",
            "prompt": "the question: text, or a turn of the user",
            "chosen": "the preferred answer: text, or a turn of the assistant",
            "rejected": "the other answer, likewise",
            "media": "what is asked about, all of one modality",
            "image": "the same for images, where there is no column media",
            "video": "the same for videos",
        },
        seen="docs/dpo.md; LLaVA-VL/LLaVA-NeXT, llava/train/train_dpo.py, 0a40a16",
        verified=True,
        table="preferences",
        on_hub=False,
    )

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """One pair a row."""
        media = _media(row)
        question = _question(row, len(media))
        chosen, rejected = (_said(row, name, "assistant") for name in ("chosen", "rejected"))
        if chosen == rejected:
            raise row.bad("rejected", "must differ from chosen")
        own = row.value("id") if row.has("id") else None
        yield Preference(
            id=content_id(question, *media, chosen, rejected) if own is None else str(own),
            source="answer-pairs",
            modality=media[0].modality,
            objective="understanding",
            prompt=question,
            candidates=(chosen, rejected),
            context=media,
            verdict=Verdict.FIRST,
            cluster="\n".join(medium.key for medium in media),
        )


def _media(row: FoundRow) -> tuple[Media, ...]:
    if row.has("media"):
        modality = row.text("modality")
        if modality not in get_args(Modality):
            raise row.bad("modality", "must be image or video", f" (found '{modality}')")
        return _named(row, "media", cast(Modality, modality))
    for kind in get_args(Modality):
        if row.has(kind):
            return _named(row, kind, kind)
    raise row.bad("media", "is missing; name what is asked about by media, image or video")


def _named(row: FoundRow, column: str, modality: Modality) -> tuple[Media, ...]:
    found = row.value(column)
    each = row.items(column) if isinstance(found, list | tuple) else [found]
    return tuple(row.as_media(column, one, modality) for one in each)


def _question(row: FoundRow, media: int) -> str:
    found = row.value("prompt")
    if not isinstance(found, str):
        places, text = _turn(row, "prompt", "user")
        if places != media:
            raise row.bad(
                "prompt", "must show as many media as media names", f" (it shows {places})"
            )
        return text
    given = _PLACES.match(found)
    text = found[given.end() :] if given else found
    if not text.strip():
        raise row.bad("prompt", "must hold a question")
    return text


def _said(row: FoundRow, column: str, role: str) -> str:
    if isinstance(row.value(column), str):
        return row.text(column)
    places, text = _turn(row, column, role)
    if places:
        raise row.bad(column, "must be text alone")
    return text


def _turn(row: FoundRow, column: str, role: str) -> tuple[int, str]:
    """How many media one turn shows, and what it says after them."""
    turns = row.items(column)
    turn = turns[0]
    if len(turns) != 1 or not isinstance(turn, Mapping) or turn.get("role") != role:
        raise row.bad(column, f"must be text, or one turn of the {role}")
    content = turn.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not isinstance(content, list | tuple) or not all(isinstance(c, Mapping) for c in content):
        raise row.bad(column, "must have content: text, or a list of blocks")
    kinds = [block.get("type") for block in content]
    places = next((i for i, kind in enumerate(kinds) if kind == "text"), len(kinds))
    if set(kinds[:places]) - set(get_args(Modality)) or set(kinds[places:]) != {"text"}:
        raise row.bad(column, "must be images or videos, then text", f" (found {kinds})")
    text = "".join(str(block.get("text") or "") for block in content[places:])
    if not text.strip():
        raise row.bad(column, "must be text", " (it is empty)")
    return places, text
