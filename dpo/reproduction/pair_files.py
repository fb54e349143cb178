"""Pairs that a judge did not choose: two outputs drawn at random, or the truest and the falsest.

They are drawn for the prompts that the judge has a preference for, from the same candidates, so
that models trained with either differ in nothing but who chose.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...harness.items import Objective
from ...harness.seeds import seed_for
from ..candidates import Candidate
from ..prompts_file import Prompt
from .settings import PairKind

PAIRS = "pairs.jsonl"


@dataclass(frozen=True, slots=True)
class Choosing:
    """The candidates of one prompt, how true each is, and the judge's choice among them.

    Args:
        prompt: what was asked.
        candidates: those that could be made, each content once.
        truths: of each.
        choice: places of the judge's chosen and rejected; *None* where it has no preference.
    """

    prompt: Prompt
    candidates: Sequence[Candidate]
    truths: Sequence[float]
    choice: tuple[int, int] | None

    def pair(self, kind: PairKind, seed: int) -> tuple[int, int] | None:
        """Places of chosen and rejected by some kind of choice; *None* if there are none."""
        if self.choice is None or kind == "judge":
            return self.choice
        if kind == "random":
            drawn = random.Random(seed_for("random pair", seed, self.prompt.id))
            first, second = drawn.sample(range(len(self.candidates)), 2)
            return first, second
        best = max(range(len(self.truths)), key=self.truths.__getitem__)
        worst = min(range(len(self.truths)), key=self.truths.__getitem__)
        return (best, worst) if self.truths[best] > self.truths[worst] else None


def choosings(
    prompts: Sequence[Prompt],
    candidates: Sequence[Sequence[Candidate]],
    truths: Sequence[Sequence[float]],
    preferences: Path,
) -> list[Choosing]:
    """What there was to choose from, and what the judge chose.

    Args:
        prompts: all of them.
        candidates: of each prompt, as stored.
        truths: of each candidate.
        preferences: the parquet file that ``unieval build-preferences`` has written.
    """
    import pyarrow.parquet

    kept = {row["id"]: row for row in pyarrow.parquet.read_table(preferences).to_pylist()}
    found = []
    for prompt, made, true in zip(prompts, candidates, truths, strict=True):
        distinct = {
            one.key: (one, truth) for one, truth in zip(made, true, strict=True) if one.usable
        }
        places = {key: place for place, key in enumerate(distinct)}
        row = kept.get(prompt.id)
        choice = row and (places[_content(row["chosen"])], places[_content(row["rejected"])])
        found.append(
            Choosing(
                prompt,
                [one for one, _ in distinct.values()],
                [truth for _, truth in distinct.values()],
                choice,
            )
        )
    return found


def _content(side: Any) -> str:
    """What tells a candidate in the table: a path, or the answer in a conversation."""
    return str(side) if isinstance(side, str) else str(side[0]["content"][0]["text"]).strip()


def write_pairs(
    folder: Path,
    objective: Objective,
    modality: str,
    kind: PairKind,
    chosen_from: Sequence[Choosing],
    media: Path,
    seed: int,
) -> int:
    """Write pairs as JSON Lines that ``unieval dpo`` reads; returns how many there are.

    Args:
        folder: gets ``pairs.jsonl``.
        objective, modality: what the candidates are.
        kind: who chooses.
        chosen_from: of all prompts.
        media: folder that candidates' media lie in.
        seed: of what is drawn.
    """
    lines = []
    for choosing in chosen_from:
        pair = choosing.pair(kind, seed)
        if pair is None:
            continue
        row: dict[str, Any] = {"id": choosing.prompt.id, "prompt": choosing.prompt.text}
        if objective == "understanding":
            row[modality] = list(choosing.prompt.media)
        for side, place in zip(("chosen", "rejected"), pair, strict=True):
            row[side] = _written(choosing.candidates[place], folder, media)
        lines.append(json.dumps(row) + "\n")
    (folder / PAIRS).write_text("".join(lines), encoding="utf-8")
    return len(lines)


def _written(candidate: Candidate, folder: Path, media: Path) -> str:
    if candidate.media is None:
        return candidate.key
    return os.path.relpath(media / candidate.media, folder)
