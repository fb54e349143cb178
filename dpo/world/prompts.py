"""Prompts for ``unieval build-preferences``: captions that a generator has not learnt from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from ...tasks.shapes.captioned import MOST_THINGS, captioned_scene


def write_image_prompts(
    path: Path,
    count: int,
    seed: int,
    *,
    part: Literal["aligning", "test"] = "aligning",
    most_things: int = MOST_THINGS["image"],
) -> Path:
    """Write ``count`` distinct captions of pictures, see :func:`write_prompts`.

    Args:
        path: the file.
        count: how many.
        seed: another seed is another choice.
        part: what is for ``aligning`` and for ``test`` share nothing that they say with each
            other, nor with what a generator learnt from, whatever the seeds.
        most_things: things that a caption speaks of, at most.
    """

    def text(number: int) -> str:
        return captioned_scene(part, seed, number, most_things)[1].text

    return write_prompts(path, count, f"image-{part}-{seed}", text)


def write_prompts(path: Path, count: int, name: str, text: Callable[[int], str]) -> Path:
    """Write ``count`` distinct prompts as JSON Lines of ``id`` and ``prompt``.

    Args:
        path: the file; its folder is made if there is none.
        count: how many.
        name: what ids begin with.
        text: makes a prompt of a number; numbers are tried from 0 on.

    Returns:
        ``path``, which appears when it is complete.

    Raises:
        OSError: it cannot be written.
    """
    texts: dict[str, None] = {}
    number = 0
    while len(texts) < count:
        texts.setdefault(text(number))
        number += 1
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8") as out:
        for place, each in enumerate(texts):
            out.write(json.dumps({"id": f"{name}-{place}", "prompt": each}) + "\n")
    unfinished.replace(path)
    return path
