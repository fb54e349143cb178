"""A generator of files that dies with its process and tells a test what it makes; its recipe."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from unieval.dpo.candidates import Made, Wanted
from unieval.dpo.making import GeneratorWorker
from unieval.harness.batches import Batches


@dataclass(frozen=True)
class MortalGenerator:
    """Writes its process number into ``folder/living``, and a line for each candidate into
    ``folder/log``.

    What it makes is drawn by the candidate's own seed; some are equal, and some fail. The prompt
    ``lethal`` kills its process.
    """

    folder: Path
    delay: float = 0.0
    lethal: int | None = None
    batch_size = 4

    def make(self, wanted: Sequence[Wanted]) -> list[Made]:
        living = self.folder / "living"
        living.mkdir(parents=True, exist_ok=True)
        (living / str(os.getpid())).touch()
        time.sleep(self.delay)
        if any(each.position == self.lethal for each in wanted):
            os.kill(os.getpid(), signal.SIGKILL)
        made = [self._made(each.seed or 0) for each in wanted]
        with (self.folder / "log").open("a") as log:
            log.write("".join(f"{each.position} {each.number}\n" for each in wanted))
        return made

    def _made(self, seed: int) -> Made:
        if seed % 10 == 0:
            raise ValueError(f"{seed} cannot be drawn")
        return Made(data=Random(seed % 50).randbytes(100), suffix=".png")

    def logged(self) -> list[tuple[int, ...]]:
        """Position and number of all that was made, each as often as it was."""
        lines = (self.folder / "log").read_text().splitlines()
        return [tuple(map(int, line.split())) for line in lines]

    def identity(self) -> dict[str, object]:
        return {}

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class MortalRecipe:
    """How a replica builds it."""

    generator: MortalGenerator

    def worker(self, batches: Batches, notify: Callable[[str], None]) -> GeneratorWorker:
        return GeneratorWorker(self.generator, batches, notify)
