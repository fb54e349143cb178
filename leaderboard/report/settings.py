"""What the runs were: their settings side by side, those that differ first."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from .itemsets import JudgedRun


@dataclass(frozen=True)
class Setting:
    """One field of the manifests, with its value in each run; ``differs`` if they are not one."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the runs differ in it."""
        return len(set(self.values)) > 1


@dataclass(frozen=True)
class RunSummary:
    """One run on one line; ``digest`` identifies all that decides its figures."""

    label: str
    folder: str
    digest: str
    started: str
    protocol: str
    outputs: str
    seconds: str
    unparsed: int
    failed: int


def settings_of(runs: Sequence[JudgedRun]) -> list[Setting]:
    """Every setting of the runs but the tasks' own, those that differ first."""
    flat = [dict(_flat(_told(run.manifest))) for run in runs]
    names = dict.fromkeys(name for own in flat for name in own)
    found = [Setting(name, tuple(own.get(name, "") for own in flat)) for name in names]
    return sorted(found, key=lambda setting: not setting.differs)


def _told(manifest: Mapping[str, Any]) -> dict[str, Any]:
    identity = manifest["identity"]
    return {
        **{key: value for key, value in identity.items() if key != "tasks"},
        **manifest.get("environment", {}),
        "command": shlex.join(map(str, manifest.get("command", ()))),
        "data": {
            task: f"{own['data']['name']}, {own['data']['fingerprint'][:12]}"
            for task, own in identity["tasks"].items()
        },
    }


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def summary_of(judged: JudgedRun) -> RunSummary:
    """The run's line."""
    timing, results = judged.timing, judged.run.tasks.values()
    seconds = timing.get("seconds")
    outputs = timing.get("outputs")
    return RunSummary(
        label=judged.label,
        folder=judged.run.path.name,
        digest=digest_of(judged.manifest),
        started=str(judged.manifest.get("started", "")),
        protocol=judged.run.protocol,
        outputs="" if outputs is None else f"{outputs:,}",
        seconds="" if seconds is None else f"{seconds:,.1f}",
        unparsed=sum(result.unparsed for result in results),
        failed=sum(result.failed for result in results),
    )


def digest_of(manifest: Mapping[str, Any]) -> str:
    """A short hash of a run's identity: equal for runs whose figures should be equal."""
    text = json.dumps(manifest["identity"], sort_keys=True)
    return blake2b(text.encode(), digest_size=6).hexdigest()
