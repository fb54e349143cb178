"""The pictures of a report: what was gained, and outputs side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...harness.items import Media, Modality
from ...harness.media import load_image
from ...harness.video import sample_frames

_COLOURS = {"judge": "#0b7285", "random": "#868e96", "truth": "#e8590c"}
_SIZE = 96
_FRAMES = 4


def draw_gains(tracks: Mapping[str, Any], file: Path) -> None:
    """A panel for the truth and one for the judge: the gain of each track and kind of pairs.

    Args:
        tracks: as in ``results.json``.
        file: PNG.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = list(tracks)
    figure, axes = pyplot.subplots(1, 2, figsize=(10, 0.9 + 0.8 * len(names)), sharey=True)
    for axis, measure, title in zip(
        axes, ("truth", "judged"), ("truth", "the judge's score"), strict=True
    ):
        for place, name in enumerate(names):
            kinds = tracks[name]["aligned"]
            for number, (kind, found) in enumerate(kinds.items()):
                value = found[measure]
                height = place + 0.22 * (number - (len(kinds) - 1) / 2)
                around = [[value["value"] - value["low"]], [value["high"] - value["value"]]]
                label = f"pairs by {'the ' if kind != 'random' else ''}{_said(kind)}"
                axis.errorbar(
                    value["value"],
                    height,
                    xerr=around,
                    fmt="o",
                    color=_COLOURS[kind],
                    capsize=3,
                    label=label if place == 0 else None,
                )
        axis.axvline(0, color="#adb5bd", linewidth=1)
        axis.set_title(f"gain in {title}, 95% intervals", fontsize=10)
        axis.grid(axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    axes[0].legend(fontsize=8, loc="best")
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def _said(kind: str) -> str:
    return "chance" if kind == "random" else kind


def draw_examples(
    modality: Modality, examples: Sequence[Mapping[str, Any]], out: Path, file: Path
) -> None:
    """A row for each prompt: what the base and the aligned models made of it.

    Args:
        modality: of what they made; of a film, some frames are shown.
        examples: as in ``results.json``.
        out: folder that outputs are relative to.
        file: PNG.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    models = list(examples[0]["outputs"])
    wide = 1 if modality == "image" else _FRAMES
    figure, axes = pyplot.subplots(
        len(examples),
        len(models),
        figsize=(1.5 * wide * len(models) + 0.5, 2.2 * len(examples)),
        squeeze=False,
        layout="constrained",
    )
    for row, example in zip(axes, examples, strict=True):
        for axis, name in zip(row, models, strict=True):
            made = example["outputs"][name]
            axis.axis("off")
            if made["output"]:
                axis.imshow(_strip(modality, out / made["output"]))
            axis.set_title(f"{name}: {made['truth']:.2f}", fontsize=8, loc="left")
        lines = textwrap.fill(example["prompt"], 18 * wide * len(models))
        first = f"{models[0]}: {example['outputs'][models[0]]['truth']:.2f}"
        row[0].set_title(f"{lines}\n{first}", fontsize=8, loc="left")
    figure.savefig(file, dpi=80)
    pyplot.close(figure)


def _strip(modality: Modality, path: Path) -> Any:
    """A picture, or frames of a film side by side, as an array."""
    import numpy as np

    media = Media(modality, str(path), name=path.name)
    is_film = modality == "video"
    pictures = list(sample_frames(media, _FRAMES)) if is_film else [load_image(media)]
    sized = (picture.convert("RGB").resize((_SIZE, _SIZE)) for picture in pictures)
    return np.hstack([np.asarray(picture) for picture in sized])
