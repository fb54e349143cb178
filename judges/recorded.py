"""The judge that passes on what another program has measured, as a model's file says it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from ..harness.items import GradeItem, Output, Request, Status
from ..harness.judge import Supports
from ..harness.registry import judge

_MOST_BYTES = 1 << 20


@judge("as-recorded")
class AsRecorded:
    """Passes on what ``--model vbench-results`` or ``geneval-results`` has read from files.

    It measures nothing itself: the figures are those of the benchmark's own program.
    """

    supports: ClassVar[Supports] = Supports(needs_media=False, pairwise=False, grading=True)
    grammar = "plain"

    def judge(self, batch: Sequence[Request]) -> list[Output]:
        """What each file says."""
        return [_said(request) for request in batch]


def _said(request: Request) -> Output:
    item = request.item
    file = Path(item.context[0].uri) if isinstance(item, GradeItem) and item.context else None
    if file is None or file.suffix != ".json" or file.stat().st_size > _MOST_BYTES:
        reason = "nothing was recorded: as-recorded needs --model vbench-results or geneval-results"
        return Output(failure=(Status.REQUEST_FAILED, reason))
    return Output(text=file.read_text(encoding="utf-8"))
