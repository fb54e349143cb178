"""Items that two runs judge differently, the most telling first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..harness.paired_runs import PairedTask
from ..harness.read_only import Answer, ReadOnlyStore
from ..harness.statistics import Floats
from .compare_model import Flip, Said

FALLBACK = "mae"
"""What tells better from worse where the first figures of a task are no means over items."""


@dataclass(frozen=True)
class Flips:
    """By which metric items got better or worse, how many did, and the most telling of each."""

    metric: str = ""
    worse: int = 0
    better: int = 0
    shown: tuple[Flip, ...] = ()


def flips(task: PairedTask, baseline: ReadOnlyStore, candidate: ReadOnlyStore, most: int) -> Flips:
    """The items whose share of right outputs changed.

    Largest changes come first; among equal ones those that were read in both runs, then those
    whose scores moved furthest.

    Args:
        task: both runs' figures.
        baseline, candidate: where the outputs are.
        most: how many of each kind are shown.
    """
    for metric in (*task.shown_first, FALLBACK):
        pair = task.figures.get(("", metric))
        changed = None if pair is None or not pair.sign else pair.by_item
        if changed is not None:
            break
    else:
        return Flips()
    found: list[Flip] = []
    kinds = np.flatnonzero(changed < -1e-9), np.flatnonzero(changed > 1e-9)
    for rows in kinds:
        each = [_Seen.of(task, row, changed, (baseline, candidate)) for row in rows.tolist()]
        each.sort(key=lambda seen: seen.rank)
        found += [seen.described(task.name, baseline) for seen in each[:most]]
    return Flips(metric, len(kinds[0]), len(kinds[1]), tuple(found))


@dataclass(frozen=True)
class _Seen:
    """One changed item with what was said about it."""

    position: int
    better: float
    baseline: list[Answer]
    candidate: list[Answer]

    @classmethod
    def of(
        cls, task: PairedTask, row: int, changed: Floats, stores: Sequence[ReadOnlyStore]
    ) -> _Seen:
        places = task.positions[row].tolist()
        said = [
            store.answers_about(task.name, place)
            for store, place in zip(stores, places, strict=True)
        ]
        return cls(places[0], float(changed[row]), *said)

    @property
    def rank(self) -> tuple[float, bool, float, int]:
        unread = any(answer.verdict is None for answer in (*self.baseline, *self.candidate))
        moved = abs(_margin(self.candidate) - _margin(self.baseline))
        return (-round(abs(self.better), 6), unread, -moved, self.position)

    def described(self, task: str, store: ReadOnlyStore) -> Flip:
        item, label, group, content = store.item(task, self.position)
        about = json.loads(content)
        return Flip(
            item,
            group,
            _readable(label),
            str(about.get("prompt", "")),
            round(self.better, 6),
            tuple(map(_said, self.baseline)),
            tuple(map(_said, self.candidate)),
        )


def _margin(answers: list[Answer]) -> float:
    scores = [(a.score_a, a.score_b) for a in answers if a.score_a is not None]
    return sum(a - (b or 0.0) for a, b in scores) / len(scores) if scores else 0.0


def _said(answer: Answer) -> Said:
    scores = [f"{score:.4g}" for score in (answer.score_a, answer.score_b) if score is not None]
    read = answer.verdict or ", ".join(scores) or answer.status
    return Said(answer.order, answer.vote, _readable(read), answer.raw or answer.error or "")


def _readable(label: str) -> str:
    """A label or verdict as stored, in words."""
    if label[:1] == "{":
        return ", ".join(f"{name}: {word}" for name, word in json.loads(label).items())
    if label[:1] == "[":
        return ", ".join("-" if part is None else str(part) for part in json.loads(label)[:1])
    return label
