"""One judge, or one model and its grader, over tasks: plan, match the manifest, ask, score."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from . import hub, manifest
from .batches import Batches
from .columns import Shape
from .errors import UserError
from .grading import grades_name
from .judge import Judge
from .model import Model
from .parsing import get_grammar
from .preparation import Prepared, Settings, grading_order, own_arguments, prepare
from .progress import progress
from .registry import judges, tasks
from .runner import Runner
from .scoring import reparse, results
from .stages import Stage, stages
from .store import Store, write_json
from .task import Task, grading_of

__all__ = ["RESULTS", "Prepared", "Settings", "execute", "prepare", "rescore", "run"]

RESULTS = "results.json"


def execute(prepared: Prepared, folder: Path, notify: Callable[[str], None]) -> dict[str, Any]:
    """Ask what is not stored yet, score everything, write ``results.json`` and return it.

    Raises:
        UserError: the folder holds another run, cannot be written or is in use.
    """
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
        for name, survey in prepared.surveys.items():
            log.write(
                f"{name}: {survey.items:,} items, {survey.requests:,} requests,"
                f" fingerprint {survey.fingerprint}\n"
            )
        began = time.perf_counter()
        spent: dict[str, object] = {}
        for who, own in groupby(stages(prepared, store), lambda stage: stage.who):
            used = _carry_out(own, store, prepared.settings.protocol, say)
            spent |= used if prepared.model is None else {who: used} if used else {}
        seconds = time.perf_counter() - began
        outputs = store.count() - before
        log.write(f"{outputs:,} outputs in {seconds:.1f} s\n")
        built = {name: plan.task for name, plan in prepared.plans.items()}
        found = _assemble(about, built, store, _timed(seconds, outputs, spent))
        write_json(folder / RESULTS, found)
        _report_failures(store, found, say)
    return found


def _carry_out(
    own: Iterable[Stage],
    store: Store,
    protocol: Literal["robust", "official"],
    say: Callable[[str], None],
) -> dict[str, object]:
    """All stages of one judge or model, which then lets go of what it holds; what they cost."""
    batches: Batches | None = None
    for stage in own:
        by = stage.by
        batches = batches or Batches(stage.batch_size, getattr(by, "batch_tokens", None))
        read = get_grammar(stage.grammar)
        runner = Runner(stage.plan, by, store, read, protocol, batches, say)
        done = store.count(stage.plan.task.name)
        with progress(stage.title, stage.requests, done) as shown:
            runner.run(shown)
    spent: Mapping[str, object] = getattr(by, "spent", dict)()
    getattr(by, "close", lambda: None)()
    return dict(spent)


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
    """What decides the figures of a run; of one with a model, that and its grader."""
    settings = prepared.settings
    return {
        **_who(prepared),
        "protocol": settings.protocol,
        "votes": settings.votes,
        "seed": settings.seed,
        "limit": settings.limit,
        "tasks": {name: _task_identity(prepared, name) for name in prepared.plans},
    }


def _who(prepared: Prepared) -> dict[str, Any]:
    settings, found = prepared.settings, {}
    if prepared.model is not None:
        arguments = _plain(settings.model_arguments)
        found["model"] = {"name": settings.model, "arguments": arguments, **_own(prepared.model)}
    if prepared.judge is not None:
        found["judge"] = {
            "name": settings.judge,
            "arguments": _plain(settings.judge_arguments),
            "grammar": prepared.judge.grammar,
            **_own(prepared.judge),
        }
    return found


def _own(by: Judge | Model) -> Mapping[str, object]:
    own = getattr(by, "identity", None)
    return own() if own else {}


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
        **_grading_identity(prepared, name),
        "data": {
            "name": plan.data.name,
            "revision": revision,
            "items": survey.items,
            "fingerprint": survey.fingerprint,
        },
    }


def _grading_identity(prepared: Prepared, name: str) -> dict[str, Any]:
    grading = grading_of(prepared.plans[name].task)
    if grading is None or prepared.model is None:
        return {}
    order = grading_order(prepared.settings, grading)
    passes = 2 if order == "both" else 1
    return {"grading": {"order": order, "passes": passes, **grading.identity()}}


def _grader(about: Mapping[str, Any], grading: Mapping[str, Any]) -> dict[str, str]:
    """The grader as arguments of the task: figures by different graders do not compare.

    ``grader_id`` is a hash of all that a grade depends on but for the answer.
    """
    judge = about["judge"]
    what = json.dumps([judge, grading], sort_keys=True)
    name = str(judge["arguments"].get("path", judge["name"]))
    mark = blake2b(what.encode(), digest_size=4).hexdigest()
    return {"grader": name, "grader_id": mark, "grader_order": grading["order"]}


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
        for task in built.values():
            for stored, grammar in _grammars(about, task):
                reparse(store, stored, grammar, about["protocol"])
        found = _assemble(about, built, store, _timing(folder))
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


def _timing(folder: Path) -> dict[str, Any]:
    try:
        timing: dict[str, Any] = json.loads((folder / RESULTS).read_text("utf-8"))["timing"]
    except (OSError, ValueError, KeyError):
        return {}
    return timing


def run(
    *,
    task: str | Sequence[str],
    out: str | Path,
    judge: str | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Run benchmarks from Python, as ``unieval run`` does; returns what ``results.json`` holds.

    Args:
        judge: name of a judge; with ``model=``, of the one that grades, if a task needs it.
        task: name of a task or group, or several.
        out: the run folder; an existing one that agrees is continued.
        settings: other fields of :class:`Settings`, such as ``data="demo"`` or
            ``judge_arguments={"path": ...}``, or ``model=`` and ``model_arguments=``.

    Raises:
        UserError: as the command line would complain.
    """
    names = (task,) if isinstance(task, str) else tuple(task)
    prepared = prepare(Settings(judge=judge, tasks=names, **settings))
    return execute(prepared, Path(out), lambda line: print(line, file=sys.stderr))
