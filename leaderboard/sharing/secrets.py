"""Is there a password or key in what is about to be shared?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...harness.errors import UserError
from ...harness.secrets import environment_secrets, scrubbed_tree

_BLOCK = 1 << 20


def refuse_secrets(files: Mapping[str, Path]) -> None:
    """Refuse files with a secret of this environment or, in our own, with what looks like one.

    What judges and data say may look like a key and be none, so records are searched for the former
    alone.

    Raises:
        UserError: names the file and what was found, never the secret.
    """
    for name, path in files.items():
        found = _of_environment(path)
        if found is None and name.endswith(".json"):
            content = json.loads(path.read_text("utf-8"))
            found = "what looks like a key" if scrubbed_tree(content) != content else None
        if found is not None:
            raise UserError(
                f"{path} holds {found}, so nothing was pushed; keys belong into the environment,"
                " not into arguments: make the run again without it"
            )


def _of_environment(path: Path) -> str | None:
    secrets = {name: value.encode() for name, value in environment_secrets().items()}
    if not secrets:
        return None
    for block in _blocks(path, max(map(len, secrets.values()))):
        for name, value in secrets.items():
            if value in block:
                return f"the value of ${name}"
    return None


def _blocks(path: Path, overlap: int) -> Iterator[bytes]:
    """The content in blocks, each with the end of the one before."""
    before = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield before + block
            before = block[-overlap:]
