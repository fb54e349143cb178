"""What tasks share that ask a model about images and videos."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..harness.downloads import is_address
from ..harness.errors import UserError
from ..harness.items import LETTERS, SCORE, Kind, Media, Modality, Objective
from ..harness.tables import Row
from ..harness.task import Data, HubSource, OrderPlan
from .reading import media, media_root

ONE_LETTER = "Answer with the letter of the right option, and nothing else."
"""What follows the options of a question."""


class Asks:
    """The members that all of them have."""

    version = "1"
    kind: Kind = "question"
    modality: Modality | None = "video"
    objective: Objective | None = "understanding"
    choices = SCORE
    official_order: OrderPlan = "given"
    answers: str = "open"
    headline: tuple[str, ...] = ("accuracy",)

    @property
    def demo_version(self) -> str:
        """Version of the shapes world behind the demo data, and of what is asked there."""
        from .shapes.demo import WORLD_VERSION

        return f"v{WORLD_VERSION}.1"


def video_root(data: Data, source: HubSource | None, own: Path | None) -> Path | None:
    """The folder that videos lie below: the user's own, else that of the data.

    Raises:
        UserError: the user's folder does not exist.
    """
    if own is not None:
        if not own.is_dir():
            raise UserError(f"--task-arg videos={own}: no such folder")
        return own
    if source is None:
        assert data.path is not None
        return data.path if data.path.is_dir() else data.path.parent
    return media_root(data, source)


def video(row: Row, columns: Sequence[str], folder: str, root: Path | None, where: str) -> Media:
    """The video that a row names in one of the columns: a path, bytes, or an id.

    A name without an ending is an id, whose file ``<folder>/<id>.mp4`` is; a bare file name lies in
    the folder too. Where there is no folder on this machine, only judges and models that open no
    media can take it.
    """
    value = next((row[name] for name in columns if row.get(name)), None)
    if isinstance(value, str) and not is_address(value):
        name = value if Path(value).suffix else f"{value}.mp4"
        value = name if "/" in name else f"{folder}/{name}"
        if root is None:
            return Media("video", value, name=value)
    return media(value, "video", root, where)


def without_letters(options: Sequence[str]) -> tuple[str, ...]:
    """Options without the ``A. `` or ``(A) `` that some data write before them."""
    if all(_LETTERED.match(option) for option in options):
        return tuple(_LETTERED.sub("", option, count=1) for option in options)
    return tuple(options)


_LETTERED = re.compile(rf"\s*(?:\([{LETTERS}]\)|[{LETTERS}][.):])\s*")


def place_of(answer: object, options: Sequence[str], where: str) -> int:
    """The place of the right option, given as its letter, its number or its text.

    Raises:
        UserError: it is none of these.
    """
    if isinstance(answer, int) and 0 <= answer < len(options):
        return answer
    text = str(answer).strip()
    if text in options:
        return list(options).index(text)
    letter = text.strip("().").upper()
    if len(letter) == 1 and letter in LETTERS[: len(options)]:
        return LETTERS.index(letter)
    raise UserError(f"{where}: the answer is {answer!r}, which is none of {len(options)} options")


def subtitled(data: Data, wanted: bool) -> Data:
    """The data, media at hand where subtitles are read, which are fetched with them."""
    return replace(data, media=True) if wanted else data
