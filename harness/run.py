"""One judge, or one model and its grader, over tasks: plan, match the manifest, ask, score."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from . import hub, manifest
from .batches import Batches
from .early_stop import Watch
from .engines import Engine, Recipe
from .judge import Judge
from .model import Model
from .parsing import get_grammar
from .preparation import Prepared, Settings, grading_order, own_arguments, prepare
from .progress import progress
from .registry import tasks
from .run_log import RunLog, say_unanswered
from .run_results import RESULTS, assemble, rescore
from .runner import Runner
from .secrets import scrubbed_tree
from .stages import Stage, stages
from .store import Store, write_json
from .task import grading_of

__all__ = ["RESULTS", "Prepared", "Settings", "execute", "prepare", "rescore", "run"]


def execute(
    prepared: Prepared, folder: Path, notify: Callable[[str], None], watch: Watch | None = None
) -> dict[str, Any]:
    """Ask what is not stored yet, score everything, write ``results.json`` and return it.

    With a ``watch``, only until it has seen enough.

    Raises:
        UserError: the folder holds another run, cannot be written or is in use.
    """
    about = identity(prepared)
    if watch is not None:
        watch.check(about)
    with Store(folder) as store, RunLog(folder, notify) as log:
        environment = manifest.environment(prepared.batch_size)
        continued = manifest.write_or_match(folder, about, environment)
        say = log.say
        before = store.count()
        if continued and before:
            say(f"continuing {folder}: {before:,} outputs are stored already")
        for survey in prepared.surveys.values():
            for warning in survey.warnings:
                say(f"warning: {warning}")
        for name, survey in prepared.surveys.items():
            log.note(
                f"{name}: {survey.items:,} items, {survey.requests:,} requests,"
                f" fingerprint {survey.fingerprint}"
            )
        began = time.perf_counter()
        spent: dict[str, object] = {}
        for who, own in groupby(stages(prepared, store), lambda stage: stage.who):
            used = _carry_out(prepared, own, store, say, watch)
            spent |= used if prepared.model is None else {who: used} if used else {}
        seconds = time.perf_counter() - began
        outputs = store.count() - before
        log.note(f"{outputs:,} outputs in {seconds:.1f} s")
        built = {name: plan.task for name, plan in prepared.plans.items()}
        found = assemble(about, built, store, _timed(seconds, outputs, spent))
        if watch is not None:
            found["baseline"] = watch.told(store)
            if stopped := found["baseline"]["stopped"]:
                say(stopped)
        write_json(folder / RESULTS, found)
        say_unanswered(store, found, say)
    return found


def _carry_out(
    prepared: Prepared,
    own: Iterable[Stage],
    store: Store,
    say: Callable[[str], None],
    watch: Watch | None,
) -> dict[str, object]:
    """All stages of one judge or model, which then lets go of what it holds; what they cost."""
    engine: Engine | None = None
    try:
        for stage in own:
            engine = engine or _engine(prepared, stage, say)
            read = get_grammar(stage.grammar)
            done = store.count(stage.plan.task.name)
            with progress(stage.title, stage.requests, done) as shown:
                for plan in watch.rounds(stage.plan, store) if watch else [stage.plan]:
                    Runner(plan, engine, store, read, prepared.settings.protocol).run(shown)
        return dict(engine.spent()) if engine else {}
    finally:
        if engine:
            engine.close()


def _engine(prepared: Prepared, stage: Stage, say: Callable[[str], None]) -> Engine:
    settings, by = prepared.settings, stage.by
    arguments = settings.model_arguments if stage.who == "model" else settings.judge_arguments
    name = settings.model if stage.who == "model" else settings.judge
    recipe = Recipe.of(stage.who, str(name), arguments, by)
    batches = Batches(stage.batch_size, getattr(by, "batch_tokens", None))
    return settings.engine.open(by, recipe, batches, say)


def identity(prepared: Prepared) -> dict[str, Any]:
    """What decides the figures of a run; of one with a model, that and its grader."""
    settings = prepared.settings
    about: dict[str, Any] = scrubbed_tree(
        {
            **_who(prepared),
            "protocol": settings.protocol,
            "votes": settings.votes,
            "seed": settings.seed,
            "limit": settings.limit,
            **({"shard": str(settings.shard)} if settings.shard else {}),
            "tasks": {name: _task_identity(prepared, name) for name in prepared.plans},
        }
    )
    return about


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


def _plain(arguments: Mapping[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in sorted(arguments.items())}


def _timed(seconds: float, outputs: int, spent: Mapping[str, object]) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 3),
        "outputs": outputs,
        "outputs_per_second": round(outputs / seconds, 2) if outputs else None,
        **({"spent": dict(spent)} if spent else {}),
    }


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
