"""Servers that stall or do not exist, downloads that end early, and copies that have gone bad."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_server import echoes, says, serving, waits
from conftest import write_jsonl
from tiny_checkpoints import picture
from unieval.harness.downloads import fetched

Records = Callable[[Path], list[tuple[Any, ...]]]
SOON = ("--judge-arg", "timeout=0.3", "--judge-arg", "retries=1")


@pytest.fixture
def items(tmp_path: Path) -> Callable[..., Path]:
    """Items that show the same two pictures, or pictures at an address."""

    def write(left: str = "left.png", n: int = 3) -> Path:
        for name in ("left", "right"):
            picture(32, 32).save(tmp_path / f"{name}.png")
        row = {"prompt": "p", "right_image": "right.png", "vote_type": "leftvote"}
        rows = [{**row, "idx": i, "left_image": left.format(i)} for i in range(n)]
        return write_jsonl(tmp_path / "items.jsonl", rows)

    return write


@pytest.fixture
def asked(unieval, items, tmp_path: Path) -> Callable[..., Any]:
    """Asks a server about the items, each in the order given."""

    def run(url: str, *more: object) -> Any:
        judge = ("--judge", "openai", "--judge-arg", "path=judge", "--judge-arg", f"url={url}")
        return unieval(
            *("run", *judge, *SOON, "--order", "given", "--task", "genai-bench-image"),
            *("--data", items(), "--out", tmp_path / "run", "--json", *more),
        )

    return run


def test_a_server_that_stalls(asked, records: Records, tmp_path: Path) -> None:
    """It is asked again, then the sample counts as failed, and is asked for in the next run."""
    usual = says("Image 1 is better")
    with serving(usual, waits(1, echoes), waits(1, echoes), usual=usual) as server:
        done = asked(server.url, "--judge-arg", "concurrency=1")
        assert done.code == 3
        assert "1 of 3 samples failed" in done.err
        assert "no answer within 0.3 seconds (tried 2 times)" in done.err
        before = records(tmp_path / "run")
        assert sorted(r[6] for r in before) == ["ok", "ok", "request_failed"]
        again = asked(server.url, "--judge-arg", "concurrency=1")
        assert again.code == 0
        assert {r[6] for r in records(tmp_path / "run")} == {"ok"}
        assert {r for r in before if r[6] == "ok"} < set(records(tmp_path / "run"))


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that knows no host, as without a network."""

    def unknown(host: object, *more: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)


@pytest.mark.usefixtures("no_names", "cache")
def test_names_that_no_resolver_knows(asked, unieval, items, records: Records, tmp_path) -> None:
    server = asked("http://judge.example/v1")
    assert server.code == 2
    assert "Name or service not known" in server.err
    assert "Traceback" not in server.err
    assert records(tmp_path / "run") == []
    data = items("http://media.example/{}.png?token=abcdefgh")
    plugin = Path(__file__).parents[1] / "planted.py"
    media = unieval(
        *("run", "--plugin", plugin, "--judge", "looks", "--task", "genai-bench-image"),
        *("--data", data, "--out", tmp_path / "looked", "--json"),
    )
    assert media.code == 2
    assert "every sample failed; the first, item 0: http://media.example/0.png: cannot" in media.err
    assert "check the address and the network" in media.err
    assert {r[6] for r in records(tmp_path / "looked")} == {"media_failed"}
    stored = (tmp_path / "looked" / "records.sqlite").read_bytes()
    assert b"abcdefgh" not in stored + media.err.encode() + media.out.encode()


class Pictures(http.server.BaseHTTPRequestHandler):
    """Sends a picture, but for as long as ``short`` only its first half."""

    content = b""
    short = True
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        whole = type(self).content
        self.send_response(200)
        self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        half = type(self).short and self.path == "/1.png"
        self.wfile.write(whole[: len(whole) // 2] if half else whole)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def web(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    picture(64, 64).save(tmp_path / "served.png")
    Pictures.content, Pictures.short = (tmp_path / "served.png").read_bytes(), True
    Pictures.asked = 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_download_that_ends_early(
    web: str, unieval, items, records: Records, tmp_path: Path, cache: Path
) -> None:
    plugin = Path(__file__).parents[1] / "planted.py"

    def look() -> Any:
        return unieval(
            *("run", "--plugin", plugin, "--judge", "looks", "--task", "genai-bench-image"),
            *("--data", items(f"{web}/{{}}.png"), "--out", tmp_path / "run", "--json"),
        )

    done = look()
    assert done.code == 3
    assert f"2 of 6 samples failed; the first, item 1: {web}/1.png: the download ended" in done.err
    whole = [file.read_bytes() for file in cache.rglob("*.png")]
    assert whole == [Pictures.content] * 2  # no half of a picture is kept
    Pictures.short = False
    assert look().code == 0
    assert {r[6] for r in records(tmp_path / "run")} == {"ok"}
    assert Pictures.asked <= 5


def test_a_copy_that_has_gone_bad_is_fetched_again(web: str, cache: Path) -> None:
    address = f"{web}/0.png"
    copy = fetched(address, max_bytes=1 << 20, timeout=5)
    assert fetched(address, max_bytes=1 << 20, timeout=5) == copy
    assert Pictures.asked == 1
    damaged = bytearray(copy.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    for content in (bytes(damaged), damaged[:-1], b""):
        copy.write_bytes(content)
        copy = fetched(address, max_bytes=1 << 20, timeout=5)
        assert copy.read_bytes() == Pictures.content
    assert Pictures.asked == 4
