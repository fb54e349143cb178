"""Frames to MP4 files, with the truth in them."""

from __future__ import annotations

from io import BytesIO

from ...harness.truth import Truth
from .draw import Pixels

# H.264 is what most videos are in. Colours at full resolution (4:4:4), because at half resolution
# shapes of ten pixels bleed into their surroundings; no B-frames and one thread, because a file of
# eight small frames only gets slower with them.
_CODEC, _FORMAT = "libx264", "yuv444p"
_OPTIONS = {"crf": "8", "preset": "veryfast", "bf": "0"}


def encode_film(frames: Pixels, fps: int, truth: Truth | None = None) -> bytes:
    """An MP4 file's content, with the truth in its metadata.

    The same frames give the same bytes wherever the codec is the same; pixels come back within a
    few levels.

    Args:
        frames: shape (frames, size, size, 3).
        fps: frames a second.
        truth: what is known about the film.
    """
    import av

    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        if truth:
            container.metadata["comment"] = truth.as_json()
        stream = container.add_stream(_CODEC, rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt, stream.options = _FORMAT, _OPTIONS
        stream.codec_context.thread_count = 1
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()
