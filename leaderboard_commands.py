"""The command that makes tables of many runs; a thin function like those of :mod:`.cli`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .terminal import PLUGIN, load_plugins, write_text

Format = StrEnum("Format", ["table", "csv", "markdown", "latex", "html", "json", "site"])


def leaderboard(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Run folders, exported leaderboards, addresses; default: runs/."),
    ] = None,
    format: Annotated[Format, typer.Option()] = Format.table,
    published: Annotated[
        bool, typer.Option("--published", help="Add figures from papers, with source.")
    ] = False,
    metric: Annotated[list[str] | None, typer.Option(help="Show these metrics only.")] = None,
    select: Annotated[
        Path | None, typer.Option(help="YAML file of rows, columns and names to show.")
    ] = None,
    ties: Annotated[
        bool, typer.Option(help="Mark what cannot be told apart from the best.")
    ] = True,
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write to a file; of a site, its folder.")
    ] = None,
) -> None:
    """One table over many runs; what does not compare is kept apart."""
    from .harness.errors import UserError
    from .leaderboard import build, print_tables, render, summaries, write_site
    from .leaderboard.page import page
    from .leaderboard.selection import Selection, read_selection

    load_plugins(plugin)
    if format is Format.table and out is not None:
        raise UserError("--out needs --format csv, markdown, latex, html, json or site")
    if format is Format.site and out is None:
        raise UserError("--format site needs --out FOLDER")
    chosen = read_selection(select) if select else Selection()
    tables = build(
        runs or chosen.runs,
        published=published or chosen.published,
        metrics=metric,
        selection=chosen if select else None,
        ties=ties,
    )
    tables = [*summaries(tables), *tables]
    if format is Format.table:
        from rich.console import Console

        print_tables(tables, Console())
    elif format is Format.site and out is not None:
        typer.echo(write_site(tables, out, chosen.title))
    else:
        text = page(tables, chosen.title) if format is Format.html else render(tables, format.value)
        if out is None:
            typer.echo(text, nl=False)
        else:
            write_text(out, text)
