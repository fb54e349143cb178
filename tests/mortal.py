"""Judges that die with their process, or tell a test where they live; loaded with ``--plugin``."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from random import Random

from unieval.harness.items import Output
from unieval.harness.judge import Supports
from unieval.harness.registry import judge


class _Drawn:
    """A draw by the request's own seed, as the shipped random judge."""

    supports = Supports(needs_media=False)
    grammar = "plain"
    batch_size = 8

    def judge(self, batch):
        return [Output.verdict(Random(r.seed).choice(r.choices)) for r in batch]


@judge("mortal")
class Mortal(_Drawn):
    """Leaves its process number in ``folder``, and takes ``delay`` seconds a batch."""

    def __init__(self, folder: Path, delay: float = 0.02):
        self.folder, self.delay = folder, delay
        self.folder.mkdir(exist_ok=True)

    def judge(self, batch):
        (self.folder / str(os.getpid())).touch()
        time.sleep(self.delay)
        return super().judge(batch)


@judge("lethal")
class Lethal(_Drawn):
    """Its process is killed by the item ``victim``."""

    def __init__(self, victim: str):
        self.victim = victim

    def judge(self, batch):
        if any(request.item.id == self.victim for request in batch):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().judge(batch)
