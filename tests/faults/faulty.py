"""Judges that meet faults as a run goes on; tests load it with ``--plugin``."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from unieval.harness.items import Output, Verdict
from unieval.harness.judge import Supports
from unieval.harness.media import LIMITS, MediaLimits
from unieval.harness.registry import judge
from unieval.harness.video import sample_frames


class Says:
    """Answers a text about each item, in batches."""

    supports = Supports(needs_media=False)
    grammar = "plain"
    batch_size = 16

    def judge(self, batch):
        return [Output.verdict(self.verdict(request)) for request in batch]

    def verdict(self, request):
        label = request.item.label.coarse
        return label if request.order == "ab" else label.swapped


@judge("too-big")
class TooBig(Says):
    """Runs out of memory with more than ``most`` requests, and with item ``giant`` at all.

    Writes the size of each batch into ``log``.
    """

    def __init__(self, log: Path, most: int = 4, giant: str = ""):
        self.log, self.most, self.giant = log, most, giant

    def judge(self, batch):
        with self.log.open("a") as file:
            file.write(f"{len(batch)}\n")
        if len(batch) > self.most or self.giant in [request.item.id for request in batch]:
            raise MemoryError("out of memory: tried to allocate 20.00 GiB")
        return super().judge(batch)


@judge("waits-once")
class WaitsOnce(Says):
    """Answers ``before`` batches, then makes the file ``at`` and waits until it is gone."""

    def __init__(self, at: Path, before: int = 2):
        self.at, self.before, self.batches = at, before, 0

    def judge(self, batch):
        self.batches += 1
        if self.batches == self.before:
            self.at.touch()
            while self.at.exists():
                time.sleep(0.01)
        return super().judge(batch)


@judge("dies")
class Dies(Says):
    """Kills its own process (SIGKILL) in batch ``at``."""

    def __init__(self, at: int = 3):
        self.left = at

    def judge(self, batch):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().judge(batch)


@judge("chatters")
class Chatters(Says):
    """Says nothing that can be read."""

    grammar = "unifiedreward"

    def judge(self, batch):
        return [Output(text=f"I like both of {request.item.id}.") for request in batch]


@judge("quotes")
class Quotes(Says):
    """Fails, and quotes what it was sent in the error; or ``crash`` stops the whole run with it."""

    def __init__(self, said: str, crash: bool = False):
        self.said, self.crash = said, crash

    @property
    def batch_size(self):
        if self.crash:
            raise RuntimeError(self.said)
        return 16

    def judge(self, batch):
        if any(request.item.id == "1" for request in batch):
            raise RuntimeError(self.said)
        return super().judge(batch)


@judge("watches")
class Watches(Says):
    """Decodes the videos; those called endless for ``seconds`` at most."""

    supports = Supports()

    def __init__(self, seconds: float):
        self.hasty = MediaLimits(decoding=seconds)

    def prepare(self, request):
        for media in request.item.media:
            sample_frames(media, 4, self.hasty if "endless" in media.uri else LIMITS)
        return request

    def verdict(self, request):
        return Verdict.FIRST
