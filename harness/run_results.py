"""``results.json`` of a run folder, made of its manifest and its records alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from . import manifest
from .columns import Shape
from .grading import grades_name
from .read_only import ReadOnlyStore
from .registry import judges, tasks
from .scoring import reparse, results
from .store import Store, write_json
from .task import Task, grading_of

RESULTS = "results.json"


def assemble(
    about: Mapping[str, Any], built: Mapping[str, Task], store: Store, timing: Mapping[str, Any]
) -> dict[str, Any]:
    """What ``results.json`` holds.

    Args:
        about: the manifest's ``identity``.
        built: the tasks, by name.
        store: the records.
        timing: seconds and outputs.
    """
    entries = {}
    begun = {name: task for name, task in built.items() if store.count(name)}
    for name, task in begun.items():
        own = about["tasks"][name]
        graded = own.get("grading")
        shape = Shape(own["passes"], about["votes"], graded["passes"] if graded else 1)
        grader = _grader(about, graded) if graded else {}
        entries[name] = {
            "version": own["version"],
            "arguments": {**own["arguments"], **grader},
            "order": own["order"],
            "data": own["data"],
            **results(store, task, shape, about["protocol"]),
        }
        if "shard" not in about:  # a run that was stopped early has all outputs of too few items
            whole = entries[name]["n"] >= own["data"]["items"]
            entries[name]["complete"] = entries[name]["complete"] and whole
    orders = {own["order"] for own in about["tasks"].values()}
    return {
        "schema": 1,
        **{
            who: {key: about[who][key] for key in ("name", "arguments")}
            for who in ("model", "judge")
            if who in about
        },
        "protocol": about["protocol"],
        "order": orders.pop() if len(orders) == 1 else "mixed",
        "votes": about["votes"],
        "seed": about["seed"],
        **({"shard": about["shard"]} if "shard" in about else {}),
        "tasks": entries,
        "timing": timing,
    }


def rescore(folder: Path) -> dict[str, Any]:
    """Parse and score the stored outputs of a run again, with this version's grammars and metrics.

    Raises:
        UserError: not a run folder, or its task or grammar is not known here.
    """
    about = manifest.read_identity(folder)
    ReadOnlyStore(folder).close()  # a run without records is refused, not begun
    built = {name: tasks.get(name).create(own["arguments"]) for name, own in about["tasks"].items()}
    judges.names()  # grammars are registered by the judges' modules
    with Store(folder) as store:
        for task in built.values():
            for stored, grammar in _grammars(about, task):
                reparse(store, stored, grammar, about["protocol"])
        earlier = _earlier(folder)
        found = assemble(about, built, store, earlier.get("timing", {}))
        if "baseline" in earlier:
            found["baseline"] = earlier["baseline"]
        write_json(folder / RESULTS, found)
    return found


def _grammars(about: Mapping[str, Any], task: Task) -> Iterator[tuple[str, str]]:
    """What a task's outputs are stored as, each with the grammar that reads them."""
    if "model" not in about:
        yield task.name, about["judge"]["grammar"]
        return
    yield task.name, getattr(task, "answers", "open")
    grading = grading_of(task)
    if grading is not None:
        yield grades_name(task.name), grading.grammar or about["judge"]["grammar"]


def _earlier(folder: Path) -> dict[str, Any]:
    """The results that are there, of which time and an early stop are not in the records."""
    try:
        found: Any = json.loads((folder / RESULTS).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _grader(about: Mapping[str, Any], grading: Mapping[str, Any]) -> dict[str, str]:
    """The grader as arguments of the task: figures by different graders do not compare.

    ``grader_id`` is a hash of all that a grade depends on but for the answer.
    """
    judge = about["judge"]
    what = json.dumps([judge, grading], sort_keys=True)
    name = str(judge["arguments"].get("path", judge["name"]))
    mark = blake2b(what.encode(), digest_size=4).hexdigest()
    return {"grader": name, "grader_id": mark, "grader_order": grading["order"]}
