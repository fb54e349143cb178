"""A run, or an exported leaderboard, to another place."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from urllib.parse import quote

from ...harness import manifest
from ...harness.errors import UserError
from ...harness.read_only import RECORDS, ReadOnlyStore
from ..boards import read_board
from ..runs import RESULTS, read_run
from .inventory import BOARD, NAME, Inventory, Kind, inventory_of, parsed
from .places import Place
from .secrets import refuse_secrets

_SITE = ("index.html", BOARD, "leaderboard.csv")


@dataclass(frozen=True)
class Pushed:
    """What was pushed; ``changed`` is false where all of it was there already.

    ``left_out`` is how many media files stayed here.
    """

    inventory: Inventory
    changed: bool
    left_out: int = 0


def push(source: Path, place: Place, *, media: bool = False, force: bool = False) -> Pushed:
    """Copy a run folder, or a leaderboard exported as JSON or as a site.

    A run's manifest, results and records are copied, the records as one whole file even if they are
    being written; media that a model made only if asked for; its log never.

    Args:
        source: run folder, ``FILE.json``, or the folder of a site.
        place: where to.
        media: copy the run's media as well.
        force: replace another run that is there.

    Raises:
        UserError: the source is none of these; a file holds a secret; something else is there; the
            place cannot be written, in which case the copy there is not whole and says so.
    """
    with TemporaryDirectory(prefix="unieval-") as folder:
        kind, files, left_out = _gathered(source, Path(folder), media)
        refuse_secrets(files)
        found = inventory_of(kind, files)
        before = _inventory_at(place)
        if before == found:
            return Pushed(found, False, left_out)
        if not force:
            _refuse_others(source, place, found, before, files)
        obsolete = set(before.files) - set(files) if before else set()
        place.write(files, found.text(), sorted(obsolete))
    return Pushed(found, True, left_out)


def _gathered(source: Path, folder: Path, media: bool) -> tuple[Kind, Mapping[str, Path], int]:
    """The files of a copy by their names; those that can change meanwhile are copies themselves."""
    if source.is_file() and source.suffix == ".json":
        read_board(source)
        return "leaderboard", {BOARD: source}, 0
    if (source / BOARD).is_file():
        read_board(source / BOARD)
        return "leaderboard", {n: source / n for n in _SITE if (source / n).is_file()}, 0
    read_run(source)
    manifest.read(source)
    files: dict[str, Path] = {}
    for name in (manifest.NAME, RESULTS):
        files[name] = folder / name
        copyfile(source / name, files[name])
    files[RECORDS] = _snapshot(source, folder)
    own = sorted(path for path in (source / "media").glob("*") if path.suffix != ".part")
    if media:
        files |= {f"media/{path.name}": path for path in own}
    return "run", files, 0 if media else len(own)


def _snapshot(source: Path, folder: Path) -> Path:
    """The records as they are at one moment, in one file without a journal."""
    target = folder / RECORDS
    ReadOnlyStore(source).close()  # refuses what is no run
    # Stricter than reading: an empty journal may be one that is being written.
    quiet = "immutable=1" if not (source / f"{RECORDS}-wal").exists() else "mode=ro"
    address = f"file:{quote(str((source / RECORDS).resolve()))}?{quiet}"
    before, after = sqlite3.connect(address, uri=True), sqlite3.connect(target)
    try:
        before.backup(after)
        after.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise UserError(f"{source / RECORDS} cannot be read: {error}") from None
    finally:
        before.close()
        after.close()
    return target


def _inventory_at(place: Place) -> Inventory | None:
    content = place.read(NAME)
    return None if content is None else parsed(content, place.name)


def _refuse_others(
    source: Path,
    place: Place,
    found: Inventory,
    before: Inventory | None,
    files: Mapping[str, Path],
) -> None:
    """Refuse to replace anything but an earlier copy of the same run, or of a leaderboard."""
    if before is not None and before.kind != found.kind:
        raise UserError(
            f"{place.name} holds a {before.kind}; choose another address, or say --force"
        )
    if found.kind == "leaderboard":
        return
    there = place.read(manifest.NAME)
    if there is not None and there != files[manifest.NAME].read_bytes():
        raise UserError(
            f"{place.name} holds another run than {source}; choose another address, or say --force"
            " to replace it"
        )
