"""Pixels to files: PNG pictures, and MP4 videos with a comment in their metadata."""

from __future__ import annotations

from io import BytesIO
from typing import Any

# H.264 is what most videos are in. Colours at full resolution (4:4:4), because at half resolution
# shapes of ten pixels bleed into their surroundings; no B-frames and one thread, because a file of
# eight small frames only gets slower with them.
_CODEC, _FORMAT = "libx264", "yuv444p"
_OPTIONS = {"crf": "8", "preset": "veryfast", "bf": "0"}


def encode_png(pixels: Any) -> bytes:
    """The picture as a PNG file's content; ``pixels`` of shape (height, width, 3), up to 255."""
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def encode_mp4(frames: Any, fps: int, comment: str = "") -> bytes:
    """The frames as an MP4 file's content; shape (frames, height, width, 3), up to 255.

    The same frames give the same bytes wherever the codec is the same; pixels come back within a
    few levels.
    """
    import av

    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        if comment:
            container.metadata["comment"] = comment
        stream = container.add_stream(_CODEC, rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt, stream.options = _FORMAT, _OPTIONS
        stream.codec_context.thread_count = 1
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()
