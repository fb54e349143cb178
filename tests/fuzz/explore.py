"""Coverage-guided fuzzing of one target with atheris, which is not among the test dependencies.

    pip install atheris
    python tests/fuzz/explore.py answer -runs=1000000

What finds new ways through the code is kept in a folder beside the temporary files, never in the
saved corpus; a finding is written to ``crash-*`` in the working folder. Other options are
libFuzzer's. Inputs that are JSON are changed as such half of the time: changed byte by byte, few of
them would still be read.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import atheris

CORPUS = Path(__file__).parent / "corpus"
JSON = {"about_run": 0, "benchmark": 1, "likely": 0}
"""Targets that read JSON, with how many bytes come before it."""
VALUES = (
    *(None, True, False, 0, -1, 1, 2, 1 << 31, 1 << 63, 10**400, -0.5, 1e308, float("inf")),
    *("", "a", "\ud800", "../..", "both", "official", "1/2", "genai-bench-image", "plain"),
    *([], [[]], {}, {"": {}}, [0, 1], ["tau"]),
)


def main() -> None:
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["unieval", "PIL"]):
        from targets import TARGETS

        if name in ("answer", "likely", "benchmark", "about_run"):
            import unieval.harness.scoring
            import unieval.judges
            import unieval.leaderboard
            import unieval.tasks  # noqa: F401  (what targets import later would not be seen)
        if name == "image":
            from PIL import Image

            Image.init()
    grown = Path(tempfile.gettempdir()) / "unieval-fuzz" / name
    grown.mkdir(parents=True, exist_ok=True)
    change = {"custom_mutator": by_value(JSON[name])} if name in JSON else {}
    atheris.Setup([sys.argv[0], *options, str(grown), str(CORPUS / name)], TARGETS[name], **change)
    atheris.Fuzz()


def by_value(before: int) -> Any:
    """A mutator of bytes that hold JSON values parted by zero bytes, after so many others."""

    def changed(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        parts = data[before:].split(b"\0")
        which = random.randrange(len(parts))
        try:
            value = json.loads(parts[which])
            for _ in range(random.randint(1, 3)):
                value = with_another(value, random)
            parts[which] = json.dumps(value).encode()
        except (ValueError, RecursionError):
            return atheris.Mutate(data, most)
        found = data[:before] + b"\0".join(parts)
        if random.random() < 0.5 or len(found) > most:
            return atheris.Mutate(data, most)
        return found

    return changed


def with_another(value: Any, random: Random) -> Any:
    """The value, where something inside is another, missing, or there twice."""
    if not isinstance(value, dict | list) or not value or random.random() < 0.1:
        return random.choice(VALUES)
    value = dict(value) if isinstance(value, dict) else dict(enumerate(value))
    key = random.choice(list(value))
    chance = random.random()
    if chance < 0.1:
        del value[key]
    elif chance < 0.2:
        value[random.choice(("", "x", len(value)))] = value[key]
    else:
        value[key] = with_another(value[key], random)
    return list(value.values()) if 0 in value else {str(k): v for k, v in value.items()}


if __name__ == "__main__":
    main()
