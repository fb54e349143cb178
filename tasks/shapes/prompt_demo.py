"""Prompts of the shapes world for generation models, written down as prompt sets are.

Prompts are captions of the part that the world's own generators never learn from (``captioned``).
As in ``demo``, each function writes one demo set, its table last, and ``seed`` names the set.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...harness.items import Modality
from .caption import caption
from .captioned import MOST_THINGS, first_of
from .cast_caption import cast_caption
from .counting import Progress, dice_of
from .dice import Dice
from .draw import encode
from .facts import Caption
from .films import film
from .motion import FPS, Cast, cast
from .mp4 import encode_film
from .pairs import FILMERS, PAINTERS
from .pictures import picture
from .scene import Scene, generate
from .tables import Row, write_json_lines

_NUMBERS = ("one thing", "two things")
Asked = tuple[Any, Caption[Any], Dice]
"""A scene or cast, what is said of it, and the dice for what is made of that."""
_SHOWN: dict[Modality, tuple[Callable[[Dice], Any], Callable[[Any, Dice], Any]]] = {
    "image": (generate, caption),
    "video": (cast, cast_caption),
}
"""How a scene or cast is drawn, and what is said of it."""
_OTHER_PAINTER, _OTHER_FILMER = PAINTERS["easel-base"], FILMERS["lantern-base"]


def write_image_prompts(
    folder: Path, *, items: int = 120, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write ``test.jsonl``: captions of pictures, by how many things they speak of.

    Raises:
        OSError: the folder cannot be written.
    """
    _write_prompts(folder, _captions("image", seed, items, progress))


def write_video_prompts(
    folder: Path, *, items: int = 80, seed: int = 0, progress: Progress | None = None
) -> None:
    """Write ``test.jsonl``: captions of films of one thing.

    Raises:
        OSError: the folder cannot be written.
    """
    _write_prompts(folder, _captions("video", seed, items, progress))


def write_vbench(
    folder: Path,
    dimensions: Sequence[str],
    *,
    items: int = 96,
    seed: int = 0,
    progress: Progress | None = None,
) -> None:
    """Write ``VBench_full_info.json``: captions of films, each for two of the dimensions.

    Raises:
        OSError: the folder cannot be written.
    """
    rows = [
        {
            "prompt_en": said.text,
            "dimension": [dimensions[(index + step) % len(dimensions)] for step in (0, 1)],
        }
        for index, (_, said, _) in _captions("video", seed, items, progress)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "VBench_full_info.json").write_text(json.dumps(rows), encoding="utf-8")


def write_image_wins(
    folder: Path, *, items: int = 120, seed: int = 0, progress: Progress | None = None
) -> None:
    """The same prompts with another model's pictures, ``against/<id>.png``.

    Raises:
        OSError: the folder cannot be written.
    """

    def draw(asked: Scene, said: Caption[Scene], dice: Dice) -> tuple[bytes, str]:
        return encode(picture(asked, said, _OTHER_PAINTER, dice).pixels()), ".png"

    _write_wins(folder, _captions("image", seed, items, progress), draw)


def write_video_wins(
    folder: Path, *, items: int = 80, seed: int = 0, progress: Progress | None = None
) -> None:
    """The same prompts with another model's films, ``against/<id>.mp4``.

    Raises:
        OSError: the folder cannot be written.
    """

    def shoot(asked: Cast, said: Caption[Cast], dice: Dice) -> tuple[bytes, str]:
        return encode_film(film(asked, said, _OTHER_FILMER, dice).pixels(), FPS), ".mp4"

    _write_wins(folder, _captions("video", seed, items, progress), shoot)


def _write_prompts(folder: Path, found: Iterator[tuple[int, Asked]]) -> None:
    rows = [_row(index, asked, said) for index, (asked, said, _) in found]
    write_json_lines(folder / "test.jsonl", rows)


def _write_wins(
    folder: Path,
    found: Iterator[tuple[int, Asked]],
    make: Callable[[Any, Any, Dice], tuple[bytes, str]],
) -> None:
    (folder / "against").mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for index, (asked, said, dice) in found:
        content, suffix = make(asked, said, dice)
        place = f"against/{index}{suffix}"
        (folder / place).write_bytes(content)
        rows.append(_row(index, asked, said) | {"against": place})
    write_json_lines(folder / "test.jsonl", rows)


def _row(index: int, asked: Scene | Cast, said: Caption[Any]) -> Row:
    return {"id": str(index), "prompt": said.text, "category": _NUMBERS[len(asked.things) - 1]}


def _captions(
    makes: Modality, seed: int, items: int, progress: Progress | None
) -> Iterator[tuple[int, Asked]]:
    for index, dice in dice_of(f"{makes}-prompts", seed, items, progress):
        yield index, _caption(makes, dice)


def _caption(makes: Modality, dice: Dice) -> Asked:
    """One that no generator has learnt from."""
    draw, say = _SHOWN[makes]
    shown, said = first_of(
        "test", MOST_THINGS[makes], lambda: draw(dice), lambda shown: say(shown, dice)
    )
    return shown, said, dice
