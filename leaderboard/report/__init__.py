"""A report people look at: tables, plots and every sample, as one folder that needs no server."""

from __future__ import annotations

from .write import write_report

__all__ = ["write_report"]
