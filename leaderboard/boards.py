"""Leaderboards as files that others can merge: the results behind the rows, without records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from ..harness.errors import UserError
from ..harness.validation import checked
from .model import Table
from .runs import SCHEMA, JudgeName, Run, TaskResult, read_json

_CURE = "export it again with 'unieval leaderboard --format json'"


@dataclass(frozen=True)
class _Exported:
    name: str
    judge: JudgeName
    protocol: Literal["robust", "official"]
    votes: int
    tasks: dict[str, TaskResult]
    seed: int | None = None
    decode: str = ""


@dataclass(frozen=True)
class _Board:
    runs: list[_Exported]


def exported(tables: Sequence[Table]) -> list[dict[str, Any]]:
    """The runs behind the rows of some tables, each with the tasks that are shown.

    Folders are named by their last part alone, so that nothing tells of the machine.
    """
    shown: dict[int, tuple[Run, list[str]]] = {}
    for table in tables:
        for row in table.rows:
            if row.entry is not None:
                _, tasks = shown.setdefault(id(row.entry.run), (row.entry.run, []))
                tasks.append(row.entry.task)
    return [_portable(run, tasks) for run, tasks in shown.values()]


def _portable(run: Run, tasks: Sequence[str]) -> dict[str, Any]:
    return {
        "name": run.path.name,
        "judge": {"name": run.judge.name, "arguments": _named(run.judge.arguments)},
        "protocol": run.protocol,
        "votes": run.votes,
        "seed": run.seed,
        "decode": run.decode,
        "tasks": {name: _portable_task(run.tasks[name]) for name in sorted(set(tasks))},
    }


def _portable_task(result: TaskResult) -> dict[str, Any]:
    own = asdict(result)
    own["arguments"] = _named(own["arguments"])
    own["data"]["name"] = _name(own["data"]["name"])
    return own


def _named(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _name(value) for key, value in arguments.items()}


def _name(value: Any) -> Any:
    """The last part of a path from the root; everything else as it is."""
    return PurePath(value).name if isinstance(value, str) and value.startswith("/") else value


def read_board(file: Path, place: str = "") -> list[Run]:
    """The runs of an exported leaderboard.

    Args:
        file: what ``unieval leaderboard --format json`` wrote.
        place: what to call the file, if this is but a copy of it.

    Raises:
        UserError: it is none, or cannot be read; names the file and the cure.
    """
    content = read_json(file, _CURE)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA or "runs" not in content:
        raise UserError(f"{place or file} is no exported leaderboard; {_CURE}")
    board = checked(_Board, content, f"{file}: ", _CURE)
    return [
        Run(
            Path(own.name),
            own.judge,
            own.protocol,
            own.votes,
            own.tasks,
            own.seed,
            own.decode,
            f"{own.name} in {place or file}",
        )
        for own in board.runs
    ]


def same(first: Run, second: Run) -> bool:
    """Whether both tell of the same results; where they lie does not matter."""
    return _content(first) == _content(second)


def _content(run: Run) -> dict[str, Any]:
    return _portable(run, sorted(run.tasks)) | {"name": ""}
