"""Files kept under the hash of their content."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path


def keep(folder: Path, content: bytes, suffix: str) -> str:
    """Write ``media/<hash><suffix>`` in the folder, durably and whole or not at all.

    Returns:
        That name; equal contents have the same.

    Raises:
        OSError: it cannot be written.
    """
    place = f"media/{blake2b(content, digest_size=16).hexdigest()}{suffix}"
    target = folder / place
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    return place
