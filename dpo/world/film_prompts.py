"""Prompts for films: captions that the generator has not learnt from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ...tasks.shapes.captioned import MOST_THINGS
from .film_data import captioned_film
from .prompts import write_prompts


def write_film_prompts(
    path: Path,
    count: int,
    seed: int,
    *,
    part: Literal["aligning", "test"] = "aligning",
    most_things: int = MOST_THINGS["video"],
) -> Path:
    """Write ``count`` distinct captions of films, see :func:`~.prompts.write_prompts`.

    Args:
        path: the file.
        count: how many.
        seed: another seed is another choice.
        part: what is for ``aligning`` and for ``test`` share nothing that they say with each
            other, nor with what a generator learnt from, whatever the seeds.
        most_things: things that a caption speaks of, at most.
    """

    def text(number: int) -> str:
        return captioned_film(part, seed, number, most_things)[1].text

    return write_prompts(path, count, f"film-{part}-{seed}", text)
