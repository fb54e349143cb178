"""A report as a folder: ``index.html``, ``data/`` and ``media/``; opened from the file system."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...harness.errors import UserError
from ...harness.progress import progress
from .. import layout
from ..runs import find_runs, read_run
from ..table import build
from .itemsets import ItemSet, JudgedRun, item_sets, opened
from .media import MediaFolder, Mode
from .page import render
from .plots import Panel, figures_of, panels_of
from .samples import Samples, chosen
from .scripts import write_data
from .settings import settings_of, summary_of

MARK = "data/meta.js"
"""The file by which a folder is known to be a report, and may be written anew."""


def write_report(
    paths: Sequence[Path],
    out: Path,
    *,
    media: Mode = "copy",
    samples: int | None = None,
    data: Mapping[str, Path] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Write the report of some runs; an earlier report in its place is replaced when it is done.

    Args:
        paths: run folders, or folders that hold several; without any, those under ``runs/``.
        out: the folder to write; absent, empty or an earlier report.
        media: *copy* images and videos into the folder, *link* to local files, or *none*.
        samples: show so many samples of each task, drawn at random; tables and plots have all.
        data: where the data of a task are, by its name, or ``""`` for all others; needed for media
            where they are not found from the manifest.
        say: told what could not be had.

    Returns:
        The page's file.

    Raises:
        UserError: a run cannot be read, or the folder cannot be written or holds something else.
    """
    _refuse_strangers(out)
    runs = opened([read_run(path) for path in find_runs(paths)])
    warnings: list[str] = []

    def warn(line: str) -> None:
        warnings.append(line)
        say(line)

    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            _fill(
                part, runs, MediaFolder(part / "media", media), samples, data or {}, warnings, warn
            )
            part.chmod(0o755)
            if out.is_dir():
                shutil.rmtree(out)
            part.rename(out)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise UserError(
            f"cannot write the report {out}: {error.strerror or error}; free space or choose"
            " another --out"
        ) from error
    return out / "index.html"


def _refuse_strangers(out: Path) -> None:
    if out.is_file():
        raise UserError(f"--out {out} is a file; name a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise UserError(f"--out {out} holds something else than a report; choose another folder")


def _fill(
    folder: Path,
    runs: Sequence[JudgedRun],
    media: MediaFolder,
    limit: int | None,
    given: Mapping[str, Path],
    warnings: Sequence[str],
    warn: Callable[[str], None],
) -> None:
    sets = item_sets(runs)
    (folder / "data").mkdir()
    writer = Samples(folder / "data", runs, media, given, warn)
    total = sum(len(chosen(items, limit)) for items in sets)
    with progress("samples of the report", total) as shown:
        for number, items in enumerate(sets):
            writer.add(number, items, limit, shown)
    writer.finish()
    write_data(folder / "data", "meta", _meta(runs, sets, writer))
    content = _content(runs, sets, warnings, writer.total)
    (folder / "index.html").write_text(render(content), encoding="utf-8")


def _meta(runs: Sequence[JudgedRun], sets: Sequence[ItemSet], written: Samples) -> dict[str, Any]:
    return {
        "runs": [judged.label for judged in runs],
        "sets": [
            {
                "title": items.title,
                "kind": items.kind,
                "groups": list(items.groups),
                "dimensions": [dimension.name for dimension in items.dimensions],
            }
            for items in sets
        ],
        "indexes": written.indexes,
        "details": written.starts,
    }


def _content(
    runs: Sequence[JudgedRun], sets: Sequence[ItemSet], warnings: Sequence[str], shown: int
) -> dict[str, Any]:
    tables = build([judged.run.path for judged in runs])
    figures: dict[str, list[Panel]] = {}
    for table in tables:
        panel = figures_of(runs, table)
        if panel is not None:
            figures.setdefault(table.task, []).append(panel)
    judges, tasks = _counted(len(runs), "run"), _counted(len(sets), "task")
    total = sum(len(items) for items in sets)
    part = f"{shown:,} of {total:,}" if shown < total else f"all {total:,}"
    return {
        "title": f"Report: {judges} on {tasks}",
        "introduction": f"{judges.capitalize()}, {tasks}; {part} samples can be looked at.",
        "warnings": list(warnings),
        "tables": tables,
        "layout": layout,
        "count_names": layout.COUNTS,
        "summaries": [summary_of(judged) for judged in runs],
        "settings": settings_of(runs),
        "sets": [
            {
                "title": items.title,
                "n": len(items),
                "panels": [*figures.get(items.task, []), *panels_of(runs, items)],
            }
            for items in sets
        ],
    }


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
