"""From stored records to ``results.json``; needs the store and the task's metrics, no model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from .choices import Choices
from .columns import WHOLE, Loaded, Shape, load
from .grades import Grades
from .items import Status
from .judgements import FAILED, UNREAD, Judgements
from .metrics import Measure, Score, scored
from .parsing import get_grammar, in_item_frame, parse
from .pointwise import Points
from .store import Store
from .task import Multidimensional, Task

Measures = Callable[[Any], Mapping[str, Measure]]


def results(
    store: Store, task: Task, shape: Shape, protocol: Literal["robust", "official"]
) -> dict[str, Any]:
    """The task's entry of ``results.json``: counts, figures, and the same for each group.

    Groups are the task's own subsets, or its dimensions where labels have several.
    """
    loaded = load(store, task, shape, protocol)
    measures: Measures = getattr(task, "measures", loaded.usual)
    if list(loaded.dimensions) == [WHOLE]:
        whole = loaded.dimensions[WHOLE]
        figures = scored(getattr(task, "whole", measures)(whole), whole.cluster)
        names = [name for name in whole.groups if name]  # one at a time: each is a copy
        groups = {name: _part(measures, whole.in_group(name)) for name in names}
    else:
        across = cast(Multidimensional, task).across(loaded.dimensions)
        figures = scored(across, next(iter(loaded.dimensions.values())).cluster)
        groups = {name: _part(measures, part) for name, part in loaded.dimensions.items()}
    official = getattr(task, "official_headline", task.headline)
    headline = official if protocol == "official" else task.headline
    outputs = sum(loaded.statuses.values())
    failed = sum(n for status, n in loaded.statuses.items() if Status(status).failed)
    return {
        "n": loaded.n,
        "outputs": outputs,
        "unparsed": outputs - failed - loaded.statuses.get(Status.OK, 0),
        "failed": failed,
        "statuses": {str(k): v for k, v in sorted(loaded.statuses.items())},
        "complete": outputs == loaded.expected,
        "headline": list(headline),
        "metrics": _json(figures),
        "groups": groups,
        **_more(measures, loaded),
    }


def _more(measures: Measures, loaded: Loaded) -> dict[str, Any]:
    """Of what a model was asked: its other subsets, and how answers and grades ended."""
    found: dict[str, Any] = {
        stage: {str(k): v for k, v in sorted(ended.items())}
        for stage, ended in loaded.stages.items()
    }
    if loaded.facets:
        whole = loaded.dimensions[WHOLE]
        found["facets"] = {
            facet: {name: _part(measures, whole.where(mask)) for name, mask in parts.items()}
            for facet, parts in loaded.facets.items()
        }
    return found


def _part(measures: Measures, judgements: Judgements | Points | Choices | Grades) -> dict[str, Any]:
    flat = judgements.ended
    return {
        "n": len(judgements),
        "outputs": int(flat.size),
        "unparsed": int((flat == UNREAD).sum()),
        "failed": int((flat == FAILED).sum()),
        "metrics": _json(scored(measures(judgements), judgements.cluster)),
    }


def _json(scores: Mapping[str, Score]) -> dict[str, Any]:
    return {name: score.as_json() for name, score in scores.items()}


def reparse(store: Store, task: str, grammar: str, protocol: Literal["robust", "official"]) -> int:
    """Read every stored raw output again with the grammar; returns how many were read."""
    read = get_grammar(grammar)
    total = 0
    for block in store.outputs(task, protocol):
        changes = []
        for stored in block:
            parsed = parse(stored.output, read, stored.asked)
            options = len(stored.asked.options)
            verdict, scores = in_item_frame(parsed, stored.order, options)
            a, b = (*(scores or ()), None, None)[:2]
            changes.append((parsed.status.value, verdict, a, b, stored.rowid))
        store.reparse(changes)
        total += len(changes)
    return total
