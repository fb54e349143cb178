"""Which preferences, in which order, on which side: decided by each item's own seed.

Nothing here depends on the order in which preferences come, on a process or on a batch: what
happens to an item follows from the seed, its source and its id (or its cluster).
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from ..harness.errors import UserError
from ..harness.items import Verdict
from ..harness.seeds import seed_for
from .preferences import Preference

_SEEDS = 1 << 63


def sample(
    preferences: Iterable[Preference], cap: int | None, seed: int, round_: int = 0
) -> list[Preference]:
    """Up to ``cap`` preferences in random order; another ``round_`` is another order."""

    def drawn(preference: Preference) -> int:
        return seed_for(seed, "sample", round_, preference.source, preference.id)

    if cap is None:
        return sorted(preferences, key=drawn)
    return heapq.nsmallest(cap, preferences, key=drawn)


def split(
    preferences: Iterable[Preference], share: float, seed: int
) -> tuple[list[Preference], list[Preference]]:
    """What to train on and what to hold out; a cluster is never on both sides.

    The side follows from the cluster alone, so a text that several data sets use is on the same
    side in all of them. Capitals and spacing make no other text.
    """
    train: list[Preference] = []
    held_out: list[Preference] = []
    for preference in preferences:
        text = " ".join(preference.cluster.split()).casefold()
        held = seed_for(seed, "held out", text) < share * _SEEDS
        (held_out if held else train).append(preference)
    return train, held_out


def balanced(preferences: Iterable[Preference], seed: int) -> list[Preference]:
    """Pairs turned so that the better candidate is first or second by the toss of a coin.

    The coin belongs to the item. Ties are turned by it too, so that place tells nothing there
    either. A pair that is turned loses its rationale (see :meth:`Preference.swapped`).
    """
    return [_turned(p, seed) if p.kind == "pair" else p for p in preferences]


def verdicts(preferences: Iterable[Preference]) -> dict[str, int]:
    """How often the first is better, the second, or neither."""
    counts = Counter(p.verdict.coarse.value for p in preferences if p.verdict is not None)
    return {name: counts[name] for name in ("first", "second", "tie")}


def quotas(
    sizes: Mapping[str, int], weights: Mapping[str, float | None], size: int | None
) -> dict[str, int]:
    """How many items each source gives to a mixture.

    Without weights, sources share the mixture by what they have; without a size, it is as large as
    it can be with no item twice.

    Raises:
        UserError: only some sources have a weight, or one with a weight has nothing to give.
    """
    given = {name: weight for name, weight in weights.items() if weight is not None}
    if given and len(given) < len(weights):
        without = sorted(weights.keys() - given.keys())[0]
        raise UserError(f"source '{without}' has no weight; give one to all sources or to none")
    if not given:
        if size is None:
            return dict(sizes)
        given = {name: float(count) for name, count in sizes.items() if count}
    empty = sorted(name for name in given if not sizes[name])
    if empty:
        raise UserError(f"source '{empty[0]}' has a weight and no preferences to give")
    total = sum(map(Fraction, given.values()))
    shares = {name: Fraction(weight) / total for name, weight in given.items()}
    if size is None:
        size = int(min((sizes[name] / share for name, share in shares.items()), default=0))
    return _apportioned({name: shares.get(name, Fraction(0)) for name in sizes}, size)


def interleaved(
    by_source: Mapping[str, Sequence[Preference]], amounts: Mapping[str, int], seed: int
) -> Iterator[Preference]:
    """One stream in which every stretch holds the sources in proportion to their amounts.

    A source that has fewer items than its amount gives them again, in another order each time.
    """
    streams = (
        _spread(name, by_source[name], amount, seed)
        for name, amount in sorted(amounts.items())
        if amount
    )
    for _, _, preference in heapq.merge(*streams, key=lambda entry: entry[:2]):
        yield preference


def _turned(pair: Preference, seed: int) -> Preference:
    heads = seed_for(seed, "place", pair.source, pair.id) & 1
    assert pair.verdict is not None
    if pair.verdict.coarse is Verdict.TIE:
        return pair.swapped() if heads else pair
    wanted = Verdict.FIRST if heads else Verdict.SECOND
    return pair if pair.verdict is wanted else pair.swapped()


def _apportioned(shares: Mapping[str, Fraction], size: int) -> dict[str, int]:
    """Whole numbers that add up to ``size``, by largest remainder."""
    amounts = {name: int(share * size) for name, share in shares.items()}
    rest = {name: share * size - amounts[name] for name, share in shares.items()}
    left = size - sum(amounts.values())
    for name in sorted(shares, key=lambda name: (-rest[name], name))[:left]:
        amounts[name] += 1
    return amounts


def _spread(
    name: str, items: Sequence[Preference], amount: int, seed: int
) -> Iterator[tuple[float, str, Preference]]:
    """A source's items, evenly spread over the stream from 0 to 1."""
    phase = seed_for(seed, "phase", name) / _SEEDS
    count = 0
    while count < amount:
        for preference in sample(items, amount - count, seed, count // len(items)):
            yield (count + phase) / amount, name, preference
            count += 1
