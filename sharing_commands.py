"""Commands that share runs with others; thin functions like those of :mod:`.cli`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .terminal import PLUGIN, load_plugins, write_text

_ADDRESS = "hf://datasets/OWNER/NAME[/PATH], or a path or address as fsspec has it."
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help=_ADDRESS)]


def push(
    source: Annotated[Path, typer.Argument(help="Run folder, leaderboard.json, or site folder.")],
    address: Address,
    media: Annotated[
        bool, typer.Option("--media", help="Copy what a model has made as well.")
    ] = False,
    public: Annotated[
        bool, typer.Option("--public", help="Make a new repository a public one.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a different run that is there.")
    ] = False,
) -> None:
    """Copy a run or leaderboard to a hub data set or any other place; whole, with hashes."""
    from .leaderboard.sharing import push as push_to
    from .leaderboard.sharing.places import place_of

    place = place_of(address, private=not public)
    done = push_to(source, place, media=media, force=force)
    count = f"{len(done.inventory.files)} files, {done.inventory.size:,} bytes"
    typer.echo(f"{count}: {'pushed to' if done.changed else 'already at'} {place.name}")
    if done.left_out:
        typer.echo(f"{done.left_out:,} media files stay here; --media copies them too")


def pull(
    address: Address,
    out: Annotated[
        Path | None, typer.Option(help="New folder; default: runs/ and the address's last part.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a run or leaderboard that is there.")
    ] = False,
) -> None:
    """Copy a run or leaderboard from there: checked against its hashes, and read-only."""
    from .leaderboard.sharing import pull as pull_from
    from .leaderboard.sharing.places import place_of

    place = place_of(address)
    target = out or Path("runs") / place.name.rpartition("/")[2].partition("@")[0]
    found = pull_from(place, target, force=force)
    typer.echo(f"{len(found.files)} files, {found.size:,} bytes, all as pushed: {target}")


def card(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    name: Annotated[str, typer.Option(help="Of the model; default: as in leaderboards.")] = "",
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
    out: Annotated[Path | None, typer.Option(help="Write to a file, such as README.md.")] = None,
) -> None:
    """A model card's beginning: the run's results in the hub's own metadata, and as tables."""
    from .harness.errors import UserError
    from .leaderboard.card import card as card_of

    load_plugins(plugin)
    text = card_of(run, name)
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.exists():
        raise UserError(f"{out} exists; print the card without --out, and put it in by hand")
    write_text(out, text)
