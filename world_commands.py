"""Commands that make the small models of the shapes world, the ones to be aligned."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from .harness.progress import tell
from .terminal import stop_cleanly

World = StrEnum("World", ["image", "video", "understanding"])
_TRAININGS = {
    World.image: ("image_training", "train_image_model"),
    World.video: ("film_training", "train_film_model"),
    World.understanding: ("answer_training", "train_answer_model"),
}


def shapes_model(
    kind: Annotated[World, typer.Argument(help="What it makes: pictures, films or answers.")],
    config: Annotated[
        Path | None, typer.Argument(help="YAML file; default: the shipped one.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Default: runs/shapes-KIND.")] = None,
) -> None:
    """Train a small model of the shapes world to align; the same command goes on after a stop."""
    module, name = _TRAININGS[kind]
    train: Callable[[Path | None, Path], Path] = getattr(
        import_module(f".dpo.world.{module}", __package__), name
    )
    stop_cleanly()
    try:
        trained = train(config, out or Path("runs") / f"shapes-{kind.value}")
    except KeyboardInterrupt:
        tell("interrupted; run the same command again to go on")
        raise typer.Exit(130) from None
    tell(f"model: {trained}")
