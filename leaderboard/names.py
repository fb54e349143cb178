"""Names that tell the judges of one table apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from .runs import Run


def judge_labels(runs: Sequence[Run]) -> list[str]:
    """A label for each run: its judge, with arguments or folder where that alone is not unique."""
    labels = [run.judge.name for run in runs]
    labels = _where_repeated(labels, [_arguments(run, runs) for run in runs])
    return _where_repeated(labels, [f"[{run.shown}]" for run in runs])


def _where_repeated(labels: list[str], additions: list[str]) -> list[str]:
    counts = Counter(labels)
    return [
        f"{label} {more}" if counts[label] > 1 and more else label
        for label, more in zip(labels, additions, strict=True)
    ]


def _arguments(run: Run, runs: Sequence[Run]) -> str:
    """Those arguments in which the runs of this judge differ."""
    same = [other.judge.arguments for other in runs if other.judge.name == run.judge.name]
    own = run.judge.arguments
    telling = [key for key in sorted(own) if any(o.get(key) != own[key] for o in same)]
    text = ", ".join(f"{key}={_short(own[key])}" for key in telling)
    return f"({text})" if text else ""


def _short(value: object) -> str:
    path = PurePath(str(value))
    return path.name if path.is_absolute() else str(value)
