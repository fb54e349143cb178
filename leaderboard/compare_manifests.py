"""May two runs be compared? Only where nothing differs but who was judging, or judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..harness import manifest
from ..harness.errors import UserError, not_found

FIELDS = (
    *("data", "seed", "votes", "order", "protocol", "version", "arguments", "grading", "judge"),
    "unfinished",
)
"""What ``--allow`` can name: fields of the manifest, and that a run is not finished."""


@dataclass(frozen=True)
class Comparable:
    """Two runs that may be compared.

    Attributes:
        identities: what each run was, by its manifest.
        tasks: names of the tasks of both.
        same_data: for each of them, whether the items are the same ones.
        differing: what differs between the runs, in words.
    """

    identities: tuple[dict[str, Any], dict[str, Any]]
    tasks: tuple[str, ...]
    same_data: Mapping[str, bool]
    differing: tuple[str, ...]


def comparable(baseline: Path, candidate: Path, allowed: Collection[str]) -> Comparable:
    """Read both manifests.

    Args:
        baseline, candidate: run folders.
        allowed: names of fields that may differ although figures then measure something else.

    Raises:
        UserError: a folder is no run, the runs share no task, or a field differs that must not;
            names each such field.
    """
    first, second = (manifest.read_identity(folder) for folder in (baseline, candidate))
    return agreeing((first, second), (str(baseline), str(candidate)), allowed)


def agreeing(
    identities: tuple[dict[str, Any], dict[str, Any]],
    names: tuple[str, str],
    allowed: Collection[str] = (),
) -> Comparable:
    """The same from the manifests' identities; ``names`` is what errors call the two runs.

    Raises:
        UserError: as :func:`comparable`.
    """
    for name in allowed:
        if name not in FIELDS:
            raise not_found("field", name, FIELDS)
    first, second = identities
    shared = tuple(name for name in first["tasks"] if name in second["tasks"])
    if not shared:
        raise UserError(
            f"{names[0]} and {names[1]} share no task: one judged {_listed(first['tasks'])},"
            f" the other {_listed(second['tasks'])}"
        )
    same_data = {name: _fingerprint(first, name) == _fingerprint(second, name) for name in shared}
    forbidden: list[str] = []
    differing: list[str] = []
    for line in manifest.differences(_weighed(first, shared), _weighed(second, shared)):
        field = line.partition(": ")[0].split(".")
        if _is_judged(field, first, second):
            differing.append(line)
        elif not _is_same(field, shared, same_data):
            (differing if _is_allowed(field, allowed) else forbidden).append(line)
    if forbidden:
        raise UserError(_refusal(*names, forbidden))
    return Comparable((first, second), shared, same_data, tuple(differing))


def _weighed(identity: Mapping[str, Any], shared: Collection[str]) -> dict[str, Any]:
    """The fields that matter; what is limited is told by the data's fingerprint."""
    tasks = {f"task {place}": identity["tasks"][name] for place, name in enumerate(shared)}
    rest = {key: value for key, value in identity.items() if key not in ("tasks", "limit")}
    return {**rest, **tasks}


def _is_judged(field: list[str], *identities: Mapping[str, Any]) -> bool:
    """Whether the field is about what is compared: the model if one was asked, else the judge."""
    models = ["model" in identity for identity in identities]
    if all(models):
        return field[0] == "model"
    return not any(models) and field[0] == "judge"


def _is_same(field: list[str], shared: tuple[str, ...], same_data: Mapping[str, bool]) -> bool:
    """Whether it only tells where the same items came from."""
    place, *rest = field
    return place.startswith("task ") and rest[0] == "data" and same_data[shared[int(place[5:])]]


def _is_allowed(field: list[str], allowed: Collection[str]) -> bool:
    names = set(field)
    if "passes" in names:
        names.add("order")
    return bool(names & set(allowed))


def _refusal(baseline: str, candidate: str, forbidden: list[str]) -> str:
    return (
        f"{candidate} cannot be compared with {baseline}: {'; '.join(forbidden)}. Run both in the"
        " same way, or say --allow FIELD (such as data or seed) if they measure the same all the"
        " same"
    )


def _fingerprint(identity: Mapping[str, Any], task: str) -> object:
    return identity["tasks"][task]["data"]["fingerprint"]


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "nothing"
