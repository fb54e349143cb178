"""A judge of candidates whose quality is written on them; loaded with ``--plugin``.

A text begins with its quality (``0.73 and more``); a picture's is the red of its first pixel.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random

from PIL import Image
from unieval.harness.items import Media, Output, PointItem, Verdict
from unieval.harness.judge import Supports
from unieval.harness.registry import judge


def quality(candidate) -> float:
    """Between 0 and 1."""
    if isinstance(candidate, Media):
        with Image.open(candidate.uri) as picture:
            return picture.convert("RGB").getpixel((0, 0))[0] / 255
    return float(candidate.split()[0])


@judge("sees-quality")
class SeesQuality:
    """Right, but for planted faults.

    Args:
        error: chance that an answer names the other one.
        first: chance of an answer for what is shown first.
        garbage: chance of an answer that cannot be read.
        tie: qualities less than this apart are a tie.
        fails: prompts whose text holds this word fail.
        delay: seconds a batch.
        log: file of what was asked, one line each.
    """

    supports = Supports(needs_media=False, pointwise=True)
    grammar = "plain"
    batch_size = 16

    def __init__(
        self,
        error: float = 0.0,
        first: float = 0.0,
        garbage: float = 0.0,
        tie: float = 0.0,
        fails: str = "no such word",
        delay: float = 0.0,
        log: Path | None = None,
    ):
        self.error, self.first, self.garbage, self.tie = error, first, garbage, tie
        self.fails, self.delay, self.log = fails, delay, log

    def judge(self, batch):
        time.sleep(self.delay)
        if self.log is not None:
            with self.log.open("a") as file:
                file.writelines(json.dumps([r.item.id, r.order]) + "\n" for r in batch)
        return [self.answer(request) for request in batch]

    def answer(self, request):
        dice = Random(request.seed)
        if self.fails in request.item.prompt:
            raise RuntimeError("cannot take this one")
        if dice.random() < self.garbage:
            return Output("well, hard to say")
        if isinstance(request.item, PointItem):
            low, high = request.item.score_range
            return Output.score(low + (high - low) * quality(request.item.candidate))
        if dice.random() < self.first:
            return Output.verdict(Verdict.FIRST)
        one, other = map(quality, request.shown)
        if one == other or abs(one - other) < self.tie:
            return Output.verdict(Verdict.TIE)
        right = Verdict.FIRST if one > other else Verdict.SECOND
        return Output.verdict(right.swapped if dice.random() < self.error else right)


@judge("scores-quality")
class ScoresQuality:
    """Scores the quality, on a scale of its own."""

    supports = Supports(needs_media=False)

    def score(self, batch):
        return [-7 + 100 * quality(point.candidate) for point in batch]


@judge("only-pairs")
class OnlyPairs(SeesQuality):
    """Compares, and cannot score."""

    supports = Supports(needs_media=False)


@judge("only-videos")
class OnlyVideos(SeesQuality):
    """Takes no images."""

    supports = Supports(modalities=frozenset({"video"}), needs_media=False, pointwise=True)
