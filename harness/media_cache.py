"""Local copies of fetched files: of bounded size, checked by hash, shared by processes.

``$UNIEVAL_CACHE/downloads/<hash of the address>/<hash of the content><suffix>`` is one copy. It is
complete, because it is written under another name first, and what no longer has its hash is fetched
again. What was used longest ago goes first when there is no room.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from .cache import cache_folder
from .errors import UserError

_LOCKS = 64
_IN_USE = 60.0
"""Seconds after its last use for which a copy is left alone: whoever asked is about to open it."""
_ROOM = 0.9
"""Share of the bound that is kept after making room."""
_LOOKS = 20
"""How many times a process measures the cache while it fills it once."""

_checked: dict[Path, tuple[int, int, int]] = {}
"""Copies that this process has checked: inode, size and time of change."""
_unmeasured: dict[Path, int] = {}
"""Bytes that this process has added to a cache since it last measured it."""


def most_bytes() -> int:
    """The bound: ``$UNIEVAL_CACHE_GB`` gigabytes (10^9 bytes), 50 by default.

    Raises:
        UserError: it is no positive number.
    """
    given = os.environ.get("UNIEVAL_CACHE_GB", "50")
    try:
        size = int(float(given) * 1e9)
    except (ValueError, OverflowError):
        size = 0
    if size <= 0:
        raise UserError(f"UNIEVAL_CACHE_GB={given}: say a number of gigabytes, such as 50")
    return size


def copy_of(address: str, suffix: str, fetch: Callable[[BinaryIO], None]) -> Path:
    """The local copy of an address, fetched if there is none or it has gone bad.

    Several threads and processes may ask at the same time; one of them fetches.

    Args:
        address: what is fetched; its hash names the copy.
        suffix: how the copy's name ends.
        fetch: writes the content into a file.

    Raises:
        UserError: the bound is no number.
        OSError: the cache cannot be written.
    """
    most, folder = most_bytes(), cache_folder() / "downloads"
    place = folder / blake2b(address.encode(), digest_size=16).hexdigest()
    with _lock(folder, place):
        found = _whole(place)
        if found is None:
            found = _fetched(place, suffix, fetch)
        os.utime(place)
    if folder not in _unmeasured or _unmeasured[folder] > most / _LOOKS:
        _unmeasured[folder] = 0
        _make_room(folder, most)
    return found


def _whole(place: Path) -> Path | None:
    """The copy in a place, if it is what it was; whatever else is there is removed."""
    for path in place.glob("*"):
        status = path.stat()
        seen = status.st_ino, status.st_size, status.st_mtime_ns
        if _checked.get(path) == seen:
            return path
        if not path.name.startswith(".") and path.name.startswith(_hash(path)):
            if len(_checked) > 100_000:
                _checked.clear()
            _checked[path] = seen
            return path
        path.unlink()  # damaged, or left by a process that was killed
    return None


def _fetched(place: Path, suffix: str, fetch: Callable[[BinaryIO], None]) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=place, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            fetch(file)
            file.flush()
            os.fsync(file.fileno())
        path = place / f"{_hash(Path(partial))}{suffix}"
        Path(partial).replace(path)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    folder = place.parent
    if folder in _unmeasured:
        _unmeasured[folder] += path.stat().st_size
    return path


def _hash(path: Path) -> str:
    digest = blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _make_room(folder: Path, most: int) -> None:
    """Remove what was used longest ago until the cache is well below its bound."""
    places = []
    for place in folder.glob("[!.]*"):
        places.append((*_measure(place), place))
    total = sum(size for size, _, _ in places)
    if total <= most:
        return
    for size, used, place in sorted(places, key=lambda each: each[1]):
        if total <= most * _ROOM or time.time() - used < _IN_USE:
            return
        with _lock(folder, place):
            if _measure(place)[1] == used:  # nobody has asked for it meanwhile
                shutil.rmtree(place, ignore_errors=True)
                total -= size


def _measure(place: Path) -> tuple[int, float]:
    """Bytes in a place and when it was last used; nothing and now, if it has gone."""
    try:
        return sum(file.stat().st_size for file in place.iterdir()), place.stat().st_mtime
    except OSError:
        return 0, time.time()


@contextmanager
def _lock(folder: Path, place: Path) -> Iterator[None]:
    """Hold a place, against other threads as well as other processes."""
    import fcntl

    locks = folder / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / str(int(place.name[:8], 16) % _LOCKS)).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the system frees it, however the process ends
        yield
