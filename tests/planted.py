"""Judges with known faults, whose figures theory predicts; tests load it with ``--plugin``."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from random import Random

from unieval.harness.errors import MediaError
from unieval.harness.items import Output, Verdict
from unieval.harness.judge import Supports
from unieval.harness.media import load_image
from unieval.harness.registry import judge
from unieval.harness.seeds import seed_for
from unieval.harness.video import sample_frames

ANY = Supports(needs_media=False)
PHRASES = {
    Verdict.FIRST: "Image 1 is better",
    Verdict.SECOND: "Image 2 is better",
    Verdict.TIE: "Both images are equally good",
}


def truth(request):
    """The human label, which only planted judges may look at, as seen in the order shown."""
    label = request.item.label.coarse
    return label if request.order == "ab" else label.swapped


@judge("right-with-probability")
class RightWithProbability:
    """Right with probability ``p`` on each output, else the other candidate."""

    supports = ANY
    grammar = "plain"

    def __init__(self, p: float):
        self.p = p

    def judge(self, batch):
        return [self.answer(r) for r in batch]

    def answer(self, request):
        right = Random(request.seed).random() < self.p
        return Output.verdict(truth(request) if right else truth(request).swapped)


@judge("flips-with-probability")
class FlipsWithProbability:
    """Right in one order; in the other it flips with probability ``q``."""

    supports = ANY
    grammar = "plain"

    def __init__(self, q: float):
        self.q = q

    def judge(self, batch):
        return [self.answer(r) for r in batch]

    def answer(self, request):
        flips = request.order == "ba" and Random(request.seed).random() < self.q
        return Output.verdict(truth(request).swapped if flips else truth(request))


@judge("likes-first-with-probability")
class LikesFirst:
    """Says *first* with probability ``p`` whatever it sees, else is right."""

    supports = ANY
    grammar = "plain"

    def __init__(self, p: float):
        self.p = p

    def judge(self, batch):
        return [
            Output.verdict(Verdict.FIRST if Random(r.seed).random() < self.p else truth(r))
            for r in batch
        ]


@judge("garbage-with-probability")
class GarbageWithProbability:
    """Right, but with probability ``p`` it says nothing that can be read."""

    supports = ANY
    grammar = "unifiedreward"

    def __init__(self, p: float):
        self.p = p

    def judge(self, batch):
        return [self.answer(r) for r in batch]

    def answer(self, request):
        garbage = Random(request.seed).random() < self.p
        said = PHRASES[truth(request)]
        return Output(text="hmm, Image 3?" if garbage else said)


@judge("noisy-scores")
class NoisyScores:
    """Scores a candidate by the length of its prompt's hash: any fixed number will do."""

    supports = ANY

    def __init__(self):
        self.calls = 0

    def score(self, batch):
        self.calls += len(batch)
        return [Random(seed_for(p.prompt, p.candidate.uri)).gauss(0, 1) for p in batch]


@judge("poison")
class Poison:
    """Fails on every batch that holds an item whose id ends in 7."""

    supports = ANY
    grammar = "plain"
    batch_size = 16

    def judge(self, batch):
        if any(r.item.id.endswith("7") for r in batch):
            raise RuntimeError("cannot take this one")
        return [Output.verdict(Verdict.FIRST)] * len(batch)


@judge("blind")
class Blind:
    """Prepares on worker threads, where items whose id ends in 3 have no media."""

    supports = ANY
    grammar = "plain"
    batch_size = 8

    def __init__(self):
        self.threads = set()
        self.sizes = []

    def prepare(self, request):
        self.threads.add(threading.current_thread().name)
        if request.item.id.endswith("3"):
            raise MediaError(f"{request.item.id}.png: no such file")
        return request

    def size(self, prepared):
        return len(prepared.item.prompt)

    def judge(self, batch):
        self.sizes.append([self.size(r) for r in batch])
        return [Output.verdict(Verdict.FIRST)] * len(batch)


@judge("slow")
class Slow:
    """Takes ``delay`` seconds a batch, and keeps a log of what it was asked, one line each."""

    supports = ANY
    grammar = "plain"
    batch_size = 8

    def __init__(self, delay: float = 0.01, log: Path | None = None):
        self.delay = delay
        self.log = log

    def judge(self, batch):
        time.sleep(self.delay)
        if self.log is not None:
            with self.log.open("a") as file:
                file.writelines(json.dumps([r.item.id, r.order, r.vote]) + "\n" for r in batch)
        return [Output.verdict(Random(r.seed).choice(r.choices)) for r in batch]


@judge("looks")
class Looks:
    """Opens what it is shown, as real judges do, and answers *first*."""

    supports = Supports()
    grammar = "plain"

    def prepare(self, request):
        for media in request.item.media:
            load_image(media) if media.modality == "image" else sample_frames(media, 2)
        return request

    def judge(self, batch):
        return [Output.verdict(Verdict.FIRST)] * len(batch)


RATING = Supports(needs_media=False, pairwise=False, pointwise=True)


@judge("rates")
class Rates:
    """Writes people's own score; by the item's number, every tenth answer is something else.

    Ends in 1: no score; 2: two scores; 3: out of range; 4: cut off; 5: it fails.
    """

    supports = RATING
    grammar = "unifiedreward"
    batch_size = 8

    def __init__(self, log: Path | None = None, wrong: bool = True):
        self.log, self.wrong = log, wrong

    def judge(self, batch):
        if self.log is not None:
            with self.log.open("a") as file:
                file.writelines(json.dumps([r.item.id, r.order, r.vote]) + "\n" for r in batch)
        return [self.answer(r) for r in batch]

    def answer(self, request):
        assert request.shown == (request.item.candidate,)
        said = f"Final Score: {request.item.scores}"
        match int(request.item.id.rpartition("/")[2]) % 20 if self.wrong else 0:
            case 1:
                return Output("It is fine.")
            case 2:
                return Output(f"{said}\nFinal Score: 1.25")
            case 3:
                return Output("Final Score: 7")
            case 4:
                return Output(said, truncated=True)
            case 5:
                raise RuntimeError("cannot take this one")
        return Output(said)


@judge("counts-letters")
class CountsLetters:
    """Scores a candidate by a number in its own name, on no scale at all."""

    supports = ANY

    def score(self, batch):
        return [-100.0 * float(p.candidate.name.split(".")[0]) for p in batch]
