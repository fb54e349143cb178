"""Models do not wait for each other, nor tracks whose models are there: each has a process.

A process carries out stages in the reproduction's folder, as the reproduction itself would. So
whatever happens to it, what it has not finished is left to be carried out by who reads the folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

from ...harness.progress import tell
from .settings import ModelName, TrackName


def side_by_side(parts: Sequence[ModelName | TrackName], out: Path) -> None:
    """Carry out parts of a reproduction, as many at once as there are cores.

    Args:
        parts: models, or tracks, that share no stage that is not there yet; the longest first.
        out: folder of a reproduction whose judge is there.
    """
    cores = os.cpu_count() or 1
    at_once = min(cores, len(parts))
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda part: _carry_out(part, out, cores // at_once), parts))


def _carry_out(part: ModelName | TrackName, out: Path, cores: int) -> None:
    """A process for a part; its lines are told with what they belong to."""
    running = subprocess.Popen(
        [sys.executable, "-m", __name__, str(out), part],
        # the process ends when this pipe does, however the one that holds it may end
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "OMP_NUM_THREADS": str(cores), "TOKENIZERS_PARALLELISM": "false"},
    )
    assert running.stderr is not None
    with running:
        for line in running.stderr:
            tell(f"{part} | {line.rstrip()}")
    if running.returncode:
        tell(f"{part} | ended with {running.returncode}; what it left is carried out here")


def _main(out: str, part: str) -> None:
    from ...harness.errors import UserError
    from .pipeline import carry_out

    threading.Thread(target=_end_with_the_other, daemon=True).start()
    try:
        carry_out(Path(out), cast(ModelName | TrackName, part))
    except UserError as error:
        sys.exit(str(error))


def _end_with_the_other() -> None:
    while os.read(0, 1):  # the descriptor: a thread in sys.stdin could not be ended
        pass
    os._exit(1)


if __name__ == "__main__":
    _main(*sys.argv[1:])
