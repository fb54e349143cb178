"""Films of the shapes world to be described in words, written down as MLVU's open questions."""

from __future__ import annotations

from pathlib import Path

from ...harness.store import write_json
from .asked import film_of
from .counting import Progress, dice_of
from .motion import FPS, Actor, cast
from .mp4 import encode_film
from .tables import Row

_ASKED = {
    "8_sub_scene.json": "Describe each shape in this film and how it moves.",
    "9_summary.json": "Say in one sentence what this film shows.",
}


def write_mlvu_open(
    folder: Path, *, items: int = 60, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write ``8_sub_scene.json`` and ``9_summary.json``, half of the items each, and ``videos/``.

    Raises:
        OSError: the folder cannot be written.
    """
    (folder / "videos").mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[Row]] = {file: [] for file in _ASKED}
    for index, dice in dice_of("mlvu-open", seed, items, progress):
        who = cast(dice)
        film, name = film_of(who, dice), f"film{index:04d}.mp4"
        (folder / "videos" / name).write_bytes(encode_film(film.pixels(), FPS))
        file = list(_ASKED)[index % 2]
        row: Row = {"video": name, "question": _ASKED[file], "answer": film.caption.text}
        if file == "8_sub_scene.json":
            row["scoring_points"] = [_point(actor) for actor in who.things]
        tables[file].append(row)
    for file, rows in tables.items():
        write_json(folder / file, rows)


def _point(actor: Actor) -> str:
    return f"a {actor.size} {actor.colour} {actor.shape}; how it moves: {actor.motion}"
