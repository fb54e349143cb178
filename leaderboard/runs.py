"""Run folders as the leaderboard reads them: ``results.json``, checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..harness.errors import UserError
from ..harness.validation import checked

RESULTS = "results.json"
RUNS = Path("runs")
SCHEMA = 1


@dataclass(frozen=True)
class Value:
    """One figure: its value (``None`` where undefined), 95% interval and item count."""

    value: float | None = None
    ci95: tuple[float, float] | None = None
    n: int | None = None


@dataclass(frozen=True)
class Part:
    """The counts and figures of a task or of one of its groups."""

    n: int
    unparsed: int
    failed: int
    metrics: dict[str, Value]


@dataclass(frozen=True)
class Data:
    """Which data were judged; ``fingerprint`` covers the very items, ``items`` is how many."""

    name: str
    fingerprint: str
    revision: str | None = None
    items: int | None = None

    @property
    def revised(self) -> str:
        """The name with the revision that was read."""
        return f"{self.name}@{self.revision[:12]}" if self.revision else self.name

    @property
    def identity(self) -> str:
        """The name with the fingerprint of the items."""
        return f"{self.name}#{self.fingerprint}" if self.fingerprint else self.name


@dataclass(frozen=True)
class TaskResult(Part):
    """One task of one run."""

    version: str
    data: Data
    headline: tuple[str, ...]
    order: str
    complete: bool
    arguments: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, Part] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether every planned output is there, for every item of the data."""
        return self.complete and (self.data.items is None or self.n >= self.data.items)


@dataclass(frozen=True)
class JudgeName:
    """A judge's registered name and its arguments."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Results:
    protocol: Literal["robust", "official"]
    votes: int
    tasks: dict[str, TaskResult]
    judge: JudgeName | None = None
    model: JudgeName | None = None
    seed: int | None = None


@dataclass(frozen=True)
class Run:
    """One finished run: a judge, how it was asked, and its result on each task.

    Of a run that measures a model, that stands in the judge's place; who graded it is among the
    arguments of the tasks.

    Attributes:
        path: the run folder; of an exported run only its name.
        judge: who was measured.
        protocol, votes, seed: how it was asked.
        tasks: the results by task.
        decode: how the judge's answers came about, where the manifest tells.
        place: where the run came from, if ``path`` is but a copy of it.
    """

    path: Path
    judge: JudgeName
    protocol: Literal["robust", "official"]
    votes: int
    tasks: dict[str, TaskResult]
    seed: int | None = None
    decode: str = ""
    place: str = ""

    @property
    def shown(self) -> str:
        """Where the run is, in words."""
        return self.place or str(self.path)


@dataclass(frozen=True)
class Entry:
    """One task of one run."""

    run: Run
    task: str
    result: TaskResult

    @property
    def order(self) -> str:
        """How pairs were presented."""
        return self.result.order

    @property
    def arguments(self) -> list[str]:
        """The task's arguments as ``key=value``, sorted."""
        return [f"{key}={value}" for key, value in sorted(self.result.arguments.items())]

    @property
    def variant(self) -> str:
        """Task version and arguments."""
        return " ".join([f"version={self.result.version}", *self.arguments])

    def parts(self) -> dict[str, Part]:
        """The whole task (``""``) and its groups."""
        return {"": self.result, **self.result.groups}

    def figures(self) -> dict[tuple[str, str], Value]:
        """Every figure by (group, metric)."""
        return {
            (group, metric): value
            for group, part in self.parts().items()
            for metric, value in part.metrics.items()
        }


def find_runs(paths: Sequence[Path]) -> list[Path]:
    """Run folders among the paths; a folder that holds several stands for them all.

    Without paths: everything under ``runs/``.

    Raises:
        UserError: a path is no folder, or neither it nor a folder in it holds a finished run.
    """
    if not paths:
        found = _inside(RUNS)
        if not found:
            raise UserError(
                f"no finished runs under {RUNS}/; make one with 'unieval run', or name run folders"
            )
        return found
    unique = {run.resolve(): run for path in paths for run in _expand(path)}
    return list(unique.values())


def _expand(path: Path) -> list[Path]:
    _require_folder(path)
    found = [path] if (path / RESULTS).is_file() else _inside(path)
    if not found:
        raise _unfinished(path)
    return found


def _inside(folder: Path) -> list[Path]:
    """Run folders one or two levels down: ``runs/RUN`` and ``runs/DIR/JUDGE``."""
    return sorted(
        file.parent for depth in ("*", "*/*") for file in folder.glob(f"{depth}/{RESULTS}")
    )


def _require_folder(path: Path) -> None:
    if path.is_file():
        raise UserError(f"{path} is a file, not a run folder; name the folder: {path.parent}")
    if not path.is_dir():
        raise UserError(f"run folder {path} does not exist")


def _unfinished(path: Path) -> UserError:
    return UserError(
        f"{path} holds no {RESULTS}; if the run was interrupted, the same 'unieval run' with"
        f" --out {path} finishes it"
    )


def read_run(path: Path) -> Run:
    """Read one run folder.

    Raises:
        UserError: it is no run folder, or its results cannot be read; names the file and the cure.
    """
    _require_folder(path)
    file = path / RESULTS
    if not file.is_file():
        raise _unfinished(path)
    cure = f"write it again with 'unieval rescore {path}'"
    content = read_json(file, cure)
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise UserError(
            f"{file} has schema {schema!r}, and this version of unieval reads {SCHEMA};"
            f" {cure}, or update unieval"
        )
    results = checked(_Results, content, f"{file}: ", cure)
    measured = results.model or results.judge
    if measured is None:
        raise UserError(f"{file} names neither a judge nor a model; {cure}")
    return Run(
        path,
        measured,
        results.protocol,
        results.votes,
        results.tasks,
        results.seed,
        _decode(path),
    )


def _decode(path: Path) -> str:
    """How the run's manifest says that answers come about; nothing if it does not say."""
    from ..harness import manifest

    if not (path / manifest.NAME).is_file():
        return ""
    identity = manifest.read(path)["identity"]
    measured = identity.get("model") or identity.get("judge") or {}
    decoding = measured.get("decoding")
    return str(decoding.get("decode", "")) if isinstance(decoding, dict) else ""


def read_json(file: Path, cure: str) -> Any:
    """The content of a file.

    Raises:
        UserError: it cannot be read; names the file and the cure.
    """
    try:
        # NaN and Infinity are no JSON; where a writer let them through they mean "undefined".
        return json.loads(file.read_text("utf-8"), parse_constant=lambda _: None)
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{file} cannot be read ({error}); {cure}") from None
