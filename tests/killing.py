"""A training in a process of its own, killed where a test says."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable


def killed(train: Callable[[], object], when: Callable[[str], bool]) -> None:
    """Train, and kill the process (SIGKILL) at the first line on standard error of which it holds.

    Args:
        train: what the process does; it must not end before.
        when: of a line, whether it is the one.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        sys.stderr = os.fdopen(write, "w")
        try:
            train()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(write)
    said = []
    with os.fdopen(read) as lines:
        for line in lines:
            said.append(line)
            if when(line):
                os.kill(child, signal.SIGKILL)
                break
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "".join(said)
