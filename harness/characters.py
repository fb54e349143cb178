"""Text that can be stored: what UTF-8 can hold."""

from __future__ import annotations


def well_formed(text: str) -> str:
    """The text, where half a surrogate pair, as JSON can write it, becomes U+FFFD.

    It is no character, and neither UTF-8 nor SQLite takes it.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
