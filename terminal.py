"""What commands have in common: options, what is told, and a clean stop."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from .harness.progress import tell

PLUGIN = typer.Option("--plugin", help="Python file with tasks or judges.")
SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out rows that do not fit, and count them.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def load_plugins(files: list[Path] | None) -> None:
    """Register the tasks and judges of files."""
    from .harness.registry import load_plugin

    for file in files or []:
        load_plugin(file)


def stop_cleanly() -> None:
    """Let SIGTERM stop a command as Ctrl-C does."""

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def print_json(content: object) -> None:
    """Content as JSON on standard output."""
    import json

    typer.echo(json.dumps(content, indent=1, ensure_ascii=False))


def show_runs(folders: Sequence[Path]) -> None:
    """Tables of finished runs, and where the runs lie."""
    from rich.console import Console

    from .leaderboard import build, print_tables

    print_tables(build(list(folders)), Console())
    tell("run folder: " + ", ".join(map(str, folders)))


def write_text(path: Path, text: str, mode: str = "w") -> None:
    """Write a text where the user wants it, or at the end of what is there (mode *a*).

    Raises:
        UserError: it cannot be written.
    """
    from .harness.errors import UserError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
