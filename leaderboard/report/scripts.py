"""Data and programs as the page takes them: scripts, so that they load from the file system."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

_UNSAFE = re.compile("[<\u2028\u2029\ud800-\udfff]")


def write_data(folder: Path, name: str, content: object) -> None:
    """Write ``NAME.js``, which hands the content to the page when it is loaded."""
    (folder / f"{name}.js").write_text(data_script(name, content), encoding="utf-8")


def data_script(name: str, content: object) -> str:
    """A call with the content as text for JSON.parse: nothing in it can be taken for program.

    ``<`` and what JavaScript or UTF-8 could stumble over are escaped.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    quoted = _UNSAFE.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))
    return f"unievalData({json.dumps(name)}, JSON.parse({quoted}));\n"


def permission(text: str) -> str:
    """What a content security policy calls an inline script or style: its hash."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
