"""A judge whose mistakes are chosen: by item, or at random with a salt of its own."""

from __future__ import annotations

from random import Random

from unieval.harness.items import Output, Verdict
from unieval.harness.judge import Supports
from unieval.harness.registry import judge


@judge("wobbly")
class Wobbly:
    """Right, but for the items in ``wrong`` (comma-separated ids) and a share ``rate``."""

    supports = Supports(needs_media=False)
    grammar = "plain"

    def __init__(
        self,
        wrong: str = "",
        rate: float = 0.0,
        salt: int = 0,
        mute: str = "",
        scores: bool = False,
    ) -> None:
        self.wrong, self.rate, self.salt, self.scores = set(wrong.split(",")), rate, salt, scores
        self.mute = set(mute.split(","))

    def judge(self, batch):
        return [self.said(request) for request in batch]

    def said(self, request):
        item = request.item
        if item.id in self.mute:
            return Output(text="I would rather not say.")
        dice = Random(f"{self.salt} {item.id} {request.order} {request.vote}")
        right = item.id not in self.wrong and dice.random() >= self.rate
        label = item.label.coarse
        if self.scores:
            size = 0.01 if label is Verdict.TIE else 1.0
            ahead = size if (label is not Verdict.SECOND) == right else -size
            return Output(scores=(ahead, 0.0) if request.order == "ab" else (0.0, ahead))
        swap = {Verdict.FIRST: Verdict.SECOND}.get(label, Verdict.FIRST)
        verdict = item.label if right else swap
        return Output.verdict(verdict if request.order == "ab" else verdict.swapped)
