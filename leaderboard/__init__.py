"""Tables from run folders: what was measured, beside what papers report.

Reads ``results.json``, and records where the best is told from the rest; no model code is imported.
"""

from __future__ import annotations

from .figures import PublishedFigure, Source, figures
from .model import Cell, Column, Counts, Row, Table
from .render import render
from .runs import Run, find_runs, read_run
from .site import write_site
from .summary import summaries
from .table import build
from .terminal import print_tables

__all__ = [
    "Cell",
    "Column",
    "Counts",
    "PublishedFigure",
    "Row",
    "Run",
    "Source",
    "Table",
    "build",
    "figures",
    "find_runs",
    "print_tables",
    "read_run",
    "render",
    "summaries",
    "write_site",
]
