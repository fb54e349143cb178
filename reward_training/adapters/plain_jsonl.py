"""Plain JSON Lines (or Parquet, JSON, CSV with the same columns): this program's own format.

Columns: ``id``, ``source``, ``modality``, ``objective``, ``prompt``, ``candidates`` (two, or one),
``context`` (where there is one), and ``verdict`` (first | second | tie | both_good | both_bad) or
``score`` with ``score_range``; optional ``rationale`` and ``cluster``. Media are paths relative to
the file's folder (or to ``media``), or addresses. Written by :func:`unieval.reward_training.plain
.write_jsonl`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast, get_args

from ...harness.items import Modality, ScoreRange, Verdict
from ...harness.shown import PlainCandidate, PlainObjective
from ..preferences import Preference
from .base import Adapter, FoundRow, Layout, adapter


@adapter("jsonl")
class PlainJsonl(Adapter):
    """Preferences as this program writes them."""

    layout = Layout(
        hub="plain JSON Lines",
        columns={
            "id": "unique and stable",
            "source": "the data set",
            "modality": "image | video",
            "objective": "generation | understanding",
            "prompt": "the text or question",
            "context": "the media asked about, or the source of an edit",
            "candidates": "two, or one",
            "verdict": "first | second | tie | both_good | both_bad",
            "score": "a number",
            "score_range": "lowest and highest",
            "rationale": "why, in words",
            "cluster": "what a held-out split keeps together",
        },
        seen="docs/preference-data.md",
        verified=True,
        on_hub=False,
    )

    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """One preference a row."""
        modality = cast(Modality, _word(row, "modality", get_args(Modality)))
        objective = cast(PlainObjective, _word(row, "objective", get_args(PlainObjective)))
        context = row.optional_items("context")
        yield Preference(
            id=row.text("id"),
            source=row.text("source"),
            modality=modality,
            objective=objective,
            prompt=row.text("prompt"),
            candidates=_candidates(row, modality, objective),
            context=tuple(row.as_media("context", each, modality) for each in context),
            verdict=_verdict(row),
            score=row.number("score") if row.has("score") else None,
            score_range=_range(row),
            rationale=row.text("rationale") if row.has("rationale") else None,
            cluster=row.text("cluster") if row.has("cluster") else "",
        )


def _word(row: FoundRow, column: str, allowed: tuple[str, ...]) -> str:
    word = row.text(column)
    if word not in allowed:
        raise row.bad(column, f"must be {' or '.join(allowed)}", f" (found '{word}')")
    return word


def _candidates(
    row: FoundRow, modality: Modality, objective: PlainObjective
) -> tuple[PlainCandidate, ...]:
    found = row.items("candidates")
    if objective == "generation":
        return tuple(row.as_media("candidates", each, modality) for each in found)
    return cast(tuple[PlainCandidate, ...], tuple(found))  # Preference checks that they are texts


def _verdict(row: FoundRow) -> Verdict | None:
    if not row.has("verdict"):
        return None
    return Verdict(_word(row, "verdict", tuple(verdict.value for verdict in Verdict)))


def _range(row: FoundRow) -> ScoreRange | None:
    if not row.has("score_range"):
        return None
    ends = row.numbers("score_range")
    if len(ends) != 2:
        raise row.bad("score_range", "must be the lowest and the highest score")
    return ends[0], ends[1]
