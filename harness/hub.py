"""Benchmarks on the hub, read with ``datasets`` at a pinned revision."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from .cache import cache_folder
from .errors import UserError
from .tables import read_table
from .task import HubSource

_MOST_TIMES = 100
"""How much larger than an archive its content may be; media are compressed already."""


def rows(source: HubSource, *, streamed: bool = False) -> Iterator[dict[str, Any]]:
    """Rows of the split, media still encoded (decoding happens when a judge needs them).

    The data set is downloaded once into the hub's cache and memory-mapped, so memory stays flat; or
    its rows are streamed, which needs no disk but the network each time they are read.

    Raises:
        UserError: the data set, configuration, split or revision cannot be had.
    """
    if source.table:
        yield from read_table(_fetched(source, source.table))
        return
    from datasets import Image, Video, load_dataset

    try:
        table = load_dataset(
            source.dataset,
            source.config,
            split=source.split,
            revision=revision(source),
            streaming=streamed,
        )
        for name, feature in (table.features or {}).items():
            if isinstance(feature, Image | Video):
                table = table.cast_column(name, type(feature)(decode=False))
        yield from table
    except Exception as error:  # the library raises a dozen unrelated types here
        reason = str(error).strip().partition("\n")[0]
        raise UserError(
            f"cannot load {source.dataset} ({source.config or 'default'}, {source.split}) from the"
            f" hub: {type(error).__name__}: {reason}. Check the network and `hf auth login`, or"
            " give --data PATH to a local copy, or --data demo"
        ) from None


@cache
def revision(source: HubSource) -> str | None:
    """The commit that is read: the pinned one, or what *main* is now.

    A local folder in the place of a hub id has none. Without a network the copy of *main* in the
    hub's cache is what is read, and *main* is what can be said of it.
    """
    if Path(source.dataset).is_dir():
        return None
    if source.revision != "main":
        return source.revision
    from huggingface_hub import HfApi

    try:
        commit: str | None = HfApi().dataset_info(source.dataset, revision="main").sha
    except Exception:  # offline, or not allowed; reading the data set will tell
        return "main"
    return commit


def media_folder(source: HubSource) -> Path:
    """The unpacked archives of a data set whose rows name files inside them.

    Raises:
        UserError: an archive cannot be had, or names files outside its folder.
    """
    target = cache_folder() / "media" / source.dataset.replace("/", "--") / source.revision
    for name in source.archives:
        done = target / f".{name}.unpacked"
        if done.exists():
            continue
        _unpack(_fetched(source, name), target)
        done.touch()
    return target


def _fetched(source: HubSource, name: str) -> Path:
    """A file of the data set's repository, in the hub's cache."""
    from huggingface_hub import hf_hub_download

    try:
        return Path(
            hf_hub_download(source.dataset, name, repo_type="dataset", revision=source.revision)
        )
    except Exception as error:
        raise UserError(
            f"cannot fetch {name} of {source.dataset}: {error}. Check the network, or give --data"
            " PATH to a local copy, or --data demo"
        ) from None


def _unpack(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as files:
        members = files.infolist()
        for member in members:
            if not (target / member.filename).resolve().is_relative_to(target.resolve()):
                raise UserError(f"{archive} names a file outside its folder: {member.filename}")
            if stat.S_ISLNK(member.external_attr >> 16):
                raise UserError(f"{archive} holds a link instead of a file: {member.filename}")
        size = sum(member.file_size for member in members)
        if size > _MOST_TIMES * archive.stat().st_size:
            raise UserError(
                f"{archive} would unpack to {size:,} bytes, more than {_MOST_TIMES} times its size,"
                " as no media do"
            )
        files.extractall(target)
