"""One process a run folder: the lock, and who holds it."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from .errors import UserError

NAME = "run.lock"


def hold(folder: Path) -> int:
    """Take the folder's lock: a file descriptor that holds it until it is closed.

    The system frees the lock when the process ends, however it ends, so that of a dead process is
    taken over. The file says which process holds it, on which machine, since when.

    Raises:
        UserError: another process holds it; says which.
        OSError: the folder cannot be written.
    """
    import fcntl

    handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        os.write(handle, f"{os.getpid()} on {socket.gethostname()} since {now}\n".encode())
    except BlockingIOError:
        holder = os.read(handle, 300).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        raise UserError(
            f"{folder} is in use by process {holder}; wait for it, or choose another --out"
        ) from None
    except OSError:
        os.close(handle)
        raise
    return handle
