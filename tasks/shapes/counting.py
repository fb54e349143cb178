"""Demo rows one after the other, told to whoever waits for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from .dice import Dice

Progress = Callable[[int, int], None]
"""Called with (rows done, rows in all) after each row."""
T = TypeVar("T")


def counted(found: Iterable[T], items: int, progress: Progress | None) -> Iterator[tuple[int, T]]:
    """Each with its number, ``items`` in all."""
    for index, item in enumerate(found):
        yield index, item
        if progress:
            progress(index + 1, items)


def dice_of(
    task: str, seed: int, items: int, progress: Progress | None
) -> Iterator[tuple[int, Dice]]:
    """The numbers of a task's demo rows, each with dice of its own."""
    return counted((Dice("shapes", task, seed, index) for index in range(items)), items, progress)
