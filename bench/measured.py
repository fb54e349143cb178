"""Run one command as a process of its own and measure exactly that process.

Used by the other files here; nothing to run. The peak is the system's own figure for the child
(``ru_maxrss``). It starts at the size of the process that started the child, so the benchmarks
import nothing heavy.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_KIB_PER_MB = 1e6 / 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process took: wall and processor seconds (user + system), peak memory in MB."""

    wall: float
    cpu: float
    peak: float
    output: str


class FailedError(Exception):
    """The command ended with an error; the message is the end of what it printed."""


def measure(command: Sequence[str], environment: dict[str, str] | None = None) -> Usage:
    """Run a command to its end.

    Raises:
        FailedError: it exited with another status than 0.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        child = subprocess.Popen(
            command, stdout=out, stderr=errors, env={**os.environ, **(environment or {})}
        )
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if child.returncode:
            said = (errors.read().strip() or "no message").splitlines()
            raise FailedError(f"exit {child.returncode}: {said[-1][:200]}")
        return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / _KIB_PER_MB, out.read())


def median(usages: Sequence[Usage], of: Callable[[Usage], float]) -> float:
    """The median of one figure over repeated runs."""
    return statistics.median(map(of, usages))
