"""The command line: one thin function a command. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from .comparing_commands import compare
from .leaderboard_commands import leaderboard
from .merging_commands import merge
from .reporting_commands import report
from .run_commands import rescore, run
from .sharing_commands import card, pull, push
from .terminal import PLUGIN, AsJson, load_plugins, print_json
from .training_commands import build_preferences, dpo, reproduce, train_reward
from .world_commands import shapes_model

app = typer.Typer(
    name="unieval",
    help="Measure, train and use multimodal reward models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command()(run)
app.command()(rescore)
app.command()(merge)
app.command()(leaderboard)
app.command()(report)
app.command()(compare)
app.command()(push)
app.command()(pull)
app.command()(card)
app.command("train-reward")(train_reward)
app.command("build-preferences")(build_preferences)
app.add_typer(dpo)
app.command("shapes-model")(shapes_model)
app.command()(reproduce)


@app.command()
def tasks(
    name: Annotated[str | None, typer.Argument()] = None,
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
    json: AsJson = False,
) -> None:
    """List the tasks, or describe one: data, columns, figures, published results."""
    from . import describe

    load_plugins(plugin)
    _show(describe.task(name) if name else describe.all_tasks(), json)


@app.command()
def judges(
    name: Annotated[str | None, typer.Argument()] = None,
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
    json: AsJson = False,
) -> None:
    """List the judges, or describe one: what it takes, its arguments."""
    from . import describe

    load_plugins(plugin)
    _show(describe.judge(name) if name else describe.all_judges(), json)


@app.command()
def models(
    name: Annotated[str | None, typer.Argument()] = None,
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
    json: AsJson = False,
) -> None:
    """List what --model takes, or describe one: what it can do, its arguments."""
    from . import describe

    load_plugins(plugin)
    _show(describe.model(name) if name else describe.all_models(), json)


def _show(described: Any, as_json: bool) -> None:
    if as_json:
        print_json(described)
        return
    from . import describe

    describe.show(described)


def main() -> None:
    """Entry point: user errors become one line and exit code 2; no error shows a secret."""
    from .harness.errors import UserError
    from .harness.secrets import scrubbed

    run_app: Callable[[], Any] = app
    try:
        run_app()
    except UserError as error:
        print(f"unieval: {scrubbed(str(error))}", file=sys.stderr)
        sys.exit(2)
    except Exception:
        from traceback import format_exc

        print(scrubbed(format_exc()), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
