"""Where a leaderboard's runs come from: run folders, exported leaderboards, remote places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..harness.errors import UserError
from .boards import read_board, same
from .runs import RESULTS, Run, find_runs, read_run

_DEPTHS = ("", "*/", "*/*/")
"""A place is a run folder, or holds some one or two levels down."""


def read_runs(sources: Sequence[Path | str], copies: Path, *, records: bool) -> list[Run]:
    """Every run of the sources, once.

    Args:
        sources: run folders, folders of them, exported leaderboards (``*.json``), or the address
            of either as fsspec reads it (``s3://bucket/runs``); without any, ``runs/``.
        copies: where remote files are put while they are read; nothing is written elsewhere.
        records: whether the records are fetched too.

    Raises:
        UserError: a source is missing or cannot be read.
    """
    found: list[Run] = []
    boards: list[Run] = []
    folders = [Path(source) for source in sources if not _is_remote(source)]
    for file in [path for path in folders if path.is_file() and path.name != RESULTS]:
        boards += read_board(file)
        folders.remove(file)
    for number, address in enumerate(str(source) for source in sources if _is_remote(source)):
        remote = list(_fetched(address, copies / str(number), records))
        (boards if address.endswith(".json") else found).extend(remote)
    if folders or not sources:
        found = [read_run(path) for path in find_runs(folders)] + found
    for run in boards:
        if not any(same(run, other) for other in found if other.place != run.place):
            found.append(run)
    return found


def _is_remote(source: Path | str) -> bool:
    return isinstance(source, str) and "://" in source


def _fetched(address: str, copies: Path, records: bool) -> Iterator[Run]:
    import fsspec

    try:
        files, root = fsspec.url_to_fs(address)
        if address.endswith(".json"):
            copies.mkdir(parents=True)
            files.get_file(root, str(copies / "board.json"))
            yield from read_board(copies / "board.json", address)
            return
        for folder, place in _copied(files, root.rstrip("/"), copies, records):
            yield replace(read_run(folder), place=place)
    except ImportError as error:
        raise UserError(f"{address}: {error}") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{address} cannot be read: {error or type(error).__name__}") from None


def _copied(files: Any, root: str, copies: Path, records: bool) -> Iterator[tuple[Path, str]]:
    """Copies of the run folders in a place, with their addresses."""
    from ..harness import manifest
    from ..harness.read_only import RECORDS

    found = [path for depth in _DEPTHS for path in sorted(files.glob(f"{root}/{depth}{RESULTS}"))]
    if not found:
        raise UserError(f"{files.unstrip_protocol(root)} holds no {RESULTS}; name a run folder")
    wanted = (RESULTS, manifest.NAME, *([RECORDS, f"{RECORDS}-wal"] if records else []))
    for number, results in enumerate(found):
        place = str(results).rpartition("/")[0]
        # Its own last name, since an export tells a run by it.
        folder = copies / str(number) / (place.rpartition("/")[2] or "run")
        folder.mkdir(parents=True)
        for name in wanted:
            if files.exists(f"{place}/{name}"):
                files.get_file(f"{place}/{name}", str(folder / name))
        yield folder, files.unstrip_protocol(place)
