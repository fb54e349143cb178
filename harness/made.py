"""Media that a model has made for prompts: a folder of files, or a run folder that keeps them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from .items import Modality, PromptItem
from .read_only import RECORDS, ReadOnlyStore, unreadable

SUFFIXES: Mapping[Modality, tuple[str, ...]] = {
    "image": (".png", ".jpg", ".jpeg", ".webp"),
    "video": (".mp4", ".webm", ".mov", ".gif"),
}
_IN_MEDIA = re.compile(r"media/[\w-][\w.-]*")
"""Where a run keeps a medium: a file of this folder, and never above it."""


class Made:
    """Finds what was made for a prompt.

    In a run folder of ``unieval run --model``, that is what the run stored for an item of the same
    id and prompt. In a folder of media, the file's name tells: ``17.png``, or ``17_0.png``,
    ``17_1.png`` for several votes, where characters of an id other than letters, digits, ``-``,
    ``_`` and ``.`` are written ``_``. So do the names that two benchmarks use:
    ``<prompt>-0.mp4`` (VBench) and ``00017/samples/0000.png`` (GenEval).

    Args:
        path: the folder; it is looked at when something is asked for.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, item: PromptItem, vote: int) -> Path | None:
        """The file that was made for a prompt, the ``vote``-th; *None* if there is none."""
        if self._stored is not None:
            place = self._stored.get((item.id, vote, item.prompt))
            return self.path / place if place is not None else None
        for stem in _stems(item, vote):
            for suffix in SUFFIXES[item.modality]:
                file = self.path / f"{stem}{suffix}"
                if file.is_file():
                    return file
        return None

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the media's names and sizes; in a run folder, names are hashes of content."""
        digest = blake2b(digest_size=16)
        if self._stored is not None:
            for key, place in sorted(self._stored.items()):
                digest.update(f"{key}{place}\n".encode("utf-8", "surrogatepass"))
        else:
            for file in sorted(self.path.rglob("*")):
                name, size = file.relative_to(self.path).as_posix(), file.stat().st_size
                digest.update(f"{name}\0{size}\n".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    @cached_property
    def _stored(self) -> dict[tuple[str, int, str], str] | None:
        """Places by item id, vote and prompt; *None* if this is no run folder."""
        return _of_run(self.path) if (self.path / RECORDS).is_file() else None


def _stems(item: PromptItem, vote: int) -> Iterator[str]:
    """What a file may be called without its ending; no name leaves the folder."""
    name = re.sub(r"[^\w.-]", "_", item.id)
    yield f"{name}_{vote}"
    if vote == 0:
        yield name
    if "/" not in item.prompt:
        yield f"{item.prompt}-{vote}"
    yield f"{name}/samples/{vote:04d}"


def _of_run(folder: Path) -> dict[tuple[str, int, str], str]:
    found: dict[tuple[str, int, str], str] = {}
    with ReadOnlyStore(folder) as store:
        for _, item, order, vote, raw, content in store.raw_outputs():
            if order == "ab" and _IN_MEDIA.fullmatch(raw):
                found.setdefault((item, vote, _prompt(content, folder)), raw)
    return found


def _prompt(content: str, folder: Path) -> str:
    try:
        return str(json.loads(content)["prompt"])
    except (ValueError, KeyError, TypeError) as error:
        raise unreadable(folder, error) from None
