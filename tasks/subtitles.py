"""Subtitles of a video as one text, from SubRip (``.srt``) or JSON files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ..harness.errors import UserError

_TIMES = re.compile(r"\s*\d+:\d+:\d+[,.]\d+\s*-->.*")
_TAG = re.compile(r"<[^<>]*>")


def read_subtitles(file: Path) -> str:
    """What is said, a line each, without times; repeated lines once; empty if there is no file.

    JSON files are lists of objects with ``line`` or ``text`` (as LongVideoBench has them).

    Raises:
        UserError: the file cannot be read.
    """
    if not file.is_file():
        return ""
    try:
        content = file.read_text("utf-8-sig", errors="replace")
        lines = _of_json(json.loads(content)) if file.suffix == ".json" else _of_srt(content)
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(f"subtitles {file} cannot be read: {error}") from None
    said = [" ".join(_TAG.sub("", line).split()) for line in lines]
    kept = [line for i, line in enumerate(said) if line and (i == 0 or line != said[i - 1])]
    return "\n".join(kept)


def _of_srt(content: str) -> list[str]:
    blocks = re.split(r"\n\s*\n", content.replace("\r\n", "\n"))
    found = []
    for block in blocks:
        lines = block.strip().split("\n")
        times = next((i for i, line in enumerate(lines) if _TIMES.fullmatch(line)), None)
        if times is not None:
            found.append(" ".join(lines[times + 1 :]))
    return found


def _of_json(content: Any) -> list[str]:
    return [str(each.get("line") or each.get("text") or "") for each in content]


def with_subtitles(question: str, said: str) -> str:
    """A question after the subtitles of its video, if there are any."""
    return f"Subtitles of the video:\n{said}\n\n{question}" if said else question
