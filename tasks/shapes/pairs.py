"""Pairs of what imaginary models made for one prompt, with a voter's label."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Literal, TypeVar

from ...harness.items import Verdict
from .dice import Dice

A = TypeVar("A")
C = TypeVar("C")
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Model:
    """An imaginary model: how often it slips, and how often what it makes looks flawed.

    ``jerks`` is how often the motion is flawed, if it makes films.
    """

    slips: float
    flaws: float
    jerks: float = 0.0


PAINTERS = {
    "crayon-1": Model(slips=0.85, flaws=0.7),
    "crayon-2": Model(slips=0.65, flaws=0.45),
    "easel-base": Model(slips=0.6, flaws=0.3),
    "easel-turbo": Model(slips=0.5, flaws=0.75),
    "gouache-xl": Model(slips=0.35, flaws=0.35),
    "stencil-mini": Model(slips=0.75, flaws=0.2),
}
FILMERS = {
    "flipbook-1": Model(slips=0.85, flaws=0.8, jerks=0.85),
    "flipbook-2": Model(slips=0.6, flaws=0.55, jerks=0.75),
    "lantern-base": Model(slips=0.6, flaws=0.7, jerks=0.5),
    "lantern-turbo": Model(slips=0.55, flaws=0.8, jerks=0.7),
    "reel-xl": Model(slips=0.35, flaws=0.5, jerks=0.45),
    "reel-mini": Model(slips=0.7, flaws=0.4, jerks=0.7),
}
SLIP_AGAIN = 0.3
_HOW_SEVERE = {1: 4, 2: 3, 3: 2}
_PAIRS_OF_A_PROMPT = {1: 7, 2: 3, 3: 1, 4: 1}
_IN_COMMON: dict[Literal["flaw", "content", "nothing"], float] = {
    "flaw": 5,
    "content": 3,
    "nothing": 2,
}


@dataclass(frozen=True, slots=True)
class Pair(Generic[C]):
    """Two models' candidates for one prompt, and a voter's label among four."""

    prompt: str
    candidates: tuple[C, C]
    models: tuple[str, str]
    label: Verdict


def decided(pairs: Iterable[Pair[C]], items: int) -> Iterator[Pair[C]]:
    """The first ``items`` of the pairs that the voter decided."""
    return islice((pair for pair in pairs if pair.label in (Verdict.FIRST, Verdict.SECOND)), items)


def grouped(
    kind: str,
    seed: int,
    items: int,
    ask: Callable[[Dice], A],
    answer: Callable[[A, Dice], P],
) -> Iterator[P]:
    """The first ``items`` pairs of the set named by kind and seed; some in a row share a prompt.

    Args:
        kind: what sort of pairs.
        seed: another seed is another set.
        items: how many.
        ask: makes what a prompt is about.
        answer: makes a pair for it.
    """
    made = prompt = 0
    while made < items:
        dice = Dice("shapes", kind, seed, prompt)
        asked = ask(dice)
        for _ in range(min(dice.weighted(_PAIRS_OF_A_PROMPT), items - made)):
            yield answer(asked, dice)
            made += 1
        prompt += 1


def two_of(models: Mapping[str, Model], dice: Dice) -> tuple[str, str]:
    """Names of two different models."""
    first, second, *_ = dice.shuffled(list(models))
    return first, second


def severity(dice: Dice) -> int:
    """How bad a flaw is: 1 (mild, the most frequent), 2 or 3 (strong)."""
    return dice.weighted(_HOW_SEVERE)


def in_common(dice: Dice) -> Literal["flaw", "content", "nothing"]:
    """What a pair shares, so that many pairs differ in content or in quality alone."""
    return dice.weighted(_IN_COMMON)
