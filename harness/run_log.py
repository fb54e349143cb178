"""What a run says: to the user, and in ``log.txt`` of its folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from .errors import UserError
from .secrets import scrubbed
from .store import Store, unwritable


class RunLog:
    """``log.txt`` of one run folder, open for more lines.

    Args:
        folder: the run folder.
        notify: tells the user a line.

    Raises:
        UserError: the file cannot be written, now or later.
    """

    def __init__(self, folder: Path, notify: Callable[[str], None]) -> None:
        self._folder, self._notify = folder, notify
        try:
            self._file = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise unwritable(folder, error) from error

    def note(self, line: str) -> None:
        """Write a line; secrets are left out."""
        try:
            os.write(self._file, f"{scrubbed(line)}\n".encode())
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def say(self, line: str) -> None:
        """Write a line, and tell it the user."""
        self._notify(scrubbed(line))
        self.note(line)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)


def say_unanswered(store: Store, found: Mapping[str, Any], say: Callable[[str], None]) -> None:
    """Tell how many samples failed and how many answers could not be read, with the first of each.

    Args:
        store: the run's records.
        found: what ``results.json`` holds.
        say: told of it.

    Raises:
        UserError: every sample failed.
    """
    entries = found["tasks"].values()
    failed, outputs = sum(e["failed"] for e in entries), sum(e["outputs"] for e in entries)
    if unread := sum(entry["unparsed"] for entry in entries):
        item, status, text = store.first_unread() or ("?", "?", None)
        said = "" if text is None else f": {_short(text)}"
        say(
            f"warning: {unread:,} of {outputs:,} answers could not be read and count as not right;"
            f" the first, item {item}, is {status}{said}"
        )
    if failed:
        item, reason = store.first_failure() or ("?", "?")
        if failed == outputs:
            raise UserError(f"every sample failed; the first, item {item}: {reason}")
        say(f"{failed:,} of {outputs:,} samples failed; the first, item {item}: {reason}")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 80 else f"{line[:77]}...")
