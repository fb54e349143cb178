"""A disk that is full, that may not be written, or that a killed process left half written."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from unieval.harness.items import Media, PairItem, Record, Status, Verdict
from unieval.harness.store import Store

Records = Callable[[Path], list[tuple[Any, ...]]]


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A disk of its own, if this process may mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """No file of this process may grow larger (the signal about it is ignored by Python)."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def test_a_full_disk(unieval, arguments, records: Records, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "400k") as disk:
        out = disk / "run"
        assert unieval(*arguments("random", n=20, out=out)).code == 0
        (disk / "other").write_bytes(bytes(8192))
        before = records(out)
        full = unieval(*arguments("random", n=3000, out=disk / "big"))
        assert full.code == 2
        assert "cannot write the run folder" in full.err
        assert "free space or choose another --out" in full.err
        assert "Traceback" not in full.err
        assert records(out) == before
        kept = records(disk / "big")
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        finished = unieval(*arguments("random", n=3000, out=disk / "big"))
        assert finished.code == 0
        assert len(records(disk / "big")) == 6000
        assert set(kept) <= set(records(disk / "big"))


def test_no_room_for_a_file_to_grow(unieval, arguments, records: Records, tmp_path: Path) -> None:
    command = arguments("random", n=3000)
    with no_file_over(150_000):
        full = unieval(*command)
    assert full.code == 2
    assert "cannot write the run folder" in full.err
    assert "Traceback" not in full.err
    kept = records(tmp_path / "run")
    assert unieval(*command).code == 0
    assert set(kept) <= set(records(tmp_path / "run"))
    assert len(records(tmp_path / "run")) == 6000


def test_a_log_that_cannot_grow(unieval, arguments, tmp_path: Path) -> None:
    assert unieval(*arguments("random", n=4)).code == 0
    (tmp_path / "run" / "log.txt").unlink()
    (tmp_path / "run" / "log.txt").symlink_to("/dev/full")
    full = unieval(*arguments("random", n=4))
    assert full.code == 2
    assert "No space left on device; free space" in full.err


def test_a_read_only_folder(unieval, arguments, records: Records, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "2m") as disk:
        out = disk / "run"
        assert unieval(*arguments("random", n=10, out=out)).code == 0
        before = records(out)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for folder in (out, disk / "new"):
            refused = unieval(*arguments("random", n=10, out=folder))
            assert refused.code == 2
            assert f"cannot write the run folder {folder}: Read-only file system" in refused.err
        shown = unieval("leaderboard", out, "--format", "json")  # reading needs no right to write
        assert shown.code == 0
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert records(out) == before


def test_a_folder_without_the_right_to_write(unieval, arguments, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file in the way")
    refused = unieval(*arguments("random", n=10, out=tmp_path / "taken" / "run"))
    assert refused.code == 2
    assert "cannot write the run folder" in refused.err


def pair(i: int) -> PairItem:
    media = (Media("image", "a.png"), Media("image", "b.png"))
    return PairItem(str(i), "image", "generation", "p" * 50, media, Verdict.FIRST)


def record(i: int) -> Record:
    return Record("t", str(i), "ab", 0, f"key {i}", Status.OK, "first")


BATCH, BATCHES = 8, 12


def batch(number: int) -> tuple[list[tuple[int, PairItem]], list[tuple[int, Record]]]:
    places = range(number * BATCH, (number + 1) * BATCH)
    return [(i, pair(i)) for i in places], [(i, record(i)) for i in places]


def killed_in_commit(folder: Path, at: int) -> None:
    """Write batches in another process, which is killed as it begins to commit one of them."""
    child = os.fork()
    if child == 0:
        store = Store(folder)
        left = [at]

        def kill(statement: str) -> None:
            left[0] -= statement == "COMMIT"
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        store._db.set_trace_callback(kill)
        for number in range(BATCHES):
            store.write("t", *batch(number))
        os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def places(folder: Path) -> list[int]:
    with Store(folder) as store:
        found = sorted(position for position, _, _ in store.finished("t", 0, 10**6))
        assert [position for position, *_ in store.items("t")] == found
        return found


def test_killed_in_a_commit_all_before_it_is_there(tmp_path: Path) -> None:
    for at in (1, 5, BATCHES):
        killed_in_commit(tmp_path / f"run{at}", at)
        assert places(tmp_path / f"run{at}") == list(range((at - 1) * BATCH))


def test_a_torn_write_loses_whole_batches_and_nothing_before_them(tmp_path: Path) -> None:
    """As after a power cut: the journal ends anywhere, or its end is garbage."""
    killed_in_commit(tmp_path / "run", BATCHES)
    journal = (tmp_path / "run" / "records.sqlite-wal").read_bytes()
    ends = [*range(32, len(journal), 7001), len(journal)]
    kept = []
    for number, end in enumerate(ends):
        torn = tmp_path / f"torn{number}"
        shutil.copytree(tmp_path / "run", torn)
        garbage = b"\xa5" * (number % 2 * 600)
        (torn / "records.sqlite-wal").write_bytes(journal[:end] + garbage)
        found = places(torn)
        assert found == list(range(len(found)))
        assert len(found) % BATCH == 0
        kept.append(len(found))
        with Store(torn) as store:  # and the run goes on
            for again in range(BATCHES):
                store.write("t", *batch(again))
        assert len(places(torn)) == BATCH * BATCHES
    assert kept == sorted(kept)
    assert kept[0] < kept[-1] == BATCH * (BATCHES - 1)


def test_a_damaged_database_is_told_and_left_alone(unieval, arguments, tmp_path: Path) -> None:
    command = arguments("random", n=400)
    assert unieval(*command).code == 0
    file = tmp_path / "run" / "records.sqlite"
    content = bytearray(file.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    file.write_bytes(content)
    again = unieval(*command)
    assert again.code == 2
    assert "records.sqlite is damaged" in again.err
    assert "Traceback" not in again.err
    assert file.read_bytes() == content
    with pytest.raises(sqlite3.DatabaseError), sqlite3.connect(file) as database:
        database.execute("SELECT count(*), sum(seconds) FROM records").fetchall()
