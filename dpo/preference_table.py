"""``preferences.parquet``: in TRL's conversational preference format, or as rows of media."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..harness.errors import UserError
from .build_settings import BuildSettings
from .media_files import MediaFolder
from .outcomes import Outcome
from .sifting import Choice

_ROWS = 64
"""Rows written together: with their images, as many as fit in memory with ease."""

Row = dict[str, Any]


def kept_rows(
    settings: BuildSettings, outcomes: Sequence[Outcome], folder: Path, media: MediaFolder
) -> Iterator[Row]:
    """A row of each prompt with a preference, without the images' bytes.

    What is asked about is copied beside the candidates.

    Args:
        settings: the data set's.
        outcomes: of all prompts.
        folder: where what is asked about lies.
        media: where it goes.
    """
    for outcome in outcomes:
        if isinstance(outcome.choice, Choice):
            build = _answers if settings.objective == "understanding" else _media
            yield build(settings, outcome, outcome.choice, folder, media)


def _answers(
    settings: BuildSettings, outcome: Outcome, choice: Choice, folder: Path, media: MediaFolder
) -> Row:
    shown = []
    for name in outcome.prompt.media:
        try:
            shown.append(media.keep((folder / name).read_bytes(), Path(name).suffix.lower()))
        except OSError as error:
            raise UserError(
                f"{folder / name} cannot be read any more: {error.strerror}; put it back"
            ) from None
    content: list[Row] = [{"type": settings.modality, "text": None} for _ in shown]
    content.append({"type": "text", "text": outcome.prompt.text})
    chosen, rejected = (outcome.distinct[n] for n in (choice.chosen, choice.rejected))
    return {
        "id": outcome.prompt.id,
        "modality": settings.modality,
        "prompt": [{"role": "user", "content": content}],
        "chosen": _said(chosen.key),
        "rejected": _said(rejected.key),
        "media": shown,
        **_numbers(choice),
    }


def _said(text: str) -> list[Row]:
    return [{"role": "assistant", "content": [{"type": "text", "text": text}]}]


def _media(
    settings: BuildSettings, outcome: Outcome, choice: Choice, folder: Path, media: MediaFolder
) -> Row:
    chosen, rejected = (outcome.distinct[n] for n in (choice.chosen, choice.rejected))
    return {
        "id": outcome.prompt.id,
        "modality": settings.modality,
        "prompt": outcome.prompt.text,
        "chosen": chosen.media,
        "rejected": rejected.media,
        **_numbers(choice),
        "chosen_seed": chosen.seed,
        "rejected_seed": rejected.seed,
    }


def _numbers(choice: Choice) -> Mapping[str, float]:
    return {
        "chosen_score": choice.chosen_score,
        "rejected_score": choice.rejected_score,
        "margin": choice.margin,
    }


def write_table(
    path: Path, settings: BuildSettings, rows: Sequence[Row], media: MediaFolder
) -> None:
    """Write the rows so that the file is either whole or not there.

    Of questions about images, every row has the images themselves, so ``datasets`` and TRL load
    the file alone.

    Raises:
        UserError: the folder cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(settings)
    part = path.with_suffix(".part")
    try:
        with pq.ParquetWriter(part, schema) as writer:
            for start in range(0, len(rows), _ROWS):
                some = rows[start : start + _ROWS]
                if "images" in schema.names:
                    some = [{**row, "images": _images(row, media)} for row in some]
                writer.write_table(pa.Table.from_pylist(some, schema=schema))
        part.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error}; free space") from error


def _images(row: Row, media: MediaFolder) -> list[Row]:
    return [{"bytes": (media.root / name).read_bytes(), "path": name} for name in row["media"]]


def _schema(settings: BuildSettings) -> Any:
    """Columns with the types that ``datasets`` knows them by."""
    from datasets import Features, Image, List, Value

    text, number = Value("string"), Value("float64")
    scores = dict.fromkeys(("chosen_score", "rejected_score", "margin"), number)
    if settings.objective == "generation":
        seeds = {name: Value("int64") for name in ("chosen_seed", "rejected_seed")}
        texts = dict.fromkeys(("id", "modality", "prompt", "chosen", "rejected"), text)
        return Features({**texts, **scores, **seeds}).arrow_schema
    turns = List({"role": text, "content": List({"type": text, "text": text})})
    images = {"images": List(Image())} if settings.modality == "image" else {}
    return Features(
        {
            **dict.fromkeys(("id", "modality"), text),
            **dict.fromkeys(("prompt", "chosen", "rejected"), turns),
            "media": List(text),
            **images,
            **scores,
        }
    ).arrow_schema
