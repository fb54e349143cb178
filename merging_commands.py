"""The command that joins the parts of a run; a thin function like those of :mod:`.cli`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .harness.progress import tell
from .terminal import PLUGIN, AsJson, load_plugins, print_json, show_runs


def merge(
    runs: Annotated[list[Path], typer.Argument(help="Run folders of --shard 1/N, 2/N, ...")],
    out: Annotated[Path, typer.Option(help="The new run folder.")],
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
    json: AsJson = False,
) -> None:
    """Join runs over parts of the same data into one run folder.

    Exit codes: 0 done, 2 the runs do not belong together, 3 some items are in none of them.
    """
    from .harness.merging import merge as merge_runs

    load_plugins(plugin)
    found = merge_runs(runs, out, tell)
    if json:
        print_json(found)
    else:
        show_runs([out])
    if found["missing"]:
        raise typer.Exit(3)
