"""Media at web and hub addresses: fetched once, complete or not at all."""

from __future__ import annotations

import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError
from PIL import Image
from unieval.harness.errors import MediaError
from unieval.harness.items import Media
from unieval.harness.media import MediaLimits, load_image
from unieval.tasks.asking import video
from unieval.tasks.reading import media

SIZE = (64, 48)
HUB = "https://huggingface.co"


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", SIZE, "red").save(buffer, "PNG")
    return buffer.getvalue()


PNG = png()


class Web(http.server.BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(PNG) + 10 * self.path.startswith("/short")))
        self.end_headers()
        self.wfile.write(PNG)

    def log_message(self, *arguments: object) -> None:
        pass


def copies(cache: Path) -> list[Path]:
    """What is kept, locks aside."""
    return [f for f in cache.rglob("*") if f.is_file() and f.parent.name != ".locks"]


@pytest.fixture
def web(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    Web.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_address_is_fetched_once(web: str, cache: Path) -> None:
    media = Media("image", f"{web}/a.png?token=secret")
    threads = [threading.Thread(target=load_image, args=(media,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert load_image(media).size == SIZE
    assert Web.asked == ["/a.png?token=secret"]
    assert [path.suffix for path in copies(cache)] == [".png"]


@pytest.mark.parametrize(
    ("page", "limits", "reason"),
    [
        ("missing.png", MediaLimits(), "404"),
        ("short.png", MediaLimits(timeout=5), "ended after|IncompleteRead"),
        ("a.png", MediaLimits(bytes=50), "more than 50 bytes"),
    ],
)
def test_failed_download(
    web: str, cache: Path, page: str, limits: MediaLimits, reason: str
) -> None:
    with pytest.raises(MediaError, match=reason) as caught:
        load_image(Media("image", f"{web}/{page}?token=secret"), limits)
    assert str(caught.value).startswith(f"{web}/{page}: ")
    assert "secret" not in str(caught.value)
    assert not copies(cache)


def test_unreachable_address(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(
        MediaError, match=r"cannot be downloaded .* check the address and the network"
    ):
        load_image(Media("image", "http://127.0.0.1:9/a.png"))


@pytest.mark.parametrize(
    ("address", "repo", "file", "kind", "revision"),
    [
        (f"{HUB}/datasets/o/n/resolve/main/a/b.png", "o/n", "a/b.png", "dataset", "main"),
        (f"{HUB}/datasets/o/n/blob/v1/b%20c.png", "o/n", "b c.png", "dataset", "v1"),
        (f"{HUB}/o/n/resolve/refs%2Fpr%2F1/b.png?x=y", "o/n", "b.png", None, "refs/pr/1"),
        (f"{HUB}/spaces/o/n/resolve/main/b.png", "o/n", "b.png", "space", "main"),
        ("hf://datasets/o/n/a/b.png", "o/n", "a/b.png", "dataset", None),
        ("hf://datasets/o/n@v2/a/b.png", "o/n", "a/b.png", "dataset", "v2"),
        ("hf://o/n/b.png", "o/n", "b.png", None, None),
    ],
)
def test_hub_address_goes_through_the_hub_cache(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    repo: str,
    file: str,
    kind: str | None,
    revision: str | None,
) -> None:
    local = tmp_path / "a.png"
    local.write_bytes(PNG)
    calls = []

    def download(repo_id, filename, *, repo_type, revision, local_files_only=False):
        calls.append((repo_id, filename, repo_type, revision))
        if local_files_only:
            raise LocalEntryNotFoundError("not in the cache")
        return str(local)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    assert load_image(Media("image", address)).size == SIZE
    assert calls == [(repo, file, kind, revision)] * 2


def test_hub_address_that_is_none() -> None:
    with pytest.raises(MediaError, match=r"write hf://datasets/OWNER/NAME"):
        load_image(Media("image", "hf://just-a-name"))


@pytest.mark.parametrize("uri", ["https://host/a.mp4", "hf://x", "s3://bucket/a.mp4", "gs://b/c"])
def test_what_a_row_names_is_fetched_wherever_addresses_are(uri: str, tmp_path: Path) -> None:
    assert media(uri, "video", tmp_path, "row 1").uri == uri
    assert video({"video": uri}, ("video",), "videos", tmp_path, "row 1").uri == uri
