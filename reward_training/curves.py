"""The learning curves as one picture: loss, learning rate, benchmark figures with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .evaluation import Figure

_AXIS = "step"


@dataclass(frozen=True)
class Panel:
    """One of the plots below each other: what is on its axis, and the lines by logged name."""

    axis: str
    lines: Mapping[str, str]


LOSS = Panel("loss", {"loss": "training", "eval_loss": "held out"})
_RATE = Panel("learning rate", {"learning_rate": "learning rate"})


def draw(
    history: Sequence[dict[str, float]],
    figures: Sequence[Figure],
    file: Path,
    panels: Sequence[Panel] = (LOSS,),
) -> None:
    """Write the curves as PNG.

    Args:
        history: what the trainer logged, one entry a point.
        figures: what benchmarks measured; only headline figures are drawn.
        file: where to.
        panels: what is drawn of the history, besides the learning rate.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    headline = [f for f in figures if f.headline]
    plots = [*panels, _RATE]
    count = len(plots) + bool(headline)
    canvas = Canvas(figsize=(7, 3 * count), layout="constrained")
    FigureCanvasAgg(canvas)
    axes = canvas.subplots(count, sharex=True)
    for axis, panel in zip(axes, plots, strict=False):
        for key, label in panel.lines.items():
            _line(axis, history, key, label, marker="o" if key.startswith("eval_") else "")
        axis.set_ylabel(panel.axis)
        if axis.get_legend_handles_labels()[0] and panel is not _RATE:
            axis.legend()
    if headline:
        _benchmarks(axes[-1], headline)
    for axis in axes:
        axis.grid(alpha=0.3)
    axes[-1].set_xlabel(_AXIS)
    canvas.savefig(file, dpi=120)


def _line(
    axis: Any, history: Sequence[dict[str, float]], key: str, label: str, marker: str
) -> None:
    points = [(entry[_AXIS], entry[key]) for entry in history if key in entry]
    if points:
        axis.plot(*zip(*points, strict=True), label=label, marker=marker)


def _benchmarks(axis: Any, figures: Sequence[Figure]) -> None:
    names = list(dict.fromkeys((f.task, f.metric) for f in figures))
    for task, metric in names:
        own = [f for f in figures if (f.task, f.metric) == (task, metric)]
        ends = [f.interval or (f.value, f.value) for f in own]
        below = [max(0.0, f.value - low) for f, (low, _) in zip(own, ends, strict=True)]
        above = [max(0.0, high - f.value) for f, (_, high) in zip(own, ends, strict=True)]
        axis.errorbar(
            [f.step for f in own],
            [f.value for f in own],
            yerr=[below, above],
            label=f"{task} {metric}",
            marker="o",
            capsize=3,
        )
    axis.set_ylabel("95% intervals")
    axis.legend(fontsize="small")
