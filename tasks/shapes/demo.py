"""The shapes world written down as benchmarks publish their data."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...harness.items import Verdict
from .pairs import Pair, image_pairs

if TYPE_CHECKING:
    import pyarrow

WORLD_VERSION = 1
"""Changes whenever a seed would give other pictures, prompts or labels; part of the cache key."""

_VOTES = {
    Verdict.FIRST: "leftvote",
    Verdict.SECOND: "rightvote",
    Verdict.BOTH_GOOD: "tievote",
    Verdict.BOTH_BAD: "bothbad_vote",
}


def write_genai_bench_image(
    folder: Path,
    *,
    items: int = 400,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a demo set in GenAI-Bench's image schema, as the hub stores it.

    The file is ``image_generation/test_v1-00000-of-00001.parquet``; it appears when it is
    complete, so its existence means that nothing is missing.

    Args:
        folder: where to write; made if it is not there.
        items: number of pairs.
        seed: names the set; another seed is another set.
        progress: called with (pairs done, pairs in all) after each.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / "image_generation" / "test_v1-00000-of-00001.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for index, pair in enumerate(image_pairs(items, seed=seed)):
        rows.append(_genai_bench_row(index, pair))
        if progress:
            progress(index + 1, items)
    _write(path, rows, _genai_bench_schema())


def _genai_bench_row(index: int, pair: Pair) -> dict[str, object]:
    left, right = pair.pictures
    return {
        "prompt": pair.prompt,
        "left_image": {"bytes": left.png(), "path": f"{index:05d}-left.png"},
        "right_image": {"bytes": right.png(), "path": f"{index:05d}-right.png"},
        "left_model": pair.models[0],
        "right_model": pair.models[1],
        "vote_type": _VOTES[pair.label],
    }


def _genai_bench_schema() -> pyarrow.Schema:
    return _hub_schema(
        {
            "prompt": "string",
            "left_image": "image",
            "right_image": "image",
            "left_model": "string",
            "right_model": "string",
            "vote_type": "string",
        }
    )


def _hub_schema(columns: dict[str, str]) -> pyarrow.Schema:
    """Columns as ``datasets`` stores them: an image is a struct, and the metadata says so."""
    import pyarrow as pa

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    features = {
        name: {"_type": "Image"} if kind == "image" else {"dtype": kind, "_type": "Value"}
        for name, kind in columns.items()
    }
    return pa.schema(
        [(name, image if kind == "image" else pa.string()) for name, kind in columns.items()],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )


def _write(path: Path, rows: list[dict[str, object]], schema: pyarrow.Schema) -> None:
    """Write beside the file and rename, so that a half-written one never bears its name."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
