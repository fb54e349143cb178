"""Preferences as plain JSON Lines: one object a line, media as paths, addresses or saved files.

A pair and a score::

    {"id": "7", "source": "mine", "modality": "image", "objective": "generation",
     "prompt": "a red cube", "candidates": ["a.png", "b.png"], "verdict": "first"}
    {"id": "8", "source": "mine", "modality": "video", "objective": "understanding",
     "prompt": "What happens?", "context": ["v.mp4"], "candidates": ["A cube falls."],
     "score": 4.5, "score_range": [1, 5], "rationale": "The cube does fall."}

Reading is the adapter ``jsonl``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..harness.downloads import is_address
from ..harness.errors import UserError
from ..harness.items import Media
from .preferences import Preference

_PLAIN = ("id", "source", "modality", "objective", "prompt")
_OPTIONAL = ("score", "score_range", "rationale")


def write_jsonl(path: Path, preferences: Iterable[Preference], root: Path | None = None) -> int:
    """Write preferences, one a line; returns how many.

    Args:
        path: the file; it appears under this name only when it is complete.
        preferences: what to write.
        root: folder that media paths are written relative to (give it as ``media`` when reading);
            the default is the file's own. Embedded media are saved in its ``media`` folder.

    Raises:
        UserError: a medium lies outside the root.
    """
    root = path.parent if root is None else root
    unfinished = path.with_name(f".{path.name}.part")
    count = 0
    with unfinished.open("w", encoding="utf-8") as out:
        for preference in preferences:
            out.write(json.dumps(as_row(preference, root), ensure_ascii=False) + "\n")
            count += 1
    unfinished.replace(path)
    return count


def as_row(preference: Preference, root: Path) -> dict[str, object]:
    """The preference as one JSON object; what is absent is left out."""
    row: dict[str, object] = {name: getattr(preference, name) for name in _PLAIN}
    if preference.context:
        row["context"] = [_reference(media, root) for media in preference.context]
    row["candidates"] = [
        _reference(c, root) if isinstance(c, Media) else c for c in preference.candidates
    ]
    if preference.verdict is not None:
        row["verdict"] = preference.verdict.value
    for name in _OPTIONAL:
        if getattr(preference, name) is not None:
            row[name] = getattr(preference, name)
    if preference.cluster != preference.prompt:
        row["cluster"] = preference.cluster
    return row


def with_media_saved(preference: Preference, folder: Path) -> Preference:
    """The preference with embedded media saved in a folder, so that memory holds addresses only."""
    if not any(media.data for media in preference.media):
        return preference
    return replace(
        preference,
        context=tuple(saved(media, folder) for media in preference.context),
        candidates=tuple(
            saved(c, folder) if isinstance(c, Media) else c for c in preference.candidates
        ),
    )


def saved(media: Media, folder: Path) -> Media:
    """An embedded medium as a file named by its content; any other is returned as it is."""
    if media.data is None:
        return media
    name = media.uri.rpartition(":")[2]
    file = folder / name
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # several processes may save the same content at once
        unfinished = folder / f".{name}.{os.getpid()}"
        unfinished.write_bytes(media.data)
        unfinished.replace(file)
    return Media(media.modality, str(file), name=media.key)


def _reference(media: Media, root: Path) -> str:
    media = saved(media, root / "media")
    if is_address(media.uri):
        return media.uri
    inside = os.path.relpath(media.uri, root)
    if inside.startswith(".."):
        raise UserError(
            f"{media.modality} {media.uri} lies outside {root}; give the folder that holds all"
            " media as root"
        )
    return inside
