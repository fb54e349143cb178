"""What a run was: enough to tell two runs apart, and to refuse to mix them.

``identity`` decides what the figures are: a run continues only where all of it agrees.
``environment`` is recorded and may differ (another machine, another batch size).
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from .errors import UserError
from .secrets import scrubbed_tree
from .shown import ROTATIONS
from .store import write_json
from .validation import checked

NAME = "manifest.json"
SCHEMA = 1
_PARTS = ("judge", "model", "tasks")
_MOST_VOTES = 10_000
"""More than anybody asks for; a number from elsewhere must not decide how much memory is taken."""

_PACKAGES = (
    "unieval",
    "torch",
    "transformers",
    "tokenizers",
    "vllm",
    "datasets",
    "accelerate",
    "av",
    "pillow",
    "numpy",
    "scipy",
)


def write_or_match(
    folder: Path, identity: Mapping[str, Any], environment: Mapping[str, Any]
) -> bool:
    """Write the manifest of a new run, or check that of a run to be continued.

    Returns:
        Whether the run continues an earlier one.

    Raises:
        UserError: the folder belongs to a run that differs; names the first fields that do.
    """
    path = folder / NAME
    identity = json.loads(json.dumps(identity))
    if path.is_file():
        earlier = read(folder)["identity"]
        differing = list(differences(earlier, identity))
        if differing:
            raise UserError(
                f"{folder} holds a different run and cannot be continued;"
                f" {'; '.join(differing[:3])}. Choose another --out, or give the same arguments"
            )
        return True
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_json(
        path,
        {
            "schema": SCHEMA,
            "identity": identity,
            "environment": environment,
            "command": scrubbed_tree(sys.argv),
            "started": now,
        },
    )
    return False


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a run folder.

    Raises:
        UserError: there is none, or it is not one of ours.
    """
    path = folder / NAME
    if not path.is_file():
        raise UserError(f"{folder} is no run folder: it has no {NAME}")
    try:
        manifest: Any = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        schema = manifest.get("schema") if isinstance(manifest, dict) else None
        raise UserError(f"{path} has schema {schema!r}; this version reads {SCHEMA}")
    identity = manifest.get("identity")
    if not isinstance(identity, dict) or not all(
        isinstance(identity.get(part, {}), dict) for part in _PARTS
    ):
        raise UserError(f"{path} does not say what the run was; copy the run folder again")
    return manifest


@dataclass(frozen=True)
class _OfData:
    name: str
    items: int
    fingerprint: str


@dataclass(frozen=True)
class _OfGrading:
    order: str
    passes: int

    def __post_init__(self) -> None:
        _within("passes", self.passes, 2)


@dataclass(frozen=True)
class _OfTask:
    version: str
    arguments: dict[str, str]
    order: str
    passes: int
    data: _OfData
    grading: _OfGrading | None = None

    def __post_init__(self) -> None:
        _within("passes", self.passes, len(ROTATIONS))


@dataclass(frozen=True)
class _OfModel:
    name: str
    arguments: dict[str, str]


@dataclass(frozen=True)
class _OfJudge(_OfModel):
    grammar: str


@dataclass(frozen=True)
class _OfRun:
    protocol: Literal["robust", "official"]
    votes: int
    seed: int
    tasks: dict[str, _OfTask]
    judge: _OfJudge | None = None
    model: _OfModel | None = None
    shard: str | None = None

    def __post_init__(self) -> None:
        _within("votes", self.votes, _MOST_VOTES)
        if self.judge is None:
            graded = any(own.grading for own in self.tasks.values())
            if self.model is None or graded:
                raise ValueError("there must be a judge, or a model whose answers none grades")


def _within(name: str, number: int, most: int) -> None:
    if not 1 <= number <= most:
        raise ValueError(f"{name} must be from 1 to {most}, not {number}")


def read_run(folder: Path) -> dict[str, Any]:
    """The manifest of a run of benchmarks, with all that scoring needs of its ``identity``.

    Raises:
        UserError: as :func:`read`, or something is missing or of another kind; names the field.
    """
    found = read(folder)
    checked(_OfRun, found["identity"], f"{folder / NAME}: identity.", "copy the run folder again")
    return found


def read_identity(folder: Path) -> dict[str, Any]:
    """What the manifest of a run of benchmarks says that the run was.

    Raises:
        UserError: as :func:`read_run`.
    """
    identity: dict[str, Any] = read_run(folder)["identity"]
    return identity


def differences(before: Any, now: Any, where: str = "") -> Iterator[str]:
    """Fields that differ, as ``name: earlier -> now``, depth first."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys()):
            place = f"{where}.{key}" if where else key
            yield from differences(before.get(key), now.get(key), place)
    elif before != now:
        yield f"{where}: {_short(before)} then, {_short(now)} now"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def environment(batch_size: int) -> dict[str, Any]:
    """The machine and the packages; imports none of them."""
    return {
        "batch_size": batch_size,
        "packages": dict(_versions()),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "accelerator": _accelerator(),
    }


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def _accelerator() -> str | None:
    """Name of the GPU, only where a judge has loaded torch already."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    name: str = torch.cuda.get_device_name(0)
    return name
