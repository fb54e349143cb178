"""Demo data in the user's cache: written once by the task, then read like any other data."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, cast

from .cache import cache_folder
from .errors import UserError
from .progress import Progress, progress
from .task import Task


class WritesDemo(Protocol):
    """A task that can write demo data."""

    name: str
    demo_version: str

    def write_demo(
        self, folder: Path, seed: int, progress: Callable[[int, int], None] | None
    ) -> None:
        """Write a few hundred items in the benchmark's own schema; the seed decides which."""
        ...


def demo_data(task: Task, seed: int) -> Path:
    """Folder with the task's demo data, written now if it is not there.

    The folder appears whole or not at all, also with several processes at it.

    Raises:
        UserError: the task has no demo data, or the cache cannot be written.
    """
    if getattr(task, "write_demo", None) is None:
        raise UserError(
            f"{task.name} has no demo data; give --data PATH in the schema that"
            f" `unieval tasks {task.name}` shows, or --data hub"
        )
    writer = cast(WritesDemo, task)
    target = cache_folder() / "demo" / f"{task.name}-{writer.demo_version}-seed{seed}"
    try:
        if not target.is_dir():
            _make(writer, target, seed)
    except OSError as error:
        raise UserError(
            f"cannot write demo data to {target}: {error.strerror}; set UNIEVAL_CACHE to a folder"
            " that can be written"
        ) from error
    return target


def _make(writer: WritesDemo, target: Path, seed: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        with ExitStack() as stack:
            shown: list[Progress] = []

            def show(done: int, total: int) -> None:
                if not shown:
                    title = f"demo data for {writer.name}"
                    shown.append(stack.enter_context(progress(title, total)))
                shown[0].advance(1, 0)

            writer.write_demo(part, seed, show)
        try:
            part.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was first
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
