"""How items, records and outputs are written in the tables of a run folder, and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .items import Item, Order, Output, PairItem, PointItem, QuestionItem, Record, Verdict, rotated
from .parsing import Asked


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored output as re-parsing needs it."""

    rowid: int
    order: Order
    output: Output
    asked: Asked


def label_text(item: Item) -> str:
    """An item's human label as stored: one word, or a JSON object of dimensions.

    In place of a word, a single candidate has a list: its score, and the range it was given in. So
    has what a model is asked: the right option's place, how many options there are, the facets,
    and the right answers in words. A grade has no label.
    """
    if isinstance(item, PairItem):
        if isinstance(item.label, Verdict):
            return item.label.value
        return json.dumps({name: verdict.value for name, verdict in item.label.items()})
    if not isinstance(item, PointItem):
        if isinstance(item, QuestionItem):
            right = [item.answer, len(item.options), dict(item.facets), list(item.references)]
            return json.dumps(right, ensure_ascii=False)
        return json.dumps([None, 0, dict(getattr(item, "facets", {}))], ensure_ascii=False)
    scale = item.score_range or ()
    if isinstance(item.scores, Mapping):
        return json.dumps({name: [score, *scale] for name, score in item.scores.items()})
    return json.dumps([item.scores, *scale])


def record_row(position: int, r: Record) -> tuple[Any, ...]:
    """A record as the table ``records`` has it; ``position`` is its item's."""
    a, b = (*(r.scores or ()), None, None)[:2]
    return (
        *(r.task, position, r.item, r.order, r.vote, r.key, r.status.value, r.verdict, a, b),
        *(r.raw, r.error, r.logprobs, r.tokens_in, r.tokens_out, int(r.truncated), r.seconds),
    )


def stored_output(
    protocol: Literal["robust", "official"],
    rowid: int,
    order: Order,
    raw: str | None,
    a: float | None,
    b: float | None,
    truncated: int,
    content: str,
) -> Stored:
    """What was stored of one output and its item, read back."""
    scores = tuple(score for score in (a, b) if score is not None)
    shown = scores if order == "ab" else scores[::-1]
    about = json.loads(content)
    scale = about.get("score_range")
    options: tuple[str, ...] = tuple(about.get("options", ()))
    asked = Asked(
        about["modality"],
        about["objective"],
        protocol,
        scale and tuple(scale),
        rotated(options, order) if options else (),
        tuple((low, high) for low, high in about.get("scales", ())),
    )
    output = Output(text=raw, scores=shown or None, truncated=bool(truncated))
    return Stored(rowid, order, output, asked)
