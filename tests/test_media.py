"""Images and frames: what comes out, and the error for everything that cannot be used."""

from __future__ import annotations

import csv
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from unieval.harness import decoding
from unieval.harness.errors import MediaError
from unieval.harness.items import Media
from unieval.harness.media import MediaLimits, load_image
from unieval.harness.video import sample_frames, spread

SIZE = (64, 48)


def picture(size: tuple[int, int] = SIZE, seed: int = 0) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(noise)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def write_video(
    path: Path,
    count: int,
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    kind: str | None = None,
) -> Path:
    with av.open(str(path), "w", format=kind, options=container or {}) as file:
        stream = file.add_stream(codec, rate=10, options=options or {})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for i in range(count):
            frame = np.full((SIZE[1], SIZE[0], 3), i * 3 % 256, np.uint8)
            frame[:, i % 56 : i % 56 + 8] = (i * 37 % 256, 255 - i, 90)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        file.mux(stream.encode())
    return path


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def video(path: Path) -> Media:
    return Media("video", str(path))


def assert_sampled(path: Path, count: int) -> None:
    every = decoded(path)
    wanted = [every[i] for i in spread(len(every), count)]
    frames = sample_frames(video(path), count)
    assert len(frames) == len(wanted)
    for frame, expected in zip(frames, wanted, strict=True):
        assert np.array_equal(np.asarray(frame), expected)


# --- images --------------------------------------------------------------------------------------


def test_image_from_file_and_from_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(picture()))
    for media in (Media("image", str(path)), Media.embedded("image", path.read_bytes())):
        image = load_image(media)
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), np.asarray(picture()))


def test_image_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees
    image = load_image(Media.embedded("image", encoded(picture(), "JPEG", exif=exif)))
    assert image.size == SIZE[::-1]


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK", "I;16"])
def test_image_of_any_mode_becomes_rgb(mode: str) -> None:
    gray = picture().convert("L")
    image = gray.convert("I").convert("I;16") if mode == "I;16" else picture().convert(mode)
    kind = "TIFF" if mode == "CMYK" else "PNG"
    assert load_image(Media.embedded("image", encoded(image, kind))).mode == "RGB"


def huge_png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


PNG = encoded(picture())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(PNG[: len(PNG) // 2], "truncated", id="cut off"),
        pytest.param(PNG[:200] + bytes(400) + PNG[600:], "no readable image", id="damaged"),
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"<html>not found</html>", "not an image", id="not an image"),
        pytest.param(
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image", id="EPS"
        ),
        pytest.param(huge_png(), "pixels", id="bomb"),
    ],
)
def test_unusable_image(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "bad.png"
    path.write_bytes(data)
    for media in (Media("image", str(path)), Media.embedded("image", data)):
        with pytest.raises(MediaError, match=reason) as caught:
            load_image(media)
        assert str(caught.value).startswith(media.uri)
        assert "leave the item out" in str(caught.value)


def test_image_over_the_limits() -> None:
    media = Media.embedded("image", PNG)
    with pytest.raises(MediaError, match="64 x 48 pixels, over the limit of 3,000"):
        load_image(media, MediaLimits(pixels=3000))
    with pytest.raises(MediaError, match="bytes, over the limit of 100"):
        load_image(media, MediaLimits(bytes=100))


def test_missing_media(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"nowhere\.png: no such file; check"):
        load_image(Media("image", str(tmp_path / "nowhere.png")))
    with pytest.raises(MediaError, match=r"nowhere\.mp4: no such file; check"):
        sample_frames(video(tmp_path / "nowhere.mp4"), 8)
    with pytest.raises(MediaError, match=r"no image column; .* a judge that needs none"):
        load_image(Media("image", ""))


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Videos are decoded in this process, where parts of it can be replaced."""
    monkeypatch.setattr("unieval.harness.video.decoded_apart", decoding.decoded)


# --- frames --------------------------------------------------------------------------------------


def test_spread() -> None:
    assert spread(10, 4) == [0, 3, 6, 9]
    assert spread(126, 8) == np.linspace(0, 125, 8, dtype=int).tolist()
    assert spread(3, 8) == [0, 1, 2]
    assert spread(5, 1) == [0]


def test_frames_of_real_videos(shared: Path) -> None:
    folder = shared / "videogen-rewardbench"
    with (folder / "example.csv").open() as file:
        rows = list(csv.DictReader(file))
    lengths = {r[f"path_{k}"]: int(float(r[f"num_frames_{k}"])) for r in rows for k in "AB"}
    assert len(lengths) == 6
    for name, length in lengths.items():
        timeline = decoding._timeline(folder / name, MediaLimits())
        assert timeline.count == len(timeline.times) == length
    shortest = min(lengths, key=lambda name: lengths[name])
    assert_sampled(folder / shortest, 8)
    assert len(sample_frames(video(folder / shortest), 1000)) == lengths[shortest]


def test_short_clip_gives_all_its_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 5)
    assert len(sample_frames(video(path), 8)) == 5
    assert_sampled(path, 8)
    assert_sampled(path, 5)
    assert_sampled(path, 1)


CONTAINERS = {
    "mp4": {},
    "faststart.mp4": {"container": {"movflags": "faststart"}},
    "fragmented.mp4": {"container": {"movflags": "frag_keyframe+empty_moov"}},
    "mkv": {},
    "webm": {"codec": "libvpx-vp9", "options": {"g": "30"}},
    "ts": {},
    "avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "h264": {"kind": "h264"},
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_frame_count_where_the_container_does_not_state_it(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / f"a.{name}", 41, **CONTAINERS[name])
    assert len(sample_frames(video(path), 1000)) == 41
    assert_sampled(path, 8)
    embedded = Media.embedded("video", path.read_bytes())
    assert len(sample_frames(embedded, 8)) == 8


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("closed.mp4", {"codec": "libx264", "options": {"g": "10", "bf": "3"}}),
        ("open.mkv", {"options": {"g": "10", "bf": "3", "x264-params": "open-gop=1"}}),
        ("open.mp4", {"codec": "libx265", "options": {"x265-params": "keyint=10:log-level=none"}}),
        ("vp9.webm", {"codec": "libvpx-vp9", "options": {"g": "10"}}),
    ],
)
@pytest.mark.usefixtures("in_process")
def test_seeking_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, options: dict[str, object]
) -> None:
    path = write_video(tmp_path / name, 200, **options)
    seeks = []
    jump = decoding._from_key
    monkeypatch.setattr(decoding, "_from_key", lambda *a: seeks.append(a) or jump(*a))
    for count in (2, 3, 5):
        assert_sampled(path, count)
    assert len(seeks) == 1 + 2 + 4  # no seek was taken back


@pytest.mark.usefixtures("in_process")
def test_seek_that_lands_elsewhere_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_video(tmp_path / "a.mp4", 120, options={"g": "10"})

    def land_early(container, stream, time):
        container.seek(0, stream=stream)
        return container.decode(stream)

    monkeypatch.setattr(decoding, "_from_key", land_early)
    assert_sampled(path, 3)


def test_trimmed_clip_counts_what_is_shown(tmp_path: Path) -> None:
    """An edit list hides the first frames, although the container counts them."""
    whole = write_video(tmp_path / "whole.mp4", 40, options={"g": "40", "bf": "0"})
    trimmed = tmp_path / "trimmed.mp4"
    options = {"use_editlist": "1", "avoid_negative_ts": "disabled"}
    with av.open(str(whole)) as source, av.open(str(trimmed), "w", options=options) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                shift = round(1 / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = stream
                target.mux(packet)
    assert len(sample_frames(video(trimmed), 1000)) == 30
    assert_sampled(trimmed, 4)


def test_turned_video_is_shown_upright(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 2)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    data[matrix : matrix + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    frame = sample_frames(Media.embedded("video", bytes(data)), 1)[0]
    clockwise = np.rot90(decoded(path)[0], k=-1)
    assert np.array_equal(np.asarray(frame), clockwise)


@pytest.mark.parametrize("share", [0.95, 0.9, 0.5, 0.1])
@pytest.mark.parametrize("name", ["mp4", "faststart.mp4", "mkv", "webm"])
def test_truncated_video_is_an_error(tmp_path: Path, name: str, share: float) -> None:
    data = write_video(tmp_path / f"a.{name}", 60, **CONTAINERS[name]).read_bytes()
    path = tmp_path / f"cut.{name}"
    path.write_bytes(data[: int(len(data) * share)])
    for count in (1, 8):
        with pytest.raises(MediaError, match=r"cut\..*; replace the file"):
            sample_frames(video(path), count)


@pytest.mark.parametrize("name", ["mp4", "faststart.mp4"])
def test_damaged_video_is_an_error(tmp_path: Path, name: str) -> None:
    data = bytearray(write_video(tmp_path / f"a.{name}", 60, **CONTAINERS[name]).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    path = tmp_path / f"bad.{name}"
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"bad\..*; replace the file"):
        sample_frames(video(path), 8)


@pytest.mark.usefixtures("in_process")
def test_decoding_that_ends_early_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some decoders give up in silence."""
    path = write_video(tmp_path / "a.mp4", 60)
    whole = decoding._video

    class Quiet:
        def __init__(self, container: object) -> None:
            self._container = container

        def __getattr__(self, name: str) -> object:
            return getattr(self._container, name)

        def decode(self, stream: object) -> Iterator[object]:
            return islice(self._container.decode(stream), 40)

    @contextmanager
    def quiet(source: object) -> Iterator[object]:
        with whole(source) as (container, stream):
            yield Quiet(container), stream

    monkeypatch.setattr(decoding, "_video", quiet)
    with pytest.raises(MediaError, match="only 40 of 60 frames can be decoded"):
        sample_frames(video(path), 8)


def test_video_without_frames_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w", options={"movflags": "empty_moov"}) as file:
        stream = file.add_stream("libx264", rate=10)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        file.start_encoding()
    with pytest.raises(MediaError, match=r"a\.mp4.*; replace the file"):
        sample_frames(video(path), 8)
    with pytest.raises(MediaError, match="no readable video"):
        sample_frames(Media.embedded("video", b"not a video at all"), 8)


def test_sound_without_video_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.sample_rate = 8000
        file.mux(stream.encode(frame))
    with pytest.raises(MediaError, match="no video stream"):
        sample_frames(video(path), 8)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (MediaLimits(frames=30), "longer than 30 frames"),
        (MediaLimits(seconds=2.0), "longer than .* or 2.0 s"),
        (MediaLimits(pixels=3000), "64 x 48 pixels, over"),
        (MediaLimits(bytes=100), "bytes, over"),
    ],
)
def test_video_over_the_limits(tmp_path: Path, limits: MediaLimits, reason: str) -> None:
    path = write_video(tmp_path / "a.mp4", 40)
    with pytest.raises(MediaError, match=reason):
        sample_frames(video(path), 8, limits)
