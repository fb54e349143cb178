"""What it costs to decode videos in a process of their own: the time it takes, and that taken here.

    python bench/video_decoding.py [VIDEO]...

Without videos, one of 8 s in 640 x 480 is made. Each is decoded in turn in both ways, so that
whatever else runs on the machine slows both down alike; the medians are printed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from unieval.harness.decoder import decoded_apart
from unieval.harness.decoding import decoded, get_ready
from unieval.harness.media import LIMITS

TIMES = 15
FRAMES = 8


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        videos = [Path(name) for name in sys.argv[1:]] or [made(Path(folder) / "made.mp4")]
        get_ready()
        began = time.perf_counter()
        decoded_apart(videos[0], 1, LIMITS)
        print(
            f"the first video, with the start of the process: {time.perf_counter() - began:.2f} s"
        )
        for video in videos:
            pairs = [(seconds(decoded, video), seconds(decoded_apart, video)) for _ in range(TIMES)]
            here, there = (median(column) for column in zip(*pairs, strict=True))
            ratio = median(there / here for here, there in pairs)
            print(
                f"{video.name}: {FRAMES} frames, here {here * 1e3:.1f} ms, apart"
                f" {there * 1e3:.1f} ms, ratio {ratio:.3f}"
            )


def seconds(decode: Callable[..., object], video: Path) -> float:
    began = time.perf_counter()
    decode(video, FRAMES, LIMITS)
    return time.perf_counter() - began


def made(path: Path) -> Path:
    import av
    import numpy as np

    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
        big = noise.repeat(8, axis=0).repeat(8, axis=1)
        for i in range(192):
            frame = av.VideoFrame.from_ndarray(np.roll(big, i * 3, axis=1), "rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


if __name__ == "__main__":
    main()
