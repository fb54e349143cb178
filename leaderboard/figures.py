"""Figures from papers, as data: ``published/*.json``, one file a benchmark.

A file holds its sources and notes once, by name, and one figure a line:

    {"task": "genai-bench-image", "judge": "gpt4o", "metric": "accuracy_4way", "value": 0.4559,
     "source": "genai-bench", "protocol": "official", "variant": {"split": "test_v1"}, ...}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

FOLDER = Path(__file__).parent / "published"
DEFAULTS = {
    "grouping": "official",
    "split": "test_v1",
    "subtitles": "false",
    "circular": "false",
}
"""What our tasks do where these arguments are not given."""

_STRICT = {"extra": "forbid"}


@dataclass(frozen=True)
class Source:
    """Where a figure was published."""

    __pydantic_config__ = _STRICT

    title: str
    url: str
    table: str
    arxiv: str | None = None
    commit: str | None = None

    @property
    def text(self) -> str:
        """The source on one line."""
        arxiv = f" (arXiv:{self.arxiv})" if self.arxiv else ""
        commit = f", commit {self.commit}" if self.commit else ""
        return f"{self.title}{arxiv}, {self.table}{commit}, {self.url}"


@dataclass(frozen=True)
class PublishedFigure:
    """One figure as a paper reports it.

    Attributes:
        task: our name of the benchmark.
        judge: the model as the paper writes it.
        metric: our name of the metric.
        value: the figure as a share, 0 to 1.
        source: where it stands.
        group: the reported subset or dimension; empty for the whole task.
        protocol: the protocol of ours that it may stand beside; ``None``: either, with its notes.
        variant: task arguments it follows; beside runs that follow others it would mislead.
        mean_of: the groups it is a mean over, if it is one.
        data: which data, where the source or its scripts say so.
        notes: what a reader must know before comparing it with another figure.
    """

    task: str
    judge: str
    metric: str
    value: float
    source: Source
    group: str = ""
    protocol: Literal["robust", "official"] | None = None
    variant: Mapping[str, str] = field(default_factory=dict)
    mean_of: tuple[str, ...] = ()
    data: str = ""
    notes: tuple[str, ...] = ()

    def follows(self, arguments: Mapping[str, Any]) -> bool:
        """Whether it was computed as a task with these arguments would."""
        return all(arguments.get(k, DEFAULTS.get(k)) == v for k, v in self.variant.items())


@dataclass(frozen=True)
class _Entry:
    __pydantic_config__ = _STRICT

    task: str
    judge: str
    metric: str
    value: float
    source: str
    group: str = ""
    protocol: Literal["robust", "official"] | None = None
    variant: dict[str, str] = field(default_factory=dict)
    mean_of: tuple[str, ...] = ()
    data: str = ""
    notes: tuple[str, ...] = ()

    def resolved(self, file: _File) -> PublishedFigure:
        if not 0 <= self.value <= 1:
            raise ValueError(f"{self.task}, {self.judge}: {self.value} is no share")
        return PublishedFigure(
            **{
                **vars(self),
                "source": file.sources[self.source],
                "notes": tuple(file.notes[note] for note in self.notes),
            }
        )


@dataclass(frozen=True)
class _File:
    __pydantic_config__ = _STRICT

    schema: Literal[1]
    sources: dict[str, Source]
    notes: dict[str, str]
    figures: tuple[_Entry, ...]


def figures(task: str) -> list[PublishedFigure]:
    """Every published figure of one task, in the order of its file; empty if none is known."""
    return [figure for figure in _all() if figure.task == task]


@cache
def _all() -> tuple[PublishedFigure, ...]:
    from pydantic import TypeAdapter

    files = [
        TypeAdapter(_File).validate_python(json.loads(path.read_text("utf-8")))
        for path in sorted(FOLDER.glob("*.json"))
    ]
    return tuple(entry.resolved(file) for file in files for entry in file.figures)
