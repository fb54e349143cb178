"""The shapes world written down as reward benchmarks publish their data.

As in ``demo``, each function writes one demo set, its table last, and ``seed`` names the set.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...harness.items import Verdict
from ...harness.truth import with_truth
from .caption import caption
from .counting import Progress, counted
from .dice import Dice
from .draw import encode
from .labels import human_score
from .pairs import PAINTERS, Pair, decided
from .pictures import Picture, picture, picture_pairs
from .scene import generate
from .tables import Kind, Row, write_json_lines, write_parquet

_PICKED = {Verdict.FIRST: "1", Verdict.SECOND: "0"}
_SUBSETS = {
    "alignment": ("attributes", "counting"),
    "safety": ("nsfw", "toxicity"),
    "quality": ("blur", "distortion"),
}
"""Names only: nothing in this world is unsafe."""


def write_mj_bench(
    folder: Path, split: str, *, items: int = 100, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write one perspective of MJ-Bench: ``data/<split>-*.parquet``; no ties, as there.

    Raises:
        OSError: the folder cannot be written.
    """
    subsets = _SUBSETS[split]
    rows: list[Row] = []
    for index, pair in _decided(f"mj-bench {split}", items, seed, progress):
        rows.append(
            {
                "caption": pair.prompt,
                **_images(("image0", "image1"), index, pair),
                "label": 0 if pair.label is Verdict.FIRST else 1,
                "info": subsets[index % len(subsets)],
            }
        )
    columns: dict[str, Kind] = {"caption": "string", "image0": "image", "image1": "image"}
    columns |= {"label": "number", "info": "string"}
    write_parquet(folder / "data" / f"{split}-00000-of-00001.parquet", columns, rows)


def write_pickapic(
    folder: Path, *, items: int = 100, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write Pick-a-Pic: ``data/test_unique-*.parquet``.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = []
    for index, pair in counted(picture_pairs(items, seed=_own("pickapic", seed)), items, progress):
        first = _PICKED.get(pair.label, "0.5")
        second = {"1": "0", "0": "1"}.get(first, first)
        row: Row = {"caption": pair.prompt, **_images(("jpg_0", "jpg_1"), index, pair)}
        rows.append(row | {"label_0": float(first), "label_1": float(second)})
    columns: dict[str, Kind] = {"caption": "string", "jpg_0": "image", "jpg_1": "image"}
    columns |= {"label_0": "decimal", "label_1": "decimal"}
    write_parquet(folder / "data" / "test_unique-00000-of-00001.parquet", columns, rows)


def write_hpdv3(
    folder: Path, *, items: int = 100, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write HPDv3: ``test.jsonl`` and ``images/``; the first image is the preferred one, as there.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = []
    for index, pair in _decided("hpdv3", items, seed, progress):
        names = [
            _saved(folder, f"{index:05d}-{side}", candidate)
            for side, candidate in zip("ab", pair.candidates, strict=True)
        ]
        models = list(pair.models)
        if pair.label is Verdict.SECOND:
            names, models = names[::-1], models[::-1]
        row: Row = {"prompt": pair.prompt, "path1": names[0], "path2": names[1]}
        rows.append(row | {"model1": models[0], "model2": models[1], "confidence": None})
    write_json_lines(folder / "test.jsonl", rows)


def write_rankings(
    folder: Path,
    images: str,
    ranks: str,
    *,
    items: int = 25,
    seed: int = 0,
    progress: Progress | None = None,
) -> None:
    """Write rankings of four or five pictures for a prompt: ``test.jsonl`` and ``images/``.

    ``images`` and ``ranks`` are the names of the two columns of lists.

    Raises:
        OSError: the folder cannot be written.
    """
    rows: list[Row] = []
    for index in range(items):
        dice = Dice("shapes", "rankings", images, seed, index)
        asked = generate(dice)
        said = caption(asked)
        painters = dice.shuffled(list(PAINTERS))[: 4 + index % 2]
        made = [picture(asked, said, PAINTERS[name], dice) for name in painters]
        seen = [round(human_score(one.score, dice), 1) for one in made]
        rows.append(
            {
                "id": f"{index:06d}",
                "prompt": said.text,
                images: [_saved(folder, f"{index:05d}-{i}", one) for i, one in enumerate(made)],
                ranks: [1 + sum(other > own for other in seen) for own in seen],
            }
        )
        if progress:
            progress(index + 1, items)
    write_json_lines(folder / "test.jsonl", rows)


def _decided(
    kind: str, items: int, seed: int, progress: Progress | None
) -> Iterator[tuple[int, Pair[Picture]]]:
    """Pairs that a voter decided."""
    found = picture_pairs(items * 4, seed=_own(kind, seed))
    return counted(decided(found, items), items, progress)


def _own(kind: str, seed: int) -> int:
    """A seed of each benchmark's own, so that no two show the same pictures."""
    return Dice("shapes", "reward benchmarks", kind, seed).below(2**31)


def _images(sides: tuple[str, str], index: int, pair: Pair[Picture]) -> Row:
    return {
        side: {"bytes": _png(candidate), "path": f"{index:05d}-{side}.png"}
        for side, candidate in zip(sides, pair.candidates, strict=True)
    }


def _saved(folder: Path, name: str, shown: Picture) -> str:
    """Write a picture's file, and say where it is."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "images" / f"{name}.png").write_bytes(_png(shown))
    return f"images/{name}.png"


def _png(shown: Picture) -> bytes:
    return with_truth(encode(shown.pixels()), shown.truth())
