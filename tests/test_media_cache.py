"""The cache of fetched media: bounded, checked, shared by processes; object stores."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry
from PIL import Image
from unieval.harness.errors import MediaError, UserError
from unieval.harness.items import Media
from unieval.harness.media import MediaLimits, load_image
from unieval.harness.media_cache import copy_of


def filled(cache: Path) -> dict[str, bytes]:
    places = (cache / "downloads").glob("[!.]*")
    return {p.name: p.read_bytes() for place in places for p in place.iterdir()}


def keep(number: int, size: int = 1000) -> Path:
    """A copy of made content, long unused."""
    content = bytes([number]) * size
    path = copy_of(f"http://made/{number}", ".bin", lambda file: file.write(content) and None)
    os.utime(path.parent, (number, number))
    return path


def test_what_was_used_longest_ago_goes_first(cache: Path, monkeypatch) -> None:
    monkeypatch.setenv("UNIEVAL_CACHE_GB", "5e-6")  # 5,000 bytes
    paths = [keep(number) for number in range(1, 6)]
    assert all(path.exists() for path in paths)
    os.utime(paths[0].parent)  # used just now
    newest = keep(6)
    assert [path.exists() for path in paths] == [True, False, False, True, True]
    assert sum(map(len, filled(cache).values())) <= 5_000
    assert newest.exists()
    # what cannot make room because all of it is in use stays
    for path in (paths[0], paths[3], paths[4], newest):
        os.utime(path.parent)
    fresh = copy_of("http://made/7", ".bin", lambda file: file.write(b"7" * 3000) and None)
    assert fresh.exists()
    assert paths[3].exists()


def test_a_bound_that_is_no_number(cache: Path, monkeypatch) -> None:
    for text in ("much", "-1", "inf", "0"):
        monkeypatch.setenv("UNIEVAL_CACHE_GB", text)
        with pytest.raises(UserError, match="UNIEVAL_CACHE_GB"):
            keep(1)


def test_what_a_killed_process_left_is_removed(cache: Path) -> None:
    path = keep(1)
    (path.parent / ".partial").write_bytes(b"half")
    path.unlink()
    assert keep(1) == path
    assert [p.name for p in path.parent.iterdir()] == [path.name]


PROCESS = """
import sys
from pathlib import Path
from unieval.harness.media_cache import copy_of

def fetch(number):
    def write(file):
        with open(sys.argv[1], "a") as log:
            log.write(f"{number}\\n")
        file.write(bytes([number]) * 1000)
    return write

for turn in range(200):
    number = (turn * int(sys.argv[2])) % 23
    path = copy_of(f"http://made/{number}", ".bin", fetch(number))
    assert path.read_bytes() == bytes([number]) * 1000
"""


def test_several_processes_fetch_each_address_once(cache: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    workers = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(log), str(step)]) for step in (1, 5, 7)
    ]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
    assert sorted(map(int, log.read_text().split())) == list(range(23))


class Bucket(MemoryFileSystem):
    """An object store in memory."""

    protocol = ("s3",)
    store: dict = {}  # noqa: RUF012 - the library's own way
    pseudo_dirs = [""]  # noqa: RUF012


@pytest.fixture
def bucket(cache: Path, monkeypatch):
    monkeypatch.setitem(_registry, "s3", Bucket)
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(buffer, "PNG")
    Bucket().pipe("s3://bucket/a.png", buffer.getvalue())
    yield Bucket
    Bucket.store.clear()


def test_object_stores_are_read_through_the_cache(bucket, cache: Path) -> None:
    media = Media("image", "s3://bucket/a.png")
    assert load_image(media).size == (64, 48)
    bucket.store.clear()
    assert load_image(media).size == (64, 48)
    with pytest.raises(MediaError, match=r"s3://bucket/b.png: cannot be downloaded"):
        load_image(Media("image", "s3://bucket/b.png"))


def test_object_stores_have_limits(bucket, cache: Path) -> None:
    with pytest.raises(MediaError, match="more than 50 bytes"):
        load_image(Media("image", "s3://bucket/a.png"), MediaLimits(bytes=50))
    assert not filled(cache)


@pytest.mark.parametrize(
    "uri", ["file:///etc/hostname", "memory://a.png", "local://a", "sftp://a/b"]
)
def test_other_file_systems_stay_closed(uri: str, cache: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        load_image(Media("image", uri))
