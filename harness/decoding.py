"""A video's frames out of its encoded file, decoded in this process.

Nothing is ever made up: a video that cannot be decoded to its end is an error, never a shorter
video or black frames. Files may be hostile, so :mod:`.decoder` does this in another process.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from .errors import MediaError
from .media import REPLACE, MediaLimits, Source, check_pixels, stream_of

if TYPE_CHECKING:
    from PIL.Image import Image

# Playlists and the like are no videos themselves: they would have other files and addresses opened.
_CONTAINERS = (
    "mov,matroska,avi,mpegts,mpeg,mpegvideo,h264,hevc,m4v,ivf,flv,ogg,gif,asf,nut,mxf,obu,dv,wav"
)
# Families of containers (MP4, WebM) that state their length and know where their key frames are;
# elsewhere the length is an estimate from what is there, and seeks land anywhere.
_INDEXED = {"mov", "matroska"}
# A seek restarts the decoder; below this many skipped frames plain decoding is as fast.
_WORTH_A_SEEK = 24


def get_ready() -> None:
    """Import what decoding needs."""
    import av  # noqa: F401
    import numpy  # noqa: F401
    import PIL.Image  # noqa: F401


def decoded(source: Source, count: int, limits: MediaLimits) -> tuple[list[Image], float]:
    """As many frames, evenly spread, and for how many seconds all of the video is shown.

    The frames are numbers ``linspace(0, N - 1, count)`` (rounded down) of the N frames that
    decoding from start to end yields; all N if there are no more than ``count``. Where key frames
    allow it, stretches between the chosen frames are skipped; the result is the same. The time is 0
    where nothing tells it.

    Raises:
        MediaError: not a video, damaged, cut off, or over the limits.
        Exception: whatever else the libraries raise on damaged input.
    """
    timeline = _timeline(source, limits)
    return _sampled(source, timeline, count), timeline.seconds


def spread(total: int, count: int) -> list[int]:
    """Indices of ``count`` of ``total`` things, evenly spread; all of them if there are fewer."""
    import numpy as np

    if total <= count:
        return list(range(total))
    return [int(i) for i in np.linspace(0, total - 1, count, dtype=int)]


def _sampled(source: Source, timeline: _Timeline, count: int) -> list[Image]:
    chosen = spread(timeline.count, count)
    if timeline.times:
        try:
            return list(_by_time(source, timeline, chosen))
        except _OutOfStepError:
            pass
    frames, total = _in_order(source, timeline, chosen)
    if total != timeline.count:  # some packets hold no frame, or several
        frames, _ = _in_order(source, timeline, spread(total, count))
    return frames


class _OutOfStepError(Exception):
    """The decoded frames are not those that the container's packets announce."""


@dataclass(frozen=True, slots=True)
class _Timeline:
    """What the packets say: how many frames, when each is shown, which are key frames.

    ``seconds``: how long all of them are shown, 0 where nothing tells.
    """

    count: int
    times: list[int]  # empty if the packets do not say
    keys: list[int]  # indices into times, of key frames to which one can seek
    seconds: float


@contextmanager
def _video(source: Source) -> Iterator[tuple[Any, Any]]:
    import av

    only = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    with av.open(stream_of(source), options=only) as container:
        if not container.streams.video:
            raise MediaError(f"it has no video stream; {REPLACE}")
        yield container, container.streams.video[0]


def _timeline(source: Source, limits: MediaLimits) -> _Timeline:
    """Read every packet without decoding, which tells the length and finds cut-off files."""
    with _video(source) as (container, stream):
        check_pixels(stream.width, stream.height, limits)
        shown: list[tuple[int | None, bool]] = []
        start = float((stream.start_time or 0) * stream.time_base)
        seconds = 0.0
        # where only the file states a length, it is that of its longest stream
        for packet in container.demux(*([] if stream.duration is None else [stream])):
            if packet.pts is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                seconds = max(seconds, end - start)
            if packet.stream.index != stream.index or packet.size == 0:
                continue
            if packet.is_corrupt:
                raise MediaError(f"cut off or damaged after {len(shown)} frames; {REPLACE}")
            if not packet.is_discard:
                shown.append((packet.pts, packet.is_keyframe))
            if len(shown) > limits.frames or seconds > limits.seconds:
                raise MediaError(
                    f"longer than {limits.frames:,} frames or {limits.seconds:,} s; {REPLACE}"
                )
        if not shown:
            raise MediaError(f"the video has no frames; {REPLACE}")
        if not _INDEXED & set(container.format.name.split(",")):
            return _ordered(stream, shown, seekable=False)
        _check_complete(container, stream, seconds, len(shown))
        return _ordered(stream, shown, seekable=True)


def _check_complete(container: Any, stream: Any, seconds: float, count: int) -> None:
    """Compare where the packets end with the stated length, where one is stated."""
    if stream.duration is not None:
        stated = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        stated = container.duration / 1_000_000
    else:
        return
    if seconds < stated * 0.99 - 2 * stated / count:
        raise MediaError(f"cut off: ends at {seconds:.2f} s of {stated:.2f} s; {REPLACE}")


def _ordered(stream: Any, shown: list[tuple[int | None, bool]], *, seekable: bool) -> _Timeline:
    known = sorted((pts, key) for pts, key in shown if pts is not None)
    times, count = [pts for pts, _ in known], len(shown)
    if len(set(times)) < count:
        return _Timeline(count, [], [], _at_rate(stream, count))
    keys = [i for i, (_, key) in enumerate(known) if key and seekable]
    # the last frame is shown as long as the others on average
    between = float((times[-1] - times[0]) * stream.time_base)
    seconds = between * count / (count - 1) if count > 1 else _at_rate(stream, count)
    return _Timeline(count, times, keys, seconds)


def _at_rate(stream: Any, count: int) -> float:
    """How long so many frames are shown at the rate that the stream states, 0 if it states none."""
    return float(count / stream.average_rate) if stream.average_rate else 0.0


def _by_time(source: Source, timeline: _Timeline, chosen: list[int]) -> Iterator[Image]:
    """The chosen frames, jumping to key frames over long stretches that nobody asked for.

    Raises:
        _OutOfStepError: a decoded frame is not the one announced, so its number is unknown.
    """
    times, keys = timeline.times, timeline.keys
    with _video(source) as (container, stream):
        frames, at = container.decode(stream), 0
        for index in chosen:
            key = keys[max(0, bisect_right(keys, index) - 1)] if keys else 0
            if key - at >= _WORTH_A_SEEK:
                frames, at = _from_key(container, stream, times[key]), key
            for frame in frames:
                if frame.pts != times[at]:
                    raise _OutOfStepError
                _check_sound(frame)
                at += 1
                if at > index:
                    yield _picture(frame)
                    break
            else:
                raise _OutOfStepError


def _from_key(container: Any, stream: Any, time: int) -> Iterator[Any]:
    """Frames from the key frame shown at ``time`` on."""
    container.seek(time, stream=stream)
    frames = container.decode(stream)
    # frames shown before the key frame may follow it in the file; they lean on the group before
    first = next((f for f in frames if f.pts is None or f.pts >= time), None)
    if first is None or not first.key_frame:
        raise _OutOfStepError
    return chain([first], frames)


def _in_order(source: Source, timeline: _Timeline, chosen: list[int]) -> tuple[list[Image], int]:
    """The chosen frames and the number of all, by decoding from start to end."""
    wanted, pictures, total, last = set(chosen), [], 0, None
    with _video(source) as (container, stream):
        for frame in container.decode(stream):
            _check_sound(frame)
            if total in wanted:
                pictures.append(_picture(frame))
            total, last = total + 1, frame.pts
    slack = 2 + timeline.count // 100
    early = timeline.times[:-slack] and (last is None or last < timeline.times[-slack])
    if not total or early:
        raise MediaError(f"only {total} of {timeline.count} frames can be decoded; {REPLACE}")
    return pictures, total


def _check_sound(frame: Any) -> None:
    if frame.is_corrupt:
        raise MediaError(f"damaged near {frame.time} s; {REPLACE}")


def _picture(frame: Any) -> Image:
    image: Image = frame.to_image()
    # the container's rotation is counterclockwise, as PIL's
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image
