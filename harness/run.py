"""One judge over one or more tasks: plan, match the manifest, judge, score."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from . import hub, manifest
from .columns import Shape
from .demo import demo_data
from .errors import UserError
from .judge import Judge, pairwise
from .parsing import get_grammar
from .plan import Plan, Survey, check_support
from .progress import progress
from .registry import Entry, judges, tasks
from .runner import Runner
from .scoring import reparse, results
from .store import Store, write_json
from .task import Data, OrderPlan, Task

RESULTS = "results.json"


@dataclass(frozen=True)
class Settings:
    """Everything ``unieval run`` can be told about one judge.

    ``order`` *None* means both orders for the robust protocol and the task's own for the official
    one. ``batch_size`` *None* leaves it to the judge.
    """

    judge: str
    tasks: tuple[str, ...]
    judge_arguments: Mapping[str, object] = field(default_factory=dict)
    task_arguments: Mapping[str, object] = field(default_factory=dict)
    data: str = "hub"
    limit: int | None = None
    order: OrderPlan | None = None
    votes: int = 1
    seed: int = 0
    protocol: Literal["robust", "official"] = "robust"
    batch_size: int | None = None


@dataclass(frozen=True)
class Prepared:
    """A judge and its planned tasks, surveyed; nothing is loaded or written yet."""

    settings: Settings
    judge: Judge
    plans: Mapping[str, Plan]
    surveys: Mapping[str, Survey]

    @property
    def batch_size(self) -> int:
        """Requests a batch, as asked or as the judge prefers."""
        own = getattr(self.judge, "batch_size", 1024)
        return max(1, self.settings.batch_size or int(own))


def prepare(settings: Settings) -> Prepared:
    """Build the judge and the plans, and read the data once.

    Raises:
        UserError: unknown names or arguments, a judge that cannot take a task, bad data.
    """
    entries = tasks.resolve(list(settings.tasks))
    _refuse_unknown_arguments(settings.task_arguments, entries)
    entry = judges.get(settings.judge)
    judge = pairwise(entry.create(settings.judge_arguments), settings.judge)
    get_grammar(judge.grammar)
    plans = {e.name: _plan(settings, e, judge) for e in entries}
    surveys = {name: plan.survey() for name, plan in plans.items()}
    expect = getattr(judge, "expect", None)
    if expect is not None:
        for plan in plans.values():
            expect(plan)
    return Prepared(settings, judge, plans, surveys)


def _plan(settings: Settings, entry: Entry[Task], judge: Judge) -> Plan:
    task: Task = entry.create(_own_arguments(settings, entry))
    check_support(task, judge.supports, settings.judge)
    usual = task.official_order if settings.protocol == "official" else "both"
    order = settings.order or getattr(judge, "order", None) or usual
    free = judge.supports.order_free
    data = _data(settings, task)
    return Plan(task, data, order, settings.votes, settings.seed, settings.limit, free)


def _own_arguments(settings: Settings, entry: Entry[Task]) -> dict[str, object]:
    return {k: v for k, v in settings.task_arguments.items() if k in entry.parameters}


def _data(settings: Settings, task: Task) -> Data:
    if settings.data == "hub":
        return Data(None, f"hub:{task.source.dataset}")
    if settings.data == "demo":
        return Data(demo_data(task, settings.seed), "demo")
    path = Path(settings.data)
    if not path.exists():
        raise UserError(f"--data {settings.data}: no such file or folder (or say hub, or demo)")
    return Data(path, path.name)


def _refuse_unknown_arguments(arguments: Mapping[str, object], entries: list[Entry[Task]]) -> None:
    known = sorted({name for entry in entries for name in entry.parameters})
    for key in arguments:
        if key not in known:
            names = ", ".join(entry.name for entry in entries)
            raise UserError(
                f"--task-arg {key}: {names} takes no such argument; it takes:"
                f" {', '.join(known) or 'none'}"
            )


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
        began = time.perf_counter()
        for name, plan in prepared.plans.items():
            survey = prepared.surveys[name]
            log.write(
                f"{name}: {survey.items:,} items, {survey.requests:,} requests,"
                f" fingerprint {survey.fingerprint}\n"
            )
            runner = Runner(
                plan,
                judge,
                store,
                get_grammar(judge.grammar),
                settings.protocol,
                prepared.batch_size,
            )
            done = store.count(name)
            with progress(f"{settings.judge} on {name}", survey.requests, done) as shown:
                runner.run(shown)
        close = getattr(judge, "close", None)
        if close is not None:
            close()
        seconds = time.perf_counter() - began
        outputs = store.count() - before
        log.write(f"{outputs:,} outputs in {seconds:.1f} s\n")
        built = {name: plan.task for name, plan in prepared.plans.items()}
        found = _assemble(about, built, store, _timed(seconds, outputs))
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
    arguments = _own_arguments(prepared.settings, tasks.get(name))
    revision = hub.revision(plan.task.source) if plan.data.path is None else None
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


def _timed(seconds: float, outputs: int) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 3),
        "outputs": outputs,
        "outputs_per_second": round(outputs / seconds, 2) if outputs else None,
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
