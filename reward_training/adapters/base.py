"""What an adapter is: a data set's published layout, and how one of its rows becomes preferences.

A row is read through :class:`FoundRow`, whose complaints name file, row, column and rule.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from ...harness.errors import UserError, not_found
from ...harness.items import Media, Modality
from ...harness.tables import Row
from ...tasks import reading
from ..preferences import Preference


@dataclass(frozen=True)
class Layout:
    """How a data set is published.

    Args:
        hub: its id on the hub.
        columns: the columns that are read, and what they hold.
        seen: where these columns were seen.
        verified: whether they were seen in the data set's own card, or in public code that reads
            or writes it. Where not, a row without them is never guessed at.
        config: the hub's configuration.
        split: the hub's split.
        folder: where the table lies in a copy of the hub repository.
        table: the table's file name there, without its ending; the default is the split.
        on_hub: whether its rows can be read from the hub as they are (else: a local copy only).
    """

    hub: str
    columns: Mapping[str, str]
    seen: str
    verified: bool
    config: str | None = None
    split: str = "train"
    folder: str | None = None
    table: str | None = None
    on_hub: bool = True


class BadRowError(UserError):
    """A row that does not fit; ``reason`` is the same for all rows that break the same rule."""

    def __init__(self, where: str, column: str, rule: str, detail: str = "") -> None:
        super().__init__(f"{where}, column '{column}': {rule}{detail}")
        self.reason = f"{column}: {rule}"


@dataclass(frozen=True)
class FoundRow:
    """One row with its place; every getter checks what it gets.

    Args:
        values: the row.
        where: file and row number.
        index: number of the row in its file.
        root: the folder that media paths are relative to.
        layout: the layout that the row should have.
        renamed: where the data at hand call a column otherwise.
    """

    values: Row
    where: str
    index: int
    root: Path | None
    layout: Layout
    renamed: Mapping[str, str] = field(default_factory=dict)

    def bad(self, column: str, rule: str, detail: str = "") -> BadRowError:
        """The error for a column that breaks a rule (the rule names no values of the row)."""
        return BadRowError(self.where, self._name(column), rule, detail)

    def has(self, column: str) -> bool:
        """Whether the column is there and not empty."""
        return self.values.get(self._name(column)) is not None

    def value(self, column: str) -> object:
        """Whatever the column holds."""
        name = self._name(column)
        if name not in self.values:
            raise self.bad(column, "is missing", self._present())
        found: object = self.values[name]
        if found is None:
            raise self.bad(column, "is empty")
        return found

    def text(self, column: str) -> str:
        """Text that is not blank."""
        found = self.value(column)
        if not isinstance(found, str) or not found.strip():
            raise self.bad(column, "must be text", _shown(found))
        return found

    def number(self, column: str) -> float:
        """A finite number."""
        return self._finite(column, self.value(column))

    def items(self, column: str) -> Sequence[object]:
        """A list that is not empty."""
        found = self.value(column)
        if not isinstance(found, list | tuple) or not found:
            raise self.bad(column, "must be a list with something in it", _shown(found))
        return found

    def optional_items(self, column: str) -> Sequence[object]:
        """A list that may be empty or absent."""
        return self.items(column) if self.values.get(self._name(column)) else ()

    def numbers(self, column: str) -> list[float]:
        """A list of finite numbers."""
        return [self._finite(column, each) for each in self.items(column)]

    def media(self, column: str, modality: Modality) -> Media:
        """The image or video that the column holds or names."""
        return self.as_media(column, self.value(column), modality)

    def as_media(self, column: str, value: object, modality: Modality) -> Media:
        """An image or video as the column holds or names it: bytes, a path or an address."""
        try:
            media = reading.media(value, modality, self.root, self.where)
        except UserError as error:
            reason = str(error).removeprefix(f"{self.where}: ")
            raise self.bad(column, f"must hold or name {_a(modality)}", f" ({reason})") from None
        if not media.uri:
            raise self.bad(column, f"must hold or name {_a(modality)}", " (it is empty)")
        return media

    def turns(self, column: str = "conversations") -> tuple[str, str]:
        """What the human and the model say in a conversation of two turns (LLaVA's form)."""
        found = self.items(column)
        speakers = [turn.get("from") if isinstance(turn, Mapping) else None for turn in found]
        if speakers != ["human", "gpt"]:
            raise self.bad(column, "must be one turn of human and one of gpt", _shown(speakers))
        said = [turn.get("value") for turn in found if isinstance(turn, Mapping)]
        if not all(isinstance(text, str) for text in said):
            raise self.bad(column, "must hold texts")
        return str(said[0]), str(said[1])

    def _name(self, column: str) -> str:
        return self.renamed.get(column, column)

    def _finite(self, column: str, value: object) -> float:
        number = _as_number(value)
        if number is None or not math.isfinite(number):
            raise self.bad(column, "must be a number", _shown(value))
        return number

    def _present(self) -> str:
        present = f"; the columns are: {', '.join(map(str, self.values)) or 'none'}"
        if self.layout.verified:
            return present
        return (
            f"{present}. The layout of {self.layout.hub} could not be checked against its files:"
            " say with `columns` what they call it"
        )


class Adapter(ABC):
    """Reads one data set.

    ``preferences`` makes preferences of one row; ``combine`` may then put those of several rows
    together. ``folder`` is where the table lies, for data sets of several files.
    """

    layout: ClassVar[Layout]

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    @abstractmethod
    def preferences(self, row: FoundRow) -> Iterable[Preference]:
        """The preferences of one row; raises :class:`BadRowError` where it does not fit."""

    def combine(self, found: Iterator[Preference]) -> Iterable[Preference]:
        """The data set's preferences, from those of its rows."""
        return found


ADAPTERS: dict[str, type[Adapter]] = {}


def adapter(name: str) -> Callable[[type[Adapter]], type[Adapter]]:
    """Decorator that registers an adapter under the name that configurations use."""

    def add(cls: type[Adapter]) -> type[Adapter]:
        ADAPTERS[name] = cls
        return cls

    return add


def get_adapter(name: str) -> type[Adapter]:
    """The adapter of that name; raises :class:`UserError` with a suggestion otherwise."""
    if name not in ADAPTERS:
        raise not_found("preference adapter", name, ADAPTERS)
    return ADAPTERS[name]


def _as_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _shown(value: object) -> str:
    """The start of a value, for messages."""
    text = repr(value)
    return f" (found {text if len(text) <= 60 else text[:57] + '...'})"


def _a(modality: Modality) -> str:
    return "an image" if modality == "image" else "a video"
