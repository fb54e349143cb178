"""The preference pairs: read from parquet or JSON Lines, media named by their content."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any

from ...harness.errors import UserError
from ...harness.frame_folders import frame_files
from ...harness.items import Modality
from ...harness.media import LIMITS

_TABLE = "preferences.parquet"
# jpg_0, jpg_1 and caption are the columns of Pick-a-Pic and of the UnifiedReward authors' pairs
_NAMES = {
    "prompt": ("prompt", "caption"),
    "chosen": ("chosen", "jpg_0"),
    "rejected": ("rejected", "jpg_1"),
}


@dataclass(frozen=True, slots=True)
class Medium:
    """An image file, a video file or a folder of frames; ``digest`` is a hash of its content."""

    path: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two media for one prompt, the first of which is preferred."""

    id: str
    prompt: str
    chosen: Medium
    rejected: Medium


def read_pairs(path: Path, modality: Modality) -> tuple[list[Pair], int]:
    """Read pairs; those of two equal media teach nothing and are left out.

    Args:
        path: a folder with ``preferences.parquet``, or a ``.parquet`` or ``.jsonl`` file. Media are
            relative to its folder.
        modality: what the media must be, where rows say what they are.

    Returns:
        The pairs, and how many were left out.

    Raises:
        UserError: no such file, a row that lacks something or is of another modality, a medium that
            does not exist, or no usable pair.
    """
    file = path / _TABLE if path.is_dir() else path
    if not file.is_file():
        raise UserError(
            f"data.path: {file} does not exist; give the folder that `unieval build-preferences`"
            " wrote, or a .jsonl or .parquet file of pairs"
        )
    digests: dict[Path, str] = {}
    pairs, equal = [], 0
    for number, row in enumerate(_rows(file)):
        place = f"{file}, row {number + 1}"
        said = row.get("modality") or modality
        if said != modality:
            raise UserError(
                f"{place} is about {said}, not {modality}; use `unieval dpo {said}` or other data"
            )
        pair = _pair(row, number, place, file.parent, digests)
        if pair.chosen.digest == pair.rejected.digest:
            equal += 1
        else:
            pairs.append(pair)
    if not pairs:
        raise UserError(f"{file} has no usable pair: it needs one of two different media at least")
    return pairs, equal


def fingerprint(pairs: Sequence[Pair]) -> str:
    """Hash of the pairs in their order, media by their content."""
    digest = blake2b(digest_size=16)
    for pair in pairs:
        line = json.dumps([pair.id, pair.prompt, pair.chosen.digest, pair.rejected.digest])
        digest.update(line.encode())
    return digest.hexdigest()


def _rows(file: Path) -> Iterable[Mapping[str, Any]]:
    if file.suffix == ".parquet":
        import pyarrow.parquet

        try:
            rows: list[dict[str, Any]] = pyarrow.parquet.read_table(file).to_pylist()
        except (OSError, ValueError) as error:
            raise UserError(f"{file} is no readable parquet file: {error}") from None
        yield from rows
        return
    if file.suffix != ".jsonl":
        raise UserError(f"data.path: {file} must be a .jsonl or .parquet file, or a folder")
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UserError(f"{file}, line {number} is not valid JSON: {error}") from None
        if not isinstance(row, dict):
            raise UserError(f"{file}, line {number} is no JSON object")
        yield row


def _pair(
    row: Mapping[str, Any], number: int, place: str, folder: Path, digests: dict[Path, str]
) -> Pair:
    found: dict[str, str] = {}
    for name, columns in _NAMES.items():
        given = [row[column] for column in columns if row.get(column) is not None]
        if not given:
            raise UserError(f"{place} has no {' or '.join(columns)}; add it")
        if not isinstance(given[0], str):
            wanted = "a text" if name == "prompt" else "the path of a file beside it"
            raise UserError(
                f"{place}, {name}: must be {wanted}, not {type(given[0]).__name__}; pairs of"
                " answers are for `unieval dpo understanding`"
            )
        found[name] = given[0]
    media = []
    for name in ("chosen", "rejected"):
        medium = folder / found[name]
        if not medium.exists():
            raise UserError(f"{place}, {name}: {medium} does not exist; add it or drop the row")
        if medium not in digests:
            digests[medium] = _digest(medium)
        media.append(Medium(medium, digests[medium]))
    own = row.get("id")
    return Pair(str(number if own is None else own), found["prompt"], *media)


def _digest(medium: Path) -> str:
    if medium.is_file():
        with medium.open("rb") as stream:
            return str(file_digest(stream, _hash).hexdigest())
    whole = _hash()
    for frame in frame_files(medium, LIMITS):
        whole.update(_digest(frame).encode())
    return str(whole.hexdigest())


def _hash() -> Any:
    return blake2b(digest_size=16)
