"""Tracks that share no model do not wait for each other: each group is a process of its own.

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

from ...harness.progress import tell
from .settings import TrackName
from .tracks import model_of


def groups(tracks: Sequence[TrackName]) -> list[list[TrackName]]:
    """Tracks by the model that they improve, which is trained once for all of them."""
    found: dict[str, list[TrackName]] = {}
    for name in tracks:
        found.setdefault(model_of(name), []).append(name)
    return list(found.values())


def side_by_side(together: Sequence[Sequence[TrackName]], out: Path) -> None:
    """Carry out the stages of groups of tracks, as many at once as there are cores.

    Args:
        together: groups that share no stage.
        out: folder of a reproduction whose judge is there.
    """
    cores = os.cpu_count() or 1
    at_once = min(cores, len(together))
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda names: _carry_out(names, out, cores // at_once), together))


def _carry_out(names: Sequence[TrackName], out: Path, cores: int) -> None:
    """A process for some tracks; its lines are told with what they belong to."""
    running = subprocess.Popen(
        [sys.executable, "-m", __name__, str(out), *names],
        # the process ends when this pipe does, however the one that holds it may end
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "OMP_NUM_THREADS": str(cores), "TOKENIZERS_PARALLELISM": "false"},
    )
    assert running.stderr is not None
    title = " and ".join(names)
    with running:
        for line in running.stderr:
            tell(f"{title} | {line.rstrip()}")
    if running.returncode:
        tell(f"{title} | ended with {running.returncode}; what it left is carried out here")


def _main(out: str, *names: str) -> None:
    from ...harness.errors import UserError
    from .pipeline import carry_out

    threading.Thread(target=_end_with_the_other, daemon=True).start()
    try:
        carry_out(Path(out), names)
    except UserError as error:
        sys.exit(str(error))


def _end_with_the_other() -> None:
    while os.read(0, 1):  # the descriptor: a thread in sys.stdin could not be ended
        pass
    os._exit(1)


if __name__ == "__main__":
    _main(*sys.argv[1:])
