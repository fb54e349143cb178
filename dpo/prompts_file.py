"""The prompts of a data set: JSON Lines, some with candidates that are there already.

::

    {"id": "1", "prompt": "a red cube"}
    {"prompt": "What is on the table?", "media": "kitchen.png"}
    {"prompt": "a red cube", "candidates": ["a.png", "b.png", "c.png"]}
    {"prompt": "What happens?", "media": ["v.mp4"], "candidates": ["A cube falls.", "Nothing."]}

``id`` is the row's number (from 0) where it is absent. Media are files; their paths are relative to
the file's folder and stay within it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ..harness.errors import UserError
from ..harness.items import Modality, Objective
from ..harness.tables import Row, json_lines

_COLUMNS = ("id", "prompt", "media", "candidates")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt.

    Args:
        id: unique in the file.
        text: the prompt itself.
        media: names of the images or the video that it asks about, relative to the folder.
        candidates: texts, or names of media, where they are there already.
    """

    id: str
    text: str
    media: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prompts:
    """A file's prompts, and the folder that their media lie in."""

    folder: Path
    rows: Sequence[Prompt]

    @property
    def fingerprint(self) -> str:
        """Hash of all that the file says."""
        digest = blake2b(digest_size=16)
        for row in self.rows:
            digest.update(json.dumps(asdict(row), ensure_ascii=True).encode())
        return digest.hexdigest()


def read_prompts(
    file: Path, modality: Modality, objective: Objective, *, with_candidates: bool
) -> Prompts:
    """Read and check a file of prompts.

    Args:
        file: JSON Lines.
        modality: of the media.
        objective: prompts of *understanding* ask about ``media``, those of *generation* have none.
        with_candidates: whether rows have candidates.

    Raises:
        UserError: it cannot be read or is empty, a field is missing or of the wrong kind, an id
            occurs twice, or a path leaves the folder; names the line.
    """
    rows: list[Prompt] = []
    lines: dict[str, int] = {}
    for line, row in json_lines(file):
        where = f"{file}, line {line}"
        prompt = _prompt(row, len(rows), where, modality, objective, with_candidates)
        if prompt.id in lines:
            raise UserError(
                f"{where}: the id '{prompt.id}' is that of line {lines[prompt.id]} too; give"
                " every prompt its own"
            )
        lines[prompt.id] = line
        rows.append(prompt)
    if not rows:
        raise UserError(f"{file} holds no prompts; write one JSON object a line")
    return Prompts(file.parent, rows)


def _prompt(
    row: Row,
    number: int,
    where: str,
    modality: Modality,
    objective: Objective,
    with_candidates: bool,
) -> Prompt:
    for name in row:
        if name not in _COLUMNS:
            raise UserError(f"{where}: unknown field '{name}'; known are: {', '.join(_COLUMNS)}")
    text = row.get("prompt")
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"{where}: 'prompt' must be a text that says something, found {text!r}")
    given = row.get("id", number)
    if isinstance(given, bool) or not isinstance(given, str | int) or not str(given).strip():
        raise UserError(f"{where}: 'id' must be a text or a whole number, found {given!r}")
    return Prompt(
        str(given),
        text,
        _media(row, where, modality, objective),
        _candidates(row, where, objective, with_candidates),
    )


def _media(row: Row, where: str, modality: Modality, objective: Objective) -> tuple[str, ...]:
    value = row.get("media")
    if objective == "generation":
        if value is not None:
            raise UserError(
                f"{where}: 'media' is what a question is about, but objective is generation;"
                " leave it out"
            )
        return ()
    names = _texts([value] if isinstance(value, str) else value, "media", where)
    if modality == "video" and len(names) != 1:
        raise UserError(f"{where}: 'media' must be one video, found {len(names)}")
    return tuple(_inside(name, where) for name in names)


def _candidates(
    row: Row, where: str, objective: Objective, with_candidates: bool
) -> tuple[str, ...]:
    if not with_candidates:
        if "candidates" in row:
            raise UserError(
                f"{where}: has 'candidates', but they are to be generated; name the file as"
                " candidates.file, or leave them out"
            )
        return ()
    value = row.get("candidates")
    if value == []:
        return ()
    texts = _texts(value, "candidates", where)
    return tuple(texts if objective == "understanding" else (_inside(t, where) for t in texts))


def _texts(value: Any, name: str, where: str) -> Sequence[str]:
    if value is None:
        raise UserError(f"{where}: '{name}' is missing; add it")
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise UserError(f"{where}: '{name}' must be a list of texts, found {value!r}")
    return value


def _inside(name: str, where: str) -> str:
    inside = os.path.normpath(name)
    if inside.startswith(("/", "..")) or "://" in name:
        raise UserError(
            f"{where}: '{name}' is no path within the file's folder; copy or link the medium there"
        )
    return inside
