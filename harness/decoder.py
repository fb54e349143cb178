"""Videos decoded in a process of its own, which a hostile file may crash, fill or keep busy.

Each such process holds no secrets (its environment is empty but for where programs are found), may
write no file, has so much memory and so much time for a video, and serves one video after the
other, so that starting it costs nothing much. As many are kept as threads decode at the same time.
What it says is plain JSON and pixels, checked here; nothing is unpickled.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from threading import Lock, Timer
from typing import IO, TYPE_CHECKING, Any

from .decoding import decoded, get_ready
from .errors import MediaError
from .media import REPLACE, MediaLimits, Source

if TYPE_CHECKING:
    from PIL.Image import Image

_SERVE = f"from {__name__} import serve; serve()"
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "HOME", "LANG", "TMPDIR")
_LONGEST_LINE = 1 << 24
_GRACE = 5
"""Seconds that a process outlives its limit where nobody is left to end it."""

_lock = Lock()
_idle: list[_Process] = []


def decoded_apart(source: Source, count: int, limits: MediaLimits) -> tuple[list[Image], float]:
    """As :func:`~.decoding.decoded`, in another process.

    Raises:
        MediaError: as there, or decoding took too long or too much memory, or crashed.
    """
    with _process() as process:
        return process.decoded(source, count, limits)


@contextmanager
def _process() -> Iterator[_Process]:
    """A process that has nothing to do; it is kept for the next video, unless it has ended."""
    with _lock:
        process = _idle.pop() if _idle else None
    if process is None or not process.alive:
        process = _Process()
    try:
        yield process
    except MediaError:
        _keep(process)
        raise
    except BaseException:  # an interrupt leaves half an answer behind
        process.end()
        raise
    _keep(process)


def _keep(process: _Process) -> None:
    if process.alive:
        with _lock:
            _idle.append(process)


@atexit.register
def _end_all() -> None:
    with _lock:
        while _idle:
            _idle.pop().end()


os.register_at_fork(after_in_child=_idle.clear)  # two processes cannot share one


class _Process:
    """The asking side: one process, which decodes one video at a time."""

    def __init__(self) -> None:
        known = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._popen = subprocess.Popen(
            [sys.executable, "-c", _SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**known, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert self._popen.stdout is not None
        if not self._popen.stdout.readline():  # its start takes no time away from the video
            self.end()
            raise MediaError("the process that decodes videos does not start; check PyAV (av)")

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def end(self) -> None:
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            assert pipe is not None
            with suppress(OSError):  # what was not sent yet cannot be
                pipe.close()

    def decoded(self, source: Source, count: int, limits: MediaLimits) -> tuple[list[Image], float]:
        timer = Timer(limits.decoding, self._popen.kill)
        timer.start()
        try:
            self._ask(source, count, limits)
            found = self._answer(count, limits)
        except (OSError, EOFError, ValueError, TypeError, KeyError) as error:
            late = not timer.is_alive()
            self.end()
            raise MediaError(self._reason(error, limits, late=late)) from None
        finally:
            timer.cancel()
        return found

    def _ask(self, source: Source, count: int, limits: MediaLimits) -> None:
        to = self._popen.stdin
        assert to is not None
        data = source if isinstance(source, bytes) else b""
        path = None if isinstance(source, bytes) else str(source.absolute())
        asked = {"path": path, "size": len(data), "count": count, "limits": asdict(limits)}
        to.write(json.dumps(asked).encode() + b"\n")
        to.write(data)
        to.flush()

    def _answer(self, count: int, limits: MediaLimits) -> tuple[list[Image], float]:
        from PIL import Image

        come = self._popen.stdout
        assert come is not None
        line = come.readline(_LONGEST_LINE)
        if not line:
            raise EOFError
        told: dict[str, Any] = json.loads(line)
        if "error" in told:
            raise MediaError(str(told["error"]))
        sizes = [(int(width), int(height)) for width, height in told["sizes"]]
        if len(sizes) > count or not all(
            min(size) > 0 and size[0] * size[1] <= limits.pixels for size in sizes
        ):
            raise ValueError("pictures that were not asked for")
        frames = [
            Image.frombytes("RGB", (width, height), _whole(come, 3 * width * height))
            for width, height in sizes
        ]
        return frames, float(told["seconds"])

    def _reason(self, error: Exception, limits: MediaLimits, *, late: bool) -> str:
        if late:
            return f"decoding took longer than {limits.decoding:g} s; {REPLACE}"
        if isinstance(error, (OSError, EOFError)):
            return f"its decoder crashed (exit status {self._popen.returncode}); {REPLACE}"
        return f"its decoder gave no sound answer ({type(error).__name__}); {REPLACE}"


def _whole(come: IO[bytes], size: int) -> bytes:
    data = come.read(size)
    if len(data) < size:
        raise EOFError
    return data


# --- the decoding side ---------------------------------------------------------------------------


def serve() -> None:
    """Decode what is asked for on standard input until that ends."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    come, to = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    get_ready()
    to.write(b"ready\n")
    to.flush()
    for line in come:
        asked = json.loads(line)
        limits = MediaLimits(**asked["limits"])
        _confine(limits)
        signal.setitimer(signal.ITIMER_REAL, limits.decoding + _GRACE)
        source: Source = Path(asked["path"]) if asked["path"] else _whole(come, asked["size"])
        told, frames = _told(source, asked["count"], limits)
        to.write(json.dumps(told).encode() + b"\n")
        for frame in frames:
            to.write(frame.tobytes())
        to.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)


def _confine(limits: MediaLimits) -> None:
    """Bound this process's memory, and let it write no file."""
    import resource

    for what, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # a system may not know such a limit
            resource.setrlimit(what, (most, resource.getrlimit(what)[1]))


def _told(source: Source, count: int, limits: MediaLimits) -> tuple[dict[str, Any], list[Image]]:
    try:
        frames, seconds = decoded(source, count, limits)
    except MediaError as error:
        return {"error": str(error)}, []
    except MemoryError:
        return {"error": f"decoding needs more than {limits.memory:,} bytes; {REPLACE}"}, []
    except Exception as error:  # decoders raise nearly anything on damaged input
        reason = f"{type(error).__name__}: {error}"
        return {"error": f"no readable video ({reason}); {REPLACE}"}, []
    return {"sizes": [frame.size for frame in frames], "seconds": seconds}, frames
