"""One judge over one or more tasks: plan, match the manifest, judge, score."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import hub, manifest
from .batches import Batches
from .columns import Shape
from .errors import UserError
from .parsing import get_grammar
from .preparation import Prepared, Settings, own_arguments, prepare
from .progress import progress
from .registry import judges, tasks
from .runner import Runner
from .scoring import reparse, results
from .store import Store, write_json
from .task import Task

__all__ = ["RESULTS", "Prepared", "Settings", "execute", "prepare", "rescore", "run"]

RESULTS = "results.json"


def execute(prepared: Prepared, folder: Path, notify: Callable[[str], None]) -> dict[str, Any]:
    """Judge what is not stored yet, score everything, write ``results.json`` and return it.

    Raises:
        UserError: the folder holds another run, cannot be written or is in use.
    """
    settings, judge = prepared.settings, prepared.judge
    about = identity(prepared)
    with Store(folder) as store, (folder / "log.txt").open("a", encoding="utf-8") as log:
        environment = manifest.environment(prepared.batch_size)
        continued = manifest.write_or_match(folder, about, environment)
        say = _teller(notify, log.write)
        before = store.count()
        if continued and before:
            say(f"continuing {folder}: {before:,} outputs are stored already")
        for survey in prepared.surveys.values():
            for warning in survey.warnings:
                say(f"warning: {warning}")
        batches = Batches(prepared.batch_size, getattr(judge, "batch_tokens", None))
        began = time.perf_counter()
        for name, plan in prepared.plans.items():
            survey = prepared.surveys[name]
            log.write(
                f"{name}: {survey.items:,} items, {survey.requests:,} requests,"
                f" fingerprint {survey.fingerprint}\n"
            )
            read = get_grammar(judge.grammar)
            runner = Runner(plan, judge, store, read, settings.protocol, batches, say)
            done = store.count(name)
            with progress(f"{settings.judge} on {name}", survey.requests, done) as shown:
                runner.run(shown)
        spent: Mapping[str, object] = getattr(judge, "spent", dict)()
        close = getattr(judge, "close", None)
        if close is not None:
            close()
        seconds = time.perf_counter() - began
        outputs = store.count() - before
        log.write(f"{outputs:,} outputs in {seconds:.1f} s\n")
        built = {name: plan.task for name, plan in prepared.plans.items()}
        found = _assemble(about, built, store, _timed(seconds, outputs, spent))
        write_json(folder / RESULTS, found)
        _report_failures(store, found, say)
    return found


def _teller(notify: Callable[[str], None], write: Callable[[str], object]) -> Callable[[str], None]:
    def say(line: str) -> None:
        notify(line)
        write(line + "\n")

    return say


def _report_failures(store: Store, found: dict[str, Any], say: Callable[[str], None]) -> None:
    entries = found["tasks"].values()
    failed, outputs = sum(e["failed"] for e in entries), sum(e["outputs"] for e in entries)
    if not failed:
        return
    item, reason = store.first_failure() or ("?", "?")
    if failed == outputs:
        raise UserError(f"every sample failed; the first, item {item}: {reason}")
    say(f"{failed:,} of {outputs:,} samples failed; the first, item {item}: {reason}")


def identity(prepared: Prepared) -> dict[str, Any]:
    """What decides the figures of a run."""
    settings, judge = prepared.settings, prepared.judge
    own = getattr(judge, "identity", None)
    return {
        "judge": {
            "name": settings.judge,
            "arguments": _plain(settings.judge_arguments),
            "grammar": judge.grammar,
            **(own() if own else {}),
        },
        "protocol": settings.protocol,
        "votes": settings.votes,
        "seed": settings.seed,
        "limit": settings.limit,
        "tasks": {name: _task_identity(prepared, name) for name in prepared.plans},
    }


def _task_identity(prepared: Prepared, name: str) -> dict[str, Any]:
    plan, survey = prepared.plans[name], prepared.surveys[name]
    arguments = own_arguments(prepared.settings, tasks.get(name))
    source = plan.task.source if plan.data.path is None else None
    revision = hub.revision(source) if source is not None else None
    return {
        "version": plan.task.version,
        "arguments": _plain(arguments),
        "order": plan.order,
        "passes": plan.passes,
        "data": {
            "name": plan.data.name,
            "revision": revision,
            "items": survey.items,
            "fingerprint": survey.fingerprint,
        },
    }


def _plain(arguments: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in sorted(arguments.items())}


def _timed(seconds: float, outputs: int, spent: Mapping[str, object]) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 3),
        "outputs": outputs,
        "outputs_per_second": round(outputs / seconds, 2) if outputs else None,
        **({"spent": dict(spent)} if spent else {}),
    }


def _assemble(
    about: Mapping[str, Any], built: Mapping[str, Task], store: Store, timing: Mapping[str, Any]
) -> dict[str, Any]:
    entries = {}
    for name, task in built.items():
        own = about["tasks"][name]
        shape = Shape(own["passes"], about["votes"])
        entries[name] = {
            "version": own["version"],
            "arguments": own["arguments"],
            "order": own["order"],
            "data": own["data"],
            **results(store, task, shape, about["protocol"]),
        }
    orders = {own["order"] for own in about["tasks"].values()}
    return {
        "schema": 1,
        "judge": {key: about["judge"][key] for key in ("name", "arguments")},
        "protocol": about["protocol"],
        "order": orders.pop() if len(orders) == 1 else "mixed",
        "votes": about["votes"],
        "seed": about["seed"],
        "tasks": entries,
        "timing": timing,
    }


def rescore(folder: Path) -> dict[str, Any]:
    """Parse and score the stored outputs of a run again, with this version's grammars and metrics.

    Raises:
        UserError: not a run folder, or its task or grammar is not known here.
    """
    about = manifest.read(folder)["identity"]
    if not (folder / "records.sqlite").is_file():
        raise UserError(f"{folder} holds no records: it has no records.sqlite")
    built = {name: tasks.get(name).create(own["arguments"]) for name, own in about["tasks"].items()}
    judges.names()  # grammars are registered by the judges' modules
    with Store(folder) as store:
        for name in built:
            reparse(store, name, about["judge"]["grammar"], about["protocol"])
        found = _assemble(about, built, store, _timing(folder))
        write_json(folder / RESULTS, found)
    return found


def _timing(folder: Path) -> dict[str, Any]:
    import json

    try:
        timing: dict[str, Any] = json.loads((folder / RESULTS).read_text("utf-8"))["timing"]
    except (OSError, ValueError, KeyError):
        return {}
    return timing


def run(
    *,
    judge: str,
    task: str | Sequence[str],
    out: str | Path,
    **settings: Any,
) -> dict[str, Any]:
    """Judge benchmarks from Python, as ``unieval run`` does; returns what ``results.json`` holds.

    Args:
        judge: name of a judge.
        task: name of a task or group, or several.
        out: the run folder; an existing one that agrees is continued.
        settings: other fields of :class:`Settings`, such as ``data="demo"`` or
            ``judge_arguments={"path": ...}``.

    Raises:
        UserError: as the command line would complain.
    """
    names = (task,) if isinstance(task, str) else tuple(task)
    prepared = prepare(Settings(judge=judge, tasks=names, **settings))
    return execute(prepared, Path(out), lambda line: print(line, file=sys.stderr))
