"""Progress of a run: a bar with rate, ETA and failures on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol


def tell(line: str) -> None:
    """A line on standard error, at once."""
    print(line, file=sys.stderr, flush=True)


class Progress(Protocol):
    """Told of every finished batch."""

    def advance(self, outputs: int, failures: int) -> None:
        """``outputs`` more are stored, ``failures`` of them failed."""
        ...

    def __enter__(self) -> Progress: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def progress(title: str, total: int, done: int = 0) -> Progress:
    """The right display for standard error as it is now."""
    return _Bar(title, total, done) if sys.stderr.isatty() else _Lines(title, total, done)


class _Bar:
    def __init__(self, title: str, total: int, done: int) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}/s"),
            TimeRemainingColumn(),
            TextColumn("[red]{task.fields[failed]} failed"),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task(title, total=total, completed=done, rate="-", failed=0)
        self._start, self._done, self._failed = time.monotonic(), 0, 0

    def advance(self, outputs: int, failures: int) -> None:
        self._done += outputs
        self._failed += failures
        rate = self._done / max(1e-9, time.monotonic() - self._start)
        self._bar.update(
            self._task, advance=outputs, rate=f"{rate:,.1f}", failed=f"{self._failed:,}"
        )

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()


class _Lines:
    """One line every few seconds: log files stay short."""

    EVERY = 5.0

    def __init__(self, title: str, total: int, done: int) -> None:
        self._title, self._total, self._before = title, total, done
        self._start = self._last = time.monotonic()
        self._done = self._failed = self._printed = 0

    def advance(self, outputs: int, failures: int) -> None:
        self._done += outputs
        self._failed += failures
        if time.monotonic() - self._last >= self.EVERY:
            self._last = time.monotonic()
            self._print()

    def _print(self) -> None:
        self._printed = self._done
        rate = self._done / max(1e-9, time.monotonic() - self._start)
        left = (self._total - self._before - self._done) / max(1e-9, rate)
        print(
            f"{self._title}: {self._before + self._done:,}/{self._total:,} outputs,"
            f" {rate:,.1f}/s, {left:,.0f} s left, {self._failed:,} failed",
            file=sys.stderr,
            flush=True,
        )

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._last != self._start and self._done != self._printed:
            self._print()
