"""Commands that carry out runs and score them; thin functions like those of :mod:`.cli`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .harness.progress import tell
from .terminal import PLUGIN, AsJson, load_plugins, print_json, show_runs, stop_cleanly

if TYPE_CHECKING:
    from .harness.run import Prepared
    from .leaderboard.early_gates import EarlyGates

Order = StrEnum("Order", ["given", "random", "both"])
Protocol = StrEnum("Protocol", ["robust", "official"])
EngineName = StrEnum("EngineName", ["local", "ray"])


def run(
    task: Annotated[list[str], typer.Option(help="Task or group of tasks.")],
    judge: Annotated[
        list[str] | None, typer.Option(help="Judge, or grader; several make one run folder each.")
    ] = None,
    judge_arg: Annotated[list[str] | None, typer.Option(metavar="K=V")] = None,
    model: Annotated[str | None, typer.Option(help="Model under test, for tasks that ask.")] = None,
    model_arg: Annotated[list[str] | None, typer.Option(metavar="K=V")] = None,
    task_arg: Annotated[list[str] | None, typer.Option(metavar="K=V")] = None,
    data: Annotated[
        str, typer.Option(help="hub, stream, demo, or a path in the hub's schema.")
    ] = "hub",
    limit: Annotated[int | None, typer.Option(min=1, help="First N items of each task.")] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="One of N parts; `merge` joins them.")
    ] = None,
    order: Annotated[
        Order | None, typer.Option(help="Default: both; the task's own if official.")
    ] = None,
    votes: Annotated[int, typer.Option(min=1, help="Answers for each pair and order.")] = 1,
    seed: Annotated[int, typer.Option(help="Of presentation order and demo items.")] = 0,
    protocol: Annotated[Protocol, typer.Option()] = Protocol.robust,
    batch_size: Annotated[str, typer.Option(metavar="auto|N")] = "auto",
    engine: Annotated[EngineName, typer.Option(help="Ray: replicas.")] = EngineName.local,
    engine_arg: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="replicas, gpus, cpus, address.")
    ] = None,
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; an existing one continues.")] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Finished run: stop once it is clear whether gates hold.")
    ] = None,
    gate: Annotated[
        Path | None, typer.Option(help="Gates for --baseline; default: no drop of over 0.02.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before a paid run.")] = False,
    json: AsJson = False,
) -> None:
    """Run benchmarks of judges, or of a model: resumable, every figure with its interval."""
    from .harness.engines import EngineSettings
    from .harness.errors import UserError
    from .harness.run import Settings, prepare
    from .harness.shards import Shard

    load_plugins(plugin)
    names: list[str | None] = list(dict.fromkeys(judge or [])) or [None]
    arguments = _judge_arguments(names, _pairs(judge_arg, "--judge-arg"))
    if model_arg and model is None:
        raise UserError("--model-arg needs --model NAME")
    if gate is not None and baseline is None:
        raise UserError("--gate needs --baseline RUN; two finished runs take 'unieval compare'")
    if batch_size != "auto" and not (batch_size.isdecimal() and int(batch_size) > 0):
        raise UserError(f"--batch-size {batch_size}: say auto or a positive number")
    placed = EngineSettings(engine.value, _pairs(engine_arg, "--engine-arg"))  # type: ignore[arg-type]
    each = [
        Settings(
            judge=name,
            tasks=tuple(task),
            judge_arguments=arguments[name],
            task_arguments=_pairs(task_arg, "--task-arg"),
            data=data,
            limit=limit,
            shard=Shard.parse(shard) if shard else None,
            order=order.value if order else None,  # type: ignore[arg-type]
            votes=votes,
            seed=seed,
            protocol=protocol.value,  # type: ignore[arg-type]
            batch_size=None if batch_size == "auto" else int(batch_size),
            model=model,
            model_arguments=_pairs(model_arg, "--model-arg"),
            engine=placed,
        )
        for name in names
    ]
    prepared = [prepare(settings) for settings in each]
    if dry_run:
        from .describe import show_plans

        show_plans(prepared)
        return
    if not yes:
        _agree_to_pay(prepared)
    measured = [name for name in (model, *names) if name is not None]
    folder = out or Path("runs") / _run_name(measured, task)
    watches = [_watch(baseline, gate) for _ in prepared]
    _run_all(prepared, _folders(folder, names), watches, json)


def _pairs(given: list[str] | None, option: str) -> dict[str, object]:
    from .harness.errors import UserError

    pairs: dict[str, object] = {}
    for text in given or []:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise UserError(f"{option} {text}: expected KEY=VALUE")
        pairs[key] = value
    return pairs


def _judge_arguments(
    names: list[str | None], given: dict[str, object]
) -> dict[str | None, dict[str, object]]:
    """With several judges, an argument goes to each that has one of that name."""
    from .harness.errors import UserError
    from .harness.registry import judges as registry

    if names == [None] and given:
        raise UserError("--judge-arg needs --judge NAME")
    if len(names) == 1:
        return {names[0]: given}
    known = {str(name): registry.get(str(name)).parameters for name in names}
    for key in given:
        if not any(key in parameters for parameters in known.values()):
            raise UserError(f"--judge-arg {key}: none of {', '.join(known)} takes it")
    return {name: {k: v for k, v in given.items() if k in known[str(name)]} for name in names}


def _watch(baseline: Path | None, gate: Path | None) -> EarlyGates | None:
    if baseline is None:
        return None
    from .leaderboard.early_gates import EarlyGates
    from .leaderboard.gates import read_gates

    return EarlyGates(baseline, read_gates(gate) if gate else None)


def _agree_to_pay(prepared: Sequence[Prepared]) -> None:
    """Ask before a run that costs money, or refuse where nobody can be asked."""
    from .harness.errors import UserError

    dollars = sum(each.dollars for each in prepared)
    if not dollars:
        return
    if not sys.stdin.isatty():
        raise UserError(f"this run would cost about ${dollars:,.2f}; say --yes to agree")
    if not typer.confirm(f"This run will cost about ${dollars:,.2f}. Go on?", err=True):
        raise typer.Exit(2)


def _run_all(
    prepared: Sequence[Prepared],
    folders: Sequence[Path],
    watches: Sequence[EarlyGates | None],
    json: bool,
) -> None:
    from .harness.run import execute

    stop_cleanly()
    found = []
    for each, folder, watch in zip(prepared, folders, watches, strict=True):
        try:
            found.append(execute(each, folder, tell, watch))
        except KeyboardInterrupt:
            tell(f"interrupted; {folder} keeps what is done. Run the same command again to go on")
            raise typer.Exit(130) from None
    if json:
        print_json(found[0] if len(found) == 1 else found)
    else:
        show_runs(folders)
        _show_gates(watches)
    outcomes = {watch.outcome for watch in watches if watch}
    if "fail" in outcomes:
        raise typer.Exit(1)
    if any(entry["failed"] for one in found for entry in one["tasks"].values()):
        raise typer.Exit(3)
    if "inconclusive" in outcomes:
        raise typer.Exit(4)


def _folders(folder: Path, judges: list[str | None]) -> list[Path]:
    return [folder] if len(judges) == 1 else [folder / str(name) for name in judges]


def _run_name(measured: list[str], tasks: list[str]) -> str:
    now = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    return "-".join([now, *measured, *tasks])


def _show_gates(watches: Sequence[EarlyGates | None]) -> None:
    from rich.console import Console

    from .leaderboard.compare_terminal import print_gates

    for watch in watches:
        if watch is not None:
            print_gates(watch.results, Console())


def rescore(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
    json: AsJson = False,
) -> None:
    """Parse and score stored outputs again; no model, no data."""
    from .harness.run import rescore as rescore_run

    load_plugins(plugin)
    found = rescore_run(run)
    if json:
        print_json(found)
    else:
        show_runs([run])
