"""What a mixture holds, to be looked at before training on it: as plain data and as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..harness.items import Kind
from .preferences import Preference

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from .mixtures import Built

BINS = 5
_BARS = "▁▂▃▄▅▆▇█"


@dataclass
class Lengths:
    """Lengths of texts in characters."""

    count: int = 0
    total: int = 0
    longest: int = 0

    def add(self, text: str) -> None:
        """One more text."""
        self.count += 1
        self.total += len(text)
        self.longest = max(self.longest, len(text))

    def as_dict(self) -> dict[str, float]:
        """Mean and maximum; empty if there are no texts."""
        if not self.count:
            return {}
        return {"mean": round(self.total / self.count, 1), "max": self.longest}


@dataclass
class Part:
    """What one source gives of one kind.

    ``histogram`` counts scores in bins of equal width over their range. ``answers`` are the texts
    that are compared or scored (understanding only).
    """

    source: str
    kind: Kind
    task: str
    rows: int = 0
    distinct: set[str] = field(default_factory=set, repr=False)
    verdicts: Counter[str] = field(default_factory=Counter)
    histogram: list[int] = field(default_factory=lambda: [0] * BINS)
    prompts: Lengths = field(default_factory=Lengths)
    answers: Lengths = field(default_factory=Lengths)
    rationales: int = 0
    images: int = 0
    videos: int = 0

    def add(self, preference: Preference) -> None:
        """Count one preference."""
        self.rows += 1
        self.distinct.add(preference.id)
        self.prompts.add(preference.prompt)
        for candidate in preference.candidates:
            if isinstance(candidate, str):
                self.answers.add(candidate)
        for media in preference.media:
            self.images += media.modality == "image"
            self.videos += media.modality == "video"
        self.rationales += preference.rationale is not None
        if preference.verdict is not None:
            self.verdicts[preference.verdict.coarse.value] += 1
        if preference.score is not None and preference.score_range is not None:
            low, high = preference.score_range
            share = (preference.score - low) / (high - low)
            self.histogram[min(int(share * BINS), BINS - 1)] += 1

    def as_dict(self) -> dict[str, Any]:
        """The part as plain data."""
        what: dict[str, Any] = (
            {"verdicts": {name: self.verdicts[name] for name in ("first", "second", "tie")}}
            if self.kind == "pair"
            else {"histogram": self.histogram}
        )
        return {
            "source": self.source,
            "kind": self.kind,
            "task": self.task,
            "rows": self.rows,
            "repeated": self.rows - len(self.distinct),
            **what,
            "prompt_characters": self.prompts.as_dict(),
            "answer_characters": self.answers.as_dict(),
            "rationales": self.rationales,
            "images": self.images,
            "videos": self.videos,
        }


@dataclass(frozen=True)
class Summary:
    """Statistics of a mixture, by source and kind."""

    parts: list[Part]
    skipped: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)
    held_out: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "rows": sum(part.rows for part in self.parts),
            "held_out": self.held_out,
            "parts": [part.as_dict() for part in self.parts],
            "places": {"before": dict(self.before), "after": dict(self.after)},
            "skipped": {name: dict(reasons) for name, reasons in self.skipped.items() if reasons},
        }

    def tables(self) -> RenderableType:
        """Everything to be printed with rich."""
        from rich.console import Group

        shown: list[RenderableType] = [self._parts()]
        if self.before:
            shown.append(
                f"places of the better candidate: {_verdicts(self.before)} in the data,"
                f" {_verdicts(self.after)} in training"
            )
        if self.held_out:
            shown.append(f"held out: {self.held_out:,}")
        if any(self.skipped.values()):
            shown.append(self._skipped())
        return Group(*shown)

    def _parts(self) -> Table:
        from rich.table import Table

        table = Table(title=f"{sum(part.rows for part in self.parts):,} preferences")
        for name in ("source", "task", "kind"):
            table.add_column(name)
        for name in ("rows", "first / second / tie", "scores", "prompt", "answer", "media"):
            table.add_column(name, justify="right")
        for part in self.parts:
            table.add_row(
                part.source,
                part.task,
                part.kind,
                f"{part.rows:,}",
                _verdicts(part.verdicts) if part.kind == "pair" else "",
                _bars(part.histogram) if part.kind == "point" else "",
                _mean(part.prompts),
                _mean(part.answers),
                f"{part.images + part.videos:,}",
            )
        return table

    def _skipped(self) -> Table:
        from rich.table import Table

        table = Table(title="rows left out")
        table.add_column("source")
        table.add_column("rows", justify="right")
        table.add_column("reason")
        for name, reasons in sorted(self.skipped.items()):
            for reason, count in sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0])):
                table.add_row(name, f"{count:,}", reason)
        return table


def summarise(preferences: Iterable[Preference]) -> Summary:
    """Statistics of any preferences."""
    parts: dict[tuple[str, str, Kind], Part] = {}
    for preference in preferences:
        task = f"{preference.modality} {preference.objective}"
        key = task, preference.source, preference.kind
        if key not in parts:
            parts[key] = Part(preference.source, preference.kind, task)
        parts[key].add(preference)
    return Summary([parts[key] for key in sorted(parts)])


def summarise_built(built: Built) -> Summary:
    """Statistics of a mixture's training part, with what was left out, held out and turned."""
    return Summary(
        summarise(built.train).parts,
        built.skipped,
        built.before,
        built.after,
        len(built.held_out),
    )


def _verdicts(counts: Mapping[str, int]) -> str:
    return " / ".join(f"{counts.get(name, 0):,}" for name in ("first", "second", "tie"))


def _bars(histogram: list[int]) -> str:
    top = max(histogram)
    return (
        "".join(_BARS[round(count / top * (len(_BARS) - 1))] for count in histogram) if top else ""
    )


def _mean(lengths: Lengths) -> str:
    return f"{lengths.total / lengths.count:,.0f}" if lengths.count else ""
