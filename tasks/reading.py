"""Rows of a benchmark: from the hub, or from a file or folder in the hub's schema.

Formats: Parquet, JSON Lines, JSON (a list of objects) and CSV, each but Parquet optionally
gzipped. Rows are streamed where the format allows it. Every complaint names file and row.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from ..harness import hub
from ..harness.downloads import is_address
from ..harness.errors import UserError
from ..harness.items import Media, Modality
from ..harness.secrets import scrubbed
from ..harness.tables import SUFFIXES, Row, read_table
from ..harness.task import Data, HubSource

T = TypeVar("T")


def rows(
    data: Data, source: HubSource | None, required: Iterable[str]
) -> Iterator[tuple[str, Row]]:
    """Every row with its place (file and row number, for messages).

    Args:
        data: what the run was asked to read.
        source: the benchmark on the hub; also names the folder and files of a local copy. Data
            that lie on no hub have none.
        required: columns that must be there.

    Raises:
        UserError: nothing to read, a damaged file, or a missing column.
    """
    required = tuple(required)
    if data.path is None:
        assert source is not None  # the run asks no hub for what is not there
        yield from _checked(
            hub.rows(source, streamed=data.streamed), f"{source.dataset}[{source.split}]", required
        )
        return
    empty = True
    for file in table_files(data.path, source):
        for numbered in _checked(read_table(file), str(file), required):
            empty = False
            yield numbered
    if empty:
        raise UserError(f"{data.path} is empty: it holds no rows")


def media_root(data: Data, source: HubSource) -> Path | None:
    """The folder that media paths are relative to; archives are fetched only to be opened."""
    if data.path is None:
        if not source.archives:
            return None
        return hub.media_folder(source) if data.media else Path(source.dataset)
    return data.path if data.path.is_dir() else data.path.parent


def table_files(path: Path, source: HubSource | None) -> list[Path]:
    """The table files behind a path: itself, or those of the wanted split in a folder.

    In a folder, the sub-folder named like the hub's configuration is preferred, as in a clone of
    the hub repository.
    """
    if path.is_file():
        if not path.name.endswith(SUFFIXES):
            raise UserError(f"{path} is none of {', '.join(SUFFIXES)}")
        return [path]
    folders = [path / source.config] if source and source.config else []
    wanted = source.split if source else "test"
    for folder in [*folders, path / "data", path]:
        found = sorted(f for f in folder.glob("*") if f.name.endswith(SUFFIXES))
        split = [f for f in found if _is_split(f, wanted)]
        if split or len(found) == 1:
            return split or found
        if found:
            names = ", ".join(f.name for f in found[:5])
            raise UserError(
                f"{folder} holds several tables ({names}), none of them {wanted}-*; name one"
                " file with --data"
            )
    raise UserError(f"{path} holds no table; expected {', '.join(SUFFIXES)}")


def _is_split(file: Path, split: str) -> bool:
    stem = file.name.partition(".")[0]
    return stem == split or stem.startswith(f"{split}-")


def _checked(
    found: Iterable[Row], place: str, required: tuple[str, ...]
) -> Iterator[tuple[str, Row]]:
    for number, row in enumerate(found):
        where = f"{place}, row {number}"
        missing = [name for name in required if name not in row]
        if missing:
            raise UserError(
                f"{where}: no column '{missing[0]}'; the columns are: {', '.join(map(str, row))};"
                f" expected: {', '.join(required)}"
            )
        yield where, row


_ABSENT: dict[Modality, Media] = {"image": Media("image", ""), "video": Media("video", "")}


def media(value: object, modality: Modality, root: Path | None, where: str) -> Media:
    """One image or video as a row holds it.

    Takes a path (relative to ``root``), an address that is fetched, encoded bytes, or the hub's
    ``{"bytes", "path"}`` pair. An absent value gives media without an address, which only judges
    that open no media can take.

    Raises:
        UserError: the path leaves the data's folder, or the value is nothing of these.
    """
    if value is None:
        return _ABSENT[modality]
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if not value:
        return _ABSENT[modality]
    if isinstance(value, bytes):
        return Media.embedded(modality, value)
    if not isinstance(value, str):
        raise UserError(f"{where}: {type(value).__name__} is no {modality}")
    if is_address(value):
        # what is stored and reported goes by the name, which holds no signature or token
        shown = scrubbed(value) if "?" in value or "@" in value else value
        return Media(modality, value, name=shown if shown != value else "")
    if root is None:
        raise UserError(f"{where}: {modality} '{value}' is a path, and there is no folder for it")
    # By name alone: the hub's own cache is made of links that point outside the folder.
    inside = os.path.normpath(value)
    if inside.startswith(("/", "..")):
        raise UserError(f"{where}: {modality} path '{value}' leaves the data's folder {root}")
    place = os.path.join(root, inside)  # noqa: PTH118 (done for every candidate: speed)
    return Media(modality, place, name=inside)


def choice(row: Row, column: str, allowed: Mapping[str, T], where: str) -> T:
    """The meaning of a label column's word.

    Raises:
        UserError: another word; names those allowed.
    """
    word = row.get(column)
    if not isinstance(word, str) or word not in allowed:
        raise UserError(f"{where}: {column} is {word!r}; allowed are: {', '.join(allowed)}")
    return allowed[word]


def text(row: Row, column: str, where: str) -> str:
    """A text column.

    Raises:
        UserError: it holds something else.
    """
    value = row[column]
    if not isinstance(value, str):
        raise UserError(f"{where}: {column} holds {type(value).__name__}, expected text")
    return value


Progress = Callable[[int, int], None]
