"""Random choices that belong to one item, not to a process, a batch or a machine."""

from __future__ import annotations

from hashlib import blake2b


def seed_for(*parts: object) -> int:
    """A 63-bit seed from anything printable, the same everywhere and in every Python."""
    joined = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(joined, digest_size=8).digest(), "big") >> 1
