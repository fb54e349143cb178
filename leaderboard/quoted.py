"""Published figures beside a table of runs: which may stand there, and with what warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from .figures import PublishedFigure, figures
from .model import Cell, Place, Row
from .runs import Entry

OVERALL = "Overall"
"""A group of this name stands at a task's top level too (VideoGen-RewardBench)."""

_QUOTED = (
    "Published rows are quoted, not measured here: other code, prompts and samples may lie behind"
    " them, and they have no intervals."
)
_DEMO = "These runs judged demo data, not the benchmark, so published rows are no yardstick here."
_LOCAL = "These runs read {name}; published rows compare only if that is the benchmark's own data."


def comparable(entry: Entry) -> list[PublishedFigure]:
    """The task's published figures that follow the protocol and arguments of this entry."""
    return [figure for figure in _alike(entry) if figure.follows(entry.result.arguments)]


def _alike(entry: Entry) -> list[PublishedFigure]:
    """Figures of the same protocol; means only over the groups that this entry has."""
    groups = set(entry.result.groups)
    return [
        figure
        for figure in figures(entry.task)
        if figure.protocol in (None, entry.run.protocol)
        and (not figure.mean_of or set(figure.mean_of) == groups)
    ]


def quoted_rows(found: Iterable[PublishedFigure], shown: set[Place]) -> list[Row]:
    """One row a model and source, of those figures that have a place among ``shown``."""
    models: dict[tuple[str, str], list[PublishedFigure]] = {}
    for figure in found:
        if any(place in shown for place in _places(figure)):
            models.setdefault((figure.judge, figure.source.text), []).append(figure)
    return [_row(own, shown) for own in models.values()]


def _places(figure: PublishedFigure) -> list[Place]:
    place = (figure.group, figure.metric)
    return [("", figure.metric), place] if figure.group == OVERALL else [place]


def _row(own: Sequence[PublishedFigure], shown: set[Place]) -> Row:
    notes = _unique(note for figure in own for note in figure.notes)
    variants = _unique(f"{k}={v}" for figure in own for k, v in figure.variant.items())
    data = _unique(figure.data for figure in own if figure.data)
    return Row(
        kind="published",
        judge=own[0].judge,
        cells={
            place: Cell(figure.value)
            for figure in own
            for place in _places(figure)
            if place in shown
        },
        protocol=own[0].protocol or "",
        variant="; ".join(chain(variants, notes)),
        data=", ".join(data),
        source=own[0].source,
        notes=(*data, *notes),
    )


def _unique(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def quoted_notes(entry: Entry, columns: set[Place]) -> tuple[str, ...]:
    """What a reader of this table must know about its quoted rows."""
    return (_QUOTED, *_about_data(entry.result.data.name), *_about_left_out(entry, columns))


def _about_data(name: str) -> list[str]:
    if name.startswith("hub:"):
        return []
    return [_DEMO if name == "demo" else _LOCAL.format(name=name)]


def _about_left_out(entry: Entry, columns: set[Place]) -> list[str]:
    left_out = [
        figure
        for figure in _alike(entry)
        if not figure.follows(entry.result.arguments) and columns.intersection(_places(figure))
    ]
    if not left_out:
        return []
    what = ", ".join(_unique(figure.group or figure.metric for figure in left_out))
    how = ", ".join(_unique(f"{k}={v}" for figure in left_out for k, v in figure.variant.items()))
    return [f"Left out, because they follow {how}: some published figures for {what}."]
