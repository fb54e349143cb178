"""Commands that show what was measured; thin functions like those of :mod:`.cli`."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .harness.progress import tell
from .terminal import PLUGIN, load_plugins, stop_cleanly

MediaMode = StrEnum("MediaMode", ["copy", "link", "none"])


def report(
    out: Annotated[Path, typer.Option(help="Folder to write; an earlier report is replaced.")],
    runs: Annotated[list[Path] | None, typer.Argument(help="Run folders; default: runs/.")] = None,
    media: Annotated[
        MediaMode, typer.Option(help="Copy images and videos, link to local files, or neither.")
    ] = MediaMode.copy,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Show N samples of each task, drawn at random.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="[TASK=]PATH", help="Where the runs' data are now, for media."),
    ] = None,
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
) -> None:
    """Tables, plots and every sample as a folder that a browser opens without a server."""
    from .leaderboard.report import write_report

    # What the hub's cache holds is shown; a report fetches nothing that was not there for the run.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    load_plugins(plugin)
    stop_cleanly()
    try:
        page = write_report(
            runs or [],
            out,
            media=media.value,  # type: ignore[arg-type]
            samples=samples,
            data=_places(data or []),
            say=lambda line: tell(f"warning: {line}"),
        )
    except KeyboardInterrupt:
        tell("interrupted; no report was written")
        raise typer.Exit(130) from None
    typer.echo(page)


def _places(given: list[str]) -> dict[str, Path]:
    """Folders by task name; a path without one is for all others, under the empty name."""
    from .harness.errors import UserError

    places = {}
    for text in given:
        task, sign, path = text.rpartition("=")
        where = Path(path)
        if not where.exists() and sign and Path(text).exists():
            task, where = "", Path(text)
        if not where.exists():
            raise UserError(f"--data {text}: no such file or folder")
        places[task] = where
    return places
