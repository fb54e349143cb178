"""The list of a shared copy's files, with their sizes and hashes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ...harness.errors import UserError
from ...harness.store import PULLED

NAME = PULLED
BOARD = "leaderboard.json"
Kind = Literal["run", "leaderboard"]

_KNOWN: dict[Kind, re.Pattern[str]] = {
    "run": re.compile(r"manifest\.json|results\.json|records\.sqlite|media/[0-9a-f]{32}\.\w{1,8}"),
    "leaderboard": re.compile(r"index\.html|leaderboard\.json|leaderboard\.csv"),
}
"""All that a copy may hold: whatever else a listing names, leads nowhere."""
_NEEDED: dict[Kind, set[str]] = {
    "run": {"manifest.json", "results.json", "records.sqlite"},
    "leaderboard": {BOARD},
}


class Entry(BaseModel):
    """One file: its size in bytes and the SHA-256 of its content, in hexadecimal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @classmethod
    def of(cls, file: Path) -> Self:
        """Of a file as it is."""
        digest, size = sha256(), 0
        with file.open("rb") as content:
            while block := content.read(1 << 20):
                digest.update(block)
                size += len(block)
        return cls(size=size, sha256=digest.hexdigest())


class Inventory(BaseModel):
    """All files of a copy by their names, which are relative and of known kinds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: Literal[1] = Field(1, alias="schema")
    kind: Kind
    files: Mapping[str, Entry]

    @field_validator("files")
    @classmethod
    def _known(cls, files: Mapping[str, Entry], info: Any) -> Mapping[str, Entry]:
        kind: Kind = info.data.get("kind", "run")
        for name in files:
            if not _KNOWN[kind].fullmatch(name):
                raise ValueError(f"a {kind} has no file {name!r}")
        if missing := sorted(_NEEDED[kind] - set(files)):
            raise ValueError(f"a {kind} needs {', '.join(missing)}")
        return files

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(entry.size for entry in self.files.values())

    def text(self) -> bytes:
        """As it is stored."""
        return (self.model_dump_json(by_alias=True, indent=1) + "\n").encode()


def inventory_of(kind: Kind, files: Mapping[str, Path]) -> Inventory:
    """The listing of files by the names that they will have."""
    return Inventory(
        schema=1, kind=kind, files={name: Entry.of(path) for name, path in files.items()}
    )


def parsed(content: bytes, place: str) -> Inventory:
    """A listing that was read.

    Raises:
        UserError: it is none of ours, or names files that no copy has; names the place.
    """
    try:
        return Inventory.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    said = first["msg"].removeprefix("Value error, ")
    raise UserError(f"{place}/{NAME}: {where}: {said}; nothing was taken from there")
