"""The learning curves as one picture: loss, learning rate, benchmark figures with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .evaluation import Figure

_AXIS = "step"


def draw(history: Sequence[dict[str, float]], figures: Sequence[Figure], file: Path) -> None:
    """Write the curves as PNG.

    Args:
        history: what the trainer logged, one entry a point.
        figures: what benchmarks measured; only headline figures are drawn.
        file: where to.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    headline = [f for f in figures if f.headline]
    canvas = Canvas(figsize=(7, 9 if headline else 6), layout="constrained")
    FigureCanvasAgg(canvas)
    axes = canvas.subplots(3 if headline else 2, sharex=True)
    _line(axes[0], history, "loss", "training")
    _line(axes[0], history, "eval_loss", "held out", marker="o")
    axes[0].set_ylabel("loss")
    axes[0].legend()
    _line(axes[1], history, "learning_rate", "learning rate")
    axes[1].set_ylabel("learning rate")
    if headline:
        _benchmarks(axes[2], headline)
    for axis in axes:
        axis.grid(alpha=0.3)
    axes[-1].set_xlabel(_AXIS)
    canvas.savefig(file, dpi=120)


def _line(
    axis: Any, history: Sequence[dict[str, float]], key: str, label: str, marker: str = ""
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
