"""Runs with a faulty judge, and what of them is on the disk."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

PLUGIN = Path(__file__).parent / "faulty.py"


@pytest.fixture
def arguments(genai_items: Callable[..., Path], tmp_path: Path) -> Callable[..., list[str]]:
    """The command that runs a judge over so many items, each in both orders."""

    def build(judge: str, *more: object, n: int = 40, out: Path | None = None) -> list[str]:
        items = genai_items(n)
        return [
            *("run", "--plugin", str(PLUGIN), "--judge", judge, "--task", "genai-bench-image"),
            *("--data", str(items), "--out", str(out or tmp_path / "run"), "--json"),
            *map(str, more),
        ]

    return build


@pytest.fixture
def start(arguments: Callable[..., list[str]]) -> Callable[..., subprocess.Popen[str]]:
    """Starts such a command in a process of its own."""

    def run(judge: str, *more: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "unieval.cli", *arguments(judge, *more, **options)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)

    return run


@pytest.fixture
def records() -> Callable[[Path], list[tuple[Any, ...]]]:
    """What a run folder has stored, but for times."""

    def read(folder: Path) -> list[tuple[Any, ...]]:
        columns = "task, position, item, ord, vote, key, status, verdict, raw, error"
        with TemporaryDirectory() as copy:  # SQLite writes beside what it reads
            for file in folder.glob("records.sqlite*"):
                shutil.copy(file, copy)
            with sqlite3.connect(Path(copy) / "records.sqlite") as database:
                query = f"SELECT {columns} FROM records ORDER BY position, ord, vote"
                return database.execute(query).fetchall()

    return read
