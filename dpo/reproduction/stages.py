"""Stages: each is carried out once, and its result kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...harness.progress import tell
from ...harness.store import write_json

_RESULT = "stage.json"


class Stages:
    """The stages of a reproduction, in folders of one output folder.

    Args:
        out: the output folder.
        expected: how many stages there will be, for what is told.
    """

    def __init__(self, out: Path, expected: int) -> None:
        self.out, self.expected = out, expected
        self.seconds: dict[str, float] = {}
        self._begun = time.monotonic()

    def run(self, name: str, make: Callable[[Path], Any]) -> Any:
        """What a stage results in; it is carried out if that is not known yet.

        Args:
            name: of the stage, and of its folder; unique.
            make: carries it out in the folder that it is given, goes on with what a stopped one
                has left there, and returns plain data.
        """
        folder = self.out / name
        number = len(self.seconds) + 1
        kept = folder / _RESULT
        if kept.is_file():
            known = json.loads(kept.read_text("utf-8"))
            self.seconds[name] = known["seconds"]
            return known["result"]
        passed = time.monotonic() - self._begun
        tell(f"[{number}/{self.expected}] {name} ({passed / 60:.0f} min so far)")
        folder.mkdir(parents=True, exist_ok=True)
        begun = time.monotonic()
        result = make(folder)
        self.seconds[name] = round(time.monotonic() - begun, 1)
        write_json(kept, {"result": result, "seconds": self.seconds[name]})
        return json.loads(json.dumps(result))
