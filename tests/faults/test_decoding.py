"""Videos that hang, fill or crash their decoder, or would have it open something else."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import write_jsonl
from unieval.harness import decoder, decoding
from unieval.harness.errors import MediaError
from unieval.harness.items import Media
from unieval.harness.media import LIMITS
from unieval.harness.video import sample_frames

Records = Callable[[Path], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 300 frames."""
    import av

    path = tmp_path_factory.mktemp("films") / "film.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
        for i in range(300):
            frame = av.VideoFrame.from_ndarray(np.roll(noise, i, axis=1), "rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def processes() -> list[int]:
    return [process._popen.pid for process in decoder._idle]


def test_what_comes_out_is_what_decoding_here_gives(film: Path) -> None:
    there, seconds = decoder.decoded_apart(film, 5, LIMITS)
    here, _ = decoding.decoded(film, 5, LIMITS)
    assert seconds == pytest.approx(10)
    assert [np.array_equal(a, b) for a, b in zip(there, here, strict=True)] == [True] * 5
    embedded, _ = decoder.decoded_apart(film.read_bytes(), 5, LIMITS)
    assert embedded == there


def test_as_many_processes_as_threads_whatever_the_number_of_videos(film: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: decoder.decoded_apart(film, 1, LIMITS), range(6)))
    before = processes()
    decoder.decoded_apart(film, 1, LIMITS)
    assert sorted(processes()) == sorted(before)
    assert len(before) <= 2


def serving(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """New decoding processes run this; those that there are end."""
    decoder._end_all()
    monkeypatch.setattr(decoder, "_SERVE", script)


HANGS = """
import time
from unieval.harness import decoder
known = decoder.decoded
def decoded(source, *more):
    return time.sleep(600) if "endless" in str(source) else known(source, *more)
decoder.decoded = decoded
decoder.serve()
"""


def test_a_hanging_decoder_is_ended(
    unieval, film: Path, records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its video fails, the others do not, and the run goes on."""
    serving(monkeypatch, HANGS)
    for name in ("film", "endless"):
        (tmp_path / f"{name}.mp4").symlink_to(film)
    row = {"path_B": "film.mp4", "prompt": "p", "VQ": "A", "MQ": "A", "TA": "A", "Overall": "A"}
    rows = [{**row, "path_A": f"{name}.mp4"} for name in ("film", "endless", "film")]
    done = unieval(
        *("run", "--plugin", Path(__file__).parent / "faulty.py", "--judge", "watches"),
        *("--judge-arg", "seconds=1", "--task", "videogen-rewardbench", "--order", "given"),
        *("--data", write_jsonl(tmp_path / "items.jsonl", rows), "--out", tmp_path / "run"),
        "--json",
    )
    decoder._end_all()
    assert done.code == 3, done.err
    assert "1 of 3 samples failed; the first, item " in done.err
    assert "endless.mp4: decoding took longer than 1 s; replace the file" in done.err
    assert [r[6] for r in records(tmp_path / "run")] == ["ok", "media_failed", "ok"]


def test_a_video_that_needs_too_much_memory(film: Path) -> None:
    small = replace(LIMITS, memory=1 << 20)
    reasons = r"film\.mp4: (decoding needs more than 1,048,576 bytes|its decoder crashed)"
    with pytest.raises(MediaError, match=reasons):
        sample_frames(Media("video", str(film)), 200, small)
    assert len(sample_frames(Media("video", str(film)), 2)) == 2


READY = "import os, sys; print('ready', flush=True); sys.stdin.buffer.readline(); "


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("os.abort()", r"its decoder crashed \(exit status -6\)"),
        ("print('[]')", "no sound answer"),
        ('print(\'{"sizes": [[-1, -1]], "seconds": 1}\')', "no sound answer"),
        ('print(\'{"sizes": [[9999999, 99999]], "seconds": 1}\')', "no sound answer"),
        ('print(\'{"sizes": [[9, 9], [9, 9]], "seconds": 1}\')', "no sound answer"),
        ('print(\'{"sizes": [[9, 9]], "seconds": 1}\')', "its decoder crashed"),
        ("print('(' * 99999)", "no sound answer"),
    ],
)
def test_a_decoder_that_crashes_or_was_taken_over(
    film: Path, monkeypatch: pytest.MonkeyPatch, does: str, reason: str
) -> None:
    with monkeypatch.context() as patched:
        serving(patched, READY + does)
        with pytest.raises(MediaError, match=rf"film\.mp4: .*{reason}"):
            sample_frames(Media("video", str(film)), 1)
        assert processes() == []
    assert len(sample_frames(Media("video", str(film)), 1)) == 1


def test_a_decoder_that_does_not_start(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serving(monkeypatch, "import there_is_no_such_module")
    with pytest.raises(MediaError, match="does not start; check PyAV"):
        sample_frames(Media("video", str(film)), 1)


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Notes that somebody came."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_error(404)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.mark.parametrize("embedded", [False, True])
def test_a_playlist_opens_nothing_else(film: Path, tmp_path: Path, embedded: bool) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/secret.ts"
    lists = {
        "hls.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n",
        "concat.mp4": f"ffconcat version 1.0\nfile '{film}'\n",
    }
    for name, content in lists.items():
        (tmp_path / name).write_text(content)
        data = content.encode()
        media = Media.embedded("video", data) if embedded else Media("video", str(tmp_path / name))
        with pytest.raises(MediaError, match="no readable video"):
            sample_frames(media, 2)
    server.shutdown()
    server.server_close()
    assert Elsewhere.asked == 0


def test_the_decoder_is_given_no_secrets(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a key that nobody needs to decode a video")
    decoder._end_all()
    decoder.decoded_apart(film, 1, LIMITS)
    (pid,) = processes()
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"a key that nobody" not in environment
