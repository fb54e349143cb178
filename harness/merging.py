"""One run folder of several that judged parts of the same: shards, or what a run left undone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from . import manifest
from .errors import UserError
from .joined import JoinedStore
from .progress import progress
from .registry import tasks
from .run_results import RESULTS, assemble
from .shards import Shard
from .store import Store, write_json

_SHOWN = 5


def merge(runs: Sequence[Path], out: Path, notify: Callable[[str], None]) -> dict[str, Any]:
    """Join runs that differ in nothing but which items they have; the parts stay as they are.

    The folder appears when all is in it. It is a run folder like any other: ``unieval run`` with
    the same arguments and without ``--shard`` goes on with what is missing.

    Args:
        runs: run folders, at least one.
        out: the new run folder.
        notify: told what is missing.

    Returns:
        What ``results.json`` holds; its ``missing`` is the number of items of each task that no
        part has.

    Raises:
        UserError: the runs differ (names the field), two say different things about the same
            sample, one cannot be read, or ``out`` holds something.
    """
    about, parts = _one_identity(runs)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} holds something already; choose another --out")
    part = out.with_name(f"{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a merge that was killed
    with _gone_unless_done(part), JoinedStore(part) as store:
        _take(store, runs)
        _describe(part, runs, parts, about)
        built = {name: tasks.get(name).create(t["arguments"]) for name, t in about["tasks"].items()}
        found = assemble(about, built, store, _timing(runs))
        found["missing"] = {name: m for name in built if (m := _missing(store, about, name))}
        write_json(part / RESULTS, found)
        _tell_missing(store, found["missing"], about, parts, notify)
    if out.exists():
        out.rmdir()
    part.rename(out)
    return found


@contextmanager
def _gone_unless_done(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _one_identity(runs: Sequence[Path]) -> tuple[dict[str, Any], list[str | None]]:
    """What all runs are parts of, and which shard each is."""
    whole: dict[str, Any] = {}
    parts: list[str | None] = []
    for run in runs:
        about = manifest.read_identity(run)
        parts.append(about.pop("shard", None))
        whole = whole or about
        if differing := list(manifest.differences(whole, about)):
            fields = "; ".join(differing[:3]).replace(" then,", f" in {runs[0]},")
            raise UserError(
                f"{run} is not of the same run as {runs[0]}: {fields.replace(' now', ' here')}."
                " Merge only runs with the same arguments on the same data"
            )
    return whole, parts


def _take(store: JoinedStore, runs: Sequence[Path]) -> None:
    with progress("runs merged", len(runs)) as shown:
        for run in runs:
            if conflict := store.take(run):
                raise UserError(
                    f"{run} and a run before it both have an answer about item"
                    f" '{conflict.item}' of {conflict.task} (order {conflict.order}, vote"
                    f" {conflict.vote}), and they differ; leave one of the two out"
                )
            for file in (run / "media").glob("*"):
                target = store.folder / "media" / file.name
                if not target.exists():  # it is called by the hash of its content
                    target.parent.mkdir(exist_ok=True)
                    shutil.copyfile(file, target)
            shown.advance(1, 0)


def _describe(
    part: Path, runs: Sequence[Path], parts: Sequence[str | None], about: Mapping[str, Any]
) -> None:
    """The manifest: what was run, and what it was put together from."""
    merged = [
        {"run": run.name, "shard": shard, "environment": manifest.read(run).get("environment")}
        for run, shard in zip(runs, parts, strict=True)
    ]
    manifest.write_or_match(part, about, {"merged": merged})


def _timing(runs: Sequence[Path]) -> dict[str, Any]:
    """Seconds and outputs of all parts; they may have run at the same time."""
    each = []
    for run in runs:
        try:
            each.append(json.loads((run / RESULTS).read_text("utf-8"))["timing"])
        except (OSError, ValueError, KeyError):  # a part that was interrupted has none
            continue
    seconds, outputs = (sum(t.get(key) or 0 for t in each) for key in ("seconds", "outputs"))
    rate = round(outputs / seconds, 2) if seconds else None
    return {"seconds": round(seconds, 3), "outputs": outputs, "outputs_per_second": rate}


def _missing(store: Store, about: Mapping[str, Any], task: str) -> int:
    return int(about["tasks"][task]["data"]["items"]) - sum(1 for _ in store.items(task))


def _tell_missing(
    store: Store,
    missing: Mapping[str, int],
    about: Mapping[str, Any],
    parts: Sequence[str | None],
    notify: Callable[[str], None],
) -> None:
    for task, number in missing.items():
        total = about["tasks"][task]["data"]["items"]
        rows = ", ".join(f"{row:,}" for row in islice(_gaps(store, task, total), _SHOWN))
        more = ", ..." if number > _SHOWN else ""
        notify(f"{task}: {number:,} of {total:,} items are missing: rows {rows}{more} of the data")
    if missing and (absent := _absent(parts)):
        notify(f"shards that are not among the runs: {', '.join(absent)}")


def _gaps(store: Store, task: str, total: int) -> Iterator[int]:
    expected = 0
    for position, *_ in store.items(task):
        yield from range(expected, position)
        expected = position + 1
    yield from range(expected, total)


def _absent(parts: Sequence[str | None]) -> list[str]:
    """Shards that nobody brought, where all runs are shards of the same number."""
    shards = [Shard.parse(part) for part in parts if part]
    if len(shards) < len(parts) or len({shard.of for shard in shards}) > 1:
        return []
    of = shards[0].of
    return [f"{number}/{of}" for number in range(1, of + 1) if f"{number}/{of}" not in parts]
