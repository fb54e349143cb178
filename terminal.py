"""What commands have in common: options, what is told, and a clean stop."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated, Any

import typer

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
