"""Tables in files: Parquet, JSON Lines, a JSON list, CSV; all but Parquet optionally gzipped.

Rows are streamed where the format allows it. Every complaint names the file, and the line.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .characters import well_formed
from .errors import UserError

Row = dict[str, Any]

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

SUFFIXES = (".parquet", ".jsonl", ".json", ".csv", ".jsonl.gz", ".json.gz", ".csv.gz")


def read_table(file: Path) -> Iterator[Row]:
    """The rows of a file, whose name's ending tells its format.

    Raises:
        UserError: it cannot be read, is damaged, or is not what its ending says.
    """
    name = file.name.removesuffix(".gz")
    with _blame(file):
        if name.endswith(".parquet"):
            yield from _parquet(file)
        elif name.endswith(".csv"):
            with _text(file) as text:
                csv.field_size_limit(1 << 30)
                yield from csv.DictReader(text)
        elif name.endswith(".jsonl"):
            for _, row in json_lines(file):
                yield row
        else:
            with _text(file) as text:
                yield from _json_list(file, text.read())


def json_lines(file: Path) -> Iterator[tuple[int, Row]]:
    """The objects of a JSON Lines file with their line numbers, blank lines skipped.

    Raises:
        UserError: it cannot be read or is damaged, or a line is no object; names the line.
    """
    with _blame(file), _text(file) as text:
        for number, line in enumerate(text, 1):
            if line.strip():
                yield number, _object(file, number, line)


@contextmanager
def _blame(file: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise UserError(
            f"{file} is not UTF-8 (byte {error.object[error.start]:#04x} at {error.start});"
            " convert it, for example with iconv"
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{file} is truncated or no gzip file ({error}); fetch it again") from None
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror or error}") from None


def _text(file: Path) -> io.TextIOBase:
    if file.name.endswith(".gz"):
        return io.TextIOWrapper(gzip.open(file), encoding="utf-8", newline="")
    return file.open(encoding="utf-8", newline="")


def _object(file: Path, line: int, text: str) -> Row:
    try:
        value = _decoded(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file}, line {line}: not JSON ({error})") from None
    if not isinstance(value, dict):
        raise UserError(f"{file}, line {line}: expected an object, found {type(value).__name__}")
    return value


def _decoded(text: str) -> Any:
    """What the JSON says; halves of surrogate pairs are replaced wherever they stand in it."""
    value = json.loads(text)
    if _SURROGATE.search(text):
        value = json.loads(well_formed(json.dumps(value, ensure_ascii=False)))
    return value


def _json_list(file: Path, text: str) -> list[Row]:
    if not text.strip():
        return []
    try:
        value = _decoded(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file}: not JSON ({error})") from None
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise UserError(f"{file}: expected a list of objects")
    return value


def _parquet(file: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=64):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise UserError(f"{file} is no readable Parquet file: {error}") from None
