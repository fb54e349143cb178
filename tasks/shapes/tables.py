"""Tables as the hub stores them, written whole or not at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow

Kind = Literal["string", "number", "decimal", "image", "images", "strings", "numbers"]
"""What a column holds; the last three are lists of images, of texts and of whole numbers."""

Row = dict[str, object]


def write_parquet(path: Path, columns: Mapping[str, Kind], rows: Sequence[Row]) -> None:
    """Write a Parquet file that ``datasets`` reads with the right features.

    Raises:
        OSError: it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist(list(rows), schema=_schema(columns))
    _whole(path, lambda unfinished: pq.write_table(table, unfinished))


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Write a CSV file with a header.

    Raises:
        OSError: it cannot be written.
    """

    def write(unfinished: Path) -> None:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)

    _whole(path, write)


def write_json_lines(path: Path, rows: Sequence[Row]) -> None:
    """Write one JSON object a line.

    Raises:
        OSError: it cannot be written.
    """
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    _whole(path, lambda unfinished: unfinished.write_text("".join(lines), encoding="utf-8"))


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the file and rename, so that a half-written one never bears its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _schema(columns: Mapping[str, Kind]) -> pyarrow.Schema:
    """Columns as ``datasets`` stores them: an image is a struct, and the metadata says so."""
    import pyarrow as pa

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    types = {
        "string": pa.string(),
        "number": pa.int64(),
        "decimal": pa.float64(),
        "image": image,
        "images": pa.list_(image),
        "strings": pa.list_(pa.string()),
        "numbers": pa.list_(pa.int64()),
    }
    text = {"dtype": "string", "_type": "Value"}
    features: dict[Kind, object] = {
        "string": text,
        "number": {"dtype": "int64", "_type": "Value"},
        "decimal": {"dtype": "float64", "_type": "Value"},
        "image": {"_type": "Image"},
        "images": {"feature": {"_type": "Image"}, "_type": "Sequence"},
        "strings": {"feature": text, "_type": "Sequence"},
        "numbers": {"feature": {"dtype": "int64", "_type": "Value"}, "_type": "Sequence"},
    }
    info = {"info": {"features": {name: features[kind] for name, kind in columns.items()}}}
    return pa.schema(
        [(name, types[kind]) for name, kind in columns.items()],
        metadata={"huggingface": json.dumps(info)},
    )
