"""Prompts for generation models: read from a benchmark's table, a user's file, or the hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..harness.errors import UserError
from ..harness.items import Modality, PromptItem
from ..harness.tables import Row
from ..harness.task import Data, HubSource
from .reading import rows

_PROMPT = ("prompt", "Prompt", "Prompts", "prompt_en", "text")
"""What the column of prompts is called in the known sets, the usual name first."""
_GROUP = ("category", "Category")
_TEXT = ".txt"
COLUMNS = {
    "prompt": "the prompt (also Prompt, Prompts, prompt_en, text, or --task-arg column=NAME)",
    "id": "names the prompt (absent: the row's number)",
    "category": "the group (also Category; absent: none)",
    "dimension": "of VBench's list: what the prompt is for, a list",
}


def prompt_rows(
    data: Data,
    source: HubSource | None,
    modality: Modality,
    column: str | None = None,
    dimension: str | None = None,
) -> Iterator[tuple[Row, PromptItem]]:
    """Every prompt with its row; prompts that are the same are one cluster.

    Args:
        data: a table, or a text file with a prompt on each line.
        source: the set on the hub, if there is one.
        modality: what is to be made.
        column: of the prompts; the first of the usual names unless given.
        dimension: only rows whose list ``dimension`` has this.

    Raises:
        UserError: it cannot be read, has no such column, or nothing for the dimension.
    """
    seen: set[str] = set()
    for number, (where, row) in enumerate(_rows(data, source)):
        prompt = _prompt(row, column, where)
        group = next((str(row[name]) for name in _GROUP if row.get(name)), "")
        if dimension is not None:
            named = row.get("dimension")
            if not isinstance(named, list):
                raise UserError(f"{where}: no list 'dimension'; leave --task-arg dimension out")
            seen |= set(map(str, named))
            if dimension not in named:
                continue
        yield (
            row,
            PromptItem(str(row.get("id", number)), modality, prompt, group=group, cluster=prompt),
        )
    if dimension is not None and dimension not in seen:
        known = ", ".join(sorted(seen))
        raise UserError(f"--task-arg dimension={dimension}: {data.name} has none; known: {known}")


def _rows(data: Data, source: HubSource | None) -> Iterator[tuple[str, Row]]:
    if data.path is not None and data.path.suffix == _TEXT:
        yield from _lines(data.path)
    else:
        yield from rows(data, source, ())


def _lines(file: Path) -> Iterator[tuple[str, Row]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read as UTF-8 text: {error}") from None
    number = 0
    for line, prompt in enumerate(text.splitlines(), 1):
        if prompt.strip():
            yield f"{file}, line {line}", {"id": str(number), "prompt": prompt.strip()}
            number += 1


def _prompt(row: Row, column: str | None, where: str) -> str:
    names = (column,) if column else _PROMPT
    name = next((name for name in names if name in row), None)
    if name is None:
        raise UserError(
            f"{where}: no column {' or '.join(names)}; the columns are: {', '.join(map(str, row))};"
            " name one with --task-arg column=NAME"
        )
    value = row[name]
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{where}: {name} is {value!r}, no prompt")
    return value
