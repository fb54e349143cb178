"""Read a data set into preferences: from the hub, or from a local copy in its published layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ...harness.errors import UserError
from ...harness.task import Data, HubSource
from ...tasks import reading
from ..plain import with_media_saved
from ..preferences import Preference, PreferenceError
from .base import Adapter, BadRowError, FoundRow, Layout, get_adapter


def read(
    name: str,
    data: Path | None,
    *,
    media: Path | None = None,
    columns: Mapping[str, str] | None = None,
    skip_bad: bool = False,
    skipped: Counter[str] | None = None,
    save_media: Path | None = None,
) -> Iterator[Preference]:
    """The preferences of a data set; ids are unique within it.

    Args:
        name: the adapter.
        data: a file or folder in the published layout; None is the hub.
        media: the folder that media paths are relative to; the default is where the table lies.
        columns: published column name to the name that the data at hand have.
        skip_bad: leave out rows that do not fit, instead of stopping at the first.
        skipped: counts, by reason, what was left out.
        save_media: folder for media that the table holds as bytes; memory then holds addresses.

    Raises:
        UserError: no such adapter, data that cannot be read, or (without ``skip_bad``) a row that
            does not fit; the message names file, row, column and rule.
    """
    kind = get_adapter(name)
    layout = kind.layout
    renamed = dict(columns or {})
    unknown = sorted(renamed.keys() - layout.columns.keys())
    if unknown:
        raise UserError(
            f"adapter {name} reads no column '{unknown[0]}'; it reads: {', '.join(layout.columns)}"
        )
    if data is None and not layout.on_hub:
        raise UserError(
            f"the rows of {layout.hub} cannot be read from the hub as they are (archives, or a"
            " loading script): download it, unpack it, and give the folder as data"
        )
    if data is not None and not data.exists():
        raise UserError(f"{data} does not exist (adapter {name})")
    asked = Data(data, name, media=True)
    source = source_of(layout, local=data is not None)
    root = media if media is not None else reading.media_root(asked, source)
    folder = None if data is None else data if data.is_dir() else data.parent
    adapter = kind(folder)
    rows = (
        FoundRow(values, where, index, root, layout, renamed)
        for index, (where, values) in enumerate(reading.rows(asked, source, ()))
    )
    found = _preferences(adapter, rows, skip_bad, Counter() if skipped is None else skipped)
    for preference in _unique(adapter.combine(found)):
        yield with_media_saved(preference, save_media) if save_media else preference


def source_of(layout: Layout, *, local: bool) -> HubSource:
    """The layout as the reader of tables knows it, for a local copy or for the hub."""
    if local:
        folder = layout.folder or layout.config
        return HubSource(layout.hub, folder, layout.table or layout.split)
    return HubSource(layout.hub, layout.config, layout.split)


def _preferences(
    adapter: Adapter, rows: Iterable[FoundRow], skip_bad: bool, skipped: Counter[str]
) -> Iterator[Preference]:
    for row in rows:
        try:
            # all of a row or nothing of it
            found = list(_checked(adapter, row))
        except BadRowError as error:
            if not skip_bad:
                raise
            skipped[error.reason] += 1
        else:
            yield from found


def _checked(adapter: Adapter, row: FoundRow) -> Iterable[Preference]:
    try:
        yield from adapter.preferences(row)
    except PreferenceError as error:
        raise row.bad(error.field, error.rule) from None


def _unique(found: Iterable[Preference]) -> Iterator[Preference]:
    """Number the repetitions of an id, which data sets do repeat."""
    seen: Counter[tuple[str, str]] = Counter()
    for preference in found:
        seen[preference.source, preference.id] += 1
        times = seen[preference.source, preference.id]
        yield preference if times == 1 else replace(preference, id=f"{preference.id}#{times}")
