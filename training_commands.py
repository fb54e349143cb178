"""Commands that make models and their data; thin functions like those of :mod:`.cli`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from .harness.progress import tell
from .terminal import PLUGIN, SkipBad, load_plugins, stop_cleanly


def train_reward(
    config: Annotated[Path, typer.Argument(help="YAML file; see docs/training.md.")],
    skip_bad: SkipBad = False,
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
) -> None:
    """Train a reward model on preferences; the same command goes on after a stop."""
    from .reward_training.train import train

    load_plugins(plugin)
    _train(lambda: train(config, skip_bad=skip_bad), "reward model")


def build_preferences(
    config: Annotated[Path, typer.Argument(help="YAML file; see docs/preference-building.md.")],
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
) -> None:
    """Build preference data of a model's own outputs; the same command goes on after a stop."""
    from .dpo.building import build

    load_plugins(plugin)
    stop_cleanly()
    try:
        found = build(config)
    except KeyboardInterrupt:
        tell("interrupted; run the same command again to go on")
        raise typer.Exit(130) from None
    if found["failed"]:
        raise typer.Exit(3)


dpo = typer.Typer(
    name="dpo", help="Align a model with preferences.", no_args_is_help=True, rich_markup_mode=None
)


@dpo.command("understanding")
def dpo_understanding(
    config: Annotated[Path, typer.Argument(help="YAML file; see docs/dpo.md.")],
    skip_bad: SkipBad = False,
    plugin: Annotated[list[Path] | None, PLUGIN] = None,
) -> None:
    """Align a model that answers questions by DPO; the same command goes on after a stop."""
    from .dpo.understanding.train import train

    load_plugins(plugin)
    _train(lambda: train(config, skip_bad=skip_bad), "aligned model")


@dpo.command("image")
def dpo_image(
    config: Annotated[Path, typer.Argument(help="YAML file; see docs/dpo.md.")],
) -> None:
    """Align a text-to-image model by Diffusion-DPO; the same command goes on after a stop."""
    _dpo_diffusion(config, "image")


@dpo.command("video")
def dpo_video(
    config: Annotated[Path, typer.Argument(help="YAML file; see docs/dpo.md.")],
) -> None:
    """Align a text-to-video model by Diffusion-DPO; the same command goes on after a stop."""
    _dpo_diffusion(config, "video")


def _dpo_diffusion(config: Path, modality: Literal["image", "video"]) -> None:
    from .dpo.diffusion.train import train

    _train(lambda: train(config, modality), f"{modality} model")


def _train(train: Callable[[], Path], made: str) -> None:
    """Train, or go on; a stop is told as one."""
    stop_cleanly()
    try:
        out = train()
    except KeyboardInterrupt:
        tell("interrupted; run the same command again to go on after the last checkpoint")
        raise typer.Exit(130) from None
    tell(f"{made}: {out}")


def reproduce(
    preset: Annotated[
        str, typer.Option(help="smoke (minutes), full (over an hour), or a YAML file like theirs.")
    ] = "smoke",
    out: Annotated[
        Path | None, typer.Option(help="Output folder; the default is runs/reproduce-PRESET.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seeds all that is drawn and learnt.")] = None,
) -> None:
    """Carry out the paper's whole pipeline in the shapes world; goes on after a stop."""
    from .dpo.reproduction.pipeline import reproduce as carry_out
    from .dpo.reproduction.settings import load_preset

    chosen = load_preset(preset, seed)
    folder = out or Path("runs") / f"reproduce-{Path(preset).stem}"
    _train(lambda: carry_out(chosen, folder), "report")
