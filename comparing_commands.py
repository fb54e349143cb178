"""The command that compares two runs; a thin function like those of :mod:`.cli`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from .terminal import PLUGIN, AsJson, load_plugins, print_json, write_text


def compare(
    baseline: Annotated[Path, typer.Argument(help="Run folder to be held against.")],
    candidate: Annotated[Path, typer.Argument(help="Run folder in question.")],
    gate: Annotated[
        Path | None, typer.Option(help="YAML, JSON or TOML file of gates; see docs/gates.md.")
    ] = None,
    task: Annotated[list[str] | None, typer.Option(help="Compare these tasks only.")] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Compare although this differs: data, seed, ..."),
    ] = None,
    flips: Annotated[int, typer.Option(min=0, help="Show N items that got worse, N better.")] = 10,
    every: Annotated[
        bool, typer.Option("--all", help="Show every figure, not only the first ones.")
    ] = False,
    markdown: Annotated[Path | None, typer.Option(help="Write a pull-request comment.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the gates as JUnit XML.")] = None,
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
    json: AsJson = False,
) -> None:
    """Two runs on the same items: differences, items that changed, gates.

    Exit codes: 0 all gates pass, 1 a gate fails, 2 the runs cannot be compared, 4 no gate fails
    but one cannot decide with so few items.
    """
    from .leaderboard.compare import compare as compare_runs
    from .leaderboard.compare_markdown import markdown as markdown_of
    from .leaderboard.gates import read_gates
    from .leaderboard.junit import junit as junit_of

    load_plugins(plugin)
    found = compare_runs(
        baseline,
        candidate,
        gates=read_gates(gate) if gate else [],
        only=task or [],
        allowed=allow or [],
        most_flips=flips,
    )
    text = markdown_of(found)
    if markdown is not None:
        write_text(markdown, text)
    if junit is not None:
        write_text(junit, junit_of(found))
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        write_text(Path(summary), text, mode="a")
    if json:
        print_json(found.as_json())
    else:
        from rich.console import Console

        from .leaderboard.compare_terminal import print_comparison

        print_comparison(found, Console(), everything=every)
    if found.exit_code:
        raise typer.Exit(found.exit_code)
