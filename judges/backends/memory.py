"""Memory of a process that computes on a CPU."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as in glibc's malloc.h
_MOST_KEPT, _LARGEST_BLOCK = (1 << 31) - 1, 30 << 20


def keep_freed_memory() -> None:
    """Let this process keep what it frees, up to blocks of 30 MiB.

    What a layer makes of a batch is some megabytes, and gone with the next layer. glibc gives such
    blocks back to the system at once and gets them anew, page by page, which makes a small model
    slower by a fifth. Nothing happens where the C library is another one.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(_TRIM_THRESHOLD, _MOST_KEPT)
    mallopt(_MMAP_THRESHOLD, _LARGEST_BLOCK)
