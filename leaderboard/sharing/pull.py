"""A run, or a leaderboard, from another place: checked, whole or not at all, and read-only."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from ...harness import manifest
from ...harness.errors import UserError
from ...harness.progress import progress
from ...harness.read_only import ReadOnlyStore
from ..boards import read_board
from ..runs import read_run
from .inventory import BOARD, NAME, Entry, Inventory, parsed
from .places import Place

_READ_ONLY = 0o444


def pull(place: Place, target: Path, *, force: bool = False) -> Inventory:
    """Copy a run or leaderboard from there to a new folder.

    Every file is checked against the listing, a run is opened, and only then is the folder there.
    What a listing names is checked first, so nothing is written outside of the folder.

    Args:
        place: where from.
        target: the new folder.
        force: replace the folder if it is there.

    Raises:
        UserError: nothing whole is there, a file is not what it should be, or the folder exists.
    """
    content = place.read(NAME)
    if content is None:
        raise UserError(
            f"{place.name} holds no whole copy: it has no {NAME}. Was the push interrupted? Push"
            " again, or check the address"
        )
    listing = parsed(content, place.name)
    if (target / NAME).is_file() and (target / NAME).read_bytes() == content:
        _check_files(listing, target, str(target))
        return listing
    _refuse_existing(target, force)
    part = _beside(target)
    try:
        _copy(place, listing, part)
        (part / NAME).write_bytes(content)
        _open(listing, part)
        _lock(part)
        if target.exists():
            rmtree(target)
        part.replace(target)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror or error}") from None
    finally:
        rmtree(part, ignore_errors=True)
    return listing


def _refuse_existing(target: Path, force: bool) -> None:
    """Only a run or leaderboard is ever replaced, and only if asked for."""
    if not target.exists():
        return
    if not force:
        raise UserError(f"{target} exists; choose another --out, or say --force to replace it")
    if not any((target / name).is_file() for name in (NAME, manifest.NAME, BOARD)):
        raise UserError(f"{target} is neither a run nor a leaderboard; choose another --out")


def _beside(target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise UserError(f"cannot write {target.parent}: {error.strerror}") from None


def _copy(place: Place, listing: Inventory, folder: Path) -> None:
    with progress(f"pulling from {place.name}", len(listing.files)) as shown:
        for name in listing.files:
            file = folder / name
            file.parent.mkdir(exist_ok=True)
            place.fetch(name, file)
            shown.advance(1, 0)
    _check_files(listing, folder, place.name)


def _check_files(listing: Inventory, folder: Path, where: str) -> None:
    for name, entry in listing.files.items():
        file = folder / name
        if not file.is_file() or Entry.of(file) != entry:
            raise UserError(
                f"{where}/{name} is not what {NAME} says it is: damaged, or changed by another"
                " hand. Push again, or ask who pushed it"
            )


def _open(listing: Inventory, folder: Path) -> None:
    """Read what has come as it will be read."""
    if listing.kind == "leaderboard":
        read_board(folder / BOARD)
        return
    read_run(folder)
    manifest.read(folder)
    ReadOnlyStore(folder).close()


def _lock(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            file.chmod(_READ_ONLY)
    folder.chmod(0o755)  # temporary folders are their owner's alone
