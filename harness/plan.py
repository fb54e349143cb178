"""The plan: task x orders x votes expanded to requests, before any model is loaded.

Planning reads the data once, checks every item and takes its fingerprint; running reads it again
and asks for the same requests. Nothing is held in memory but counts and one hash an item.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import islice
from typing import Literal, NamedTuple

from .errors import UserError
from .items import (
    ROTATIONS,
    GradeItem,
    Item,
    Kind,
    Modality,
    Objective,
    Order,
    PairItem,
    PointItem,
    QuestionItem,
    Request,
    Verdict,
)
from .seeds import seed_for
from .shards import Shard
from .shown import texts_of
from .stored_rows import label_text
from .task import Data, Presentation, Task, kind_of

_LOPSIDED = 0.9
"""Share of first-is-better labels beyond which the given order gives the answer away."""


class NoItemsError(UserError):
    """The data hold nothing for the task."""


class Ask(NamedTuple):
    """What sort of judgement is asked for; *None* where a task leaves it to its items."""

    kind: Kind
    modality: Modality | None
    objective: Objective | None


@dataclass(frozen=True)
class Plan:
    """Which requests a judge, or a model, will be asked for one task.

    ``order`` is one of *given*, *random* (one order an item and vote, seeded by the item) and
    *both*; it is *single* where candidates are shown one at a time. Questions have their options
    as they are (*plain*), or in every rotation (*circular*). A ``shard`` takes part of the items,
    whose positions are those in the whole.
    """

    task: Task
    data: Data
    order: Presentation
    votes: int
    seed: int
    limit: int | None
    order_free: bool = False
    clusters: frozenset[str] | None = None
    shard: Shard | None = None

    def items(self, *, media: bool = False) -> Iterator[tuple[int, Item]]:
        """Items with their position, up to the limit; ``media`` if theirs will be opened."""
        data = replace(self.data, media=media)
        numbered = enumerate(islice(self.task.items(data), self.limit))
        if self.clusters is None and self.shard is None:
            return numbered
        return (one for one in numbered if self._has(one[1]))

    def _has(self, item: Item) -> bool:
        if self.shard is not None and not self.shard.has(item):
            return False
        return self.clusters is None or (item.cluster or item.id) in self.clusters

    def requests(self, item: Item) -> list[Request]:
        """The requests of one item, all orders and votes."""
        return [
            Request(
                self.task.name,
                item,
                order,
                vote,
                self.seed,
                self.task.choices,
            )
            for vote in range(self.votes)
            for order in self._orders(item, vote)
        ]

    def _orders(self, item: Item, vote: int) -> tuple[Order, ...]:
        if self.order == "circular" and isinstance(item, QuestionItem):
            return ROTATIONS[: max(1, len(item.options))]
        if self.order_free or self.order in ("given", "single", "plain", "circular"):
            return ("ab",)
        if self.order == "both":
            return ("ab", "ba")
        coin = seed_for(self.seed, self.task.name, item.id, "order", vote) & 1
        return ("ba",) if coin else ("ab",)

    @property
    def passes(self) -> int:
        """How many orders each item is judged in; as many as there may be with *circular*."""
        if self.order == "circular":
            return len(ROTATIONS)
        return 2 if self.order == "both" and not self.order_free else 1

    def survey(self) -> Survey:
        """Read the data once: counts, fingerprint, and what is odd about it.

        The data are those of all shards, so that shards agree on what they are parts of; what will
        be asked is that of this one.

        Raises:
            NoItemsError: the data hold none.
            UserError: an item that does not fit the task, or an item id that occurs twice.
        """
        return _survey(self)


@dataclass(frozen=True)
class Survey:
    """What the plan amounts to: ``items`` of the data, of which a shard has ``taken``."""

    items: int
    requests: int
    media: int
    characters: int
    fingerprint: str
    taken: int
    labels: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    asks: frozenset[Ask] = frozenset()
    warnings: tuple[str, ...] = ()

    @property
    def text_tokens(self) -> int:
        """Rough number of text tokens, at four characters each, over all requests."""
        return self.characters // 4


def _survey(plan: Plan) -> Survey:
    digest = blake2b(digest_size=16)
    ids = array("Q")
    labels: dict[str, int] = {}
    groups: dict[str, int] = {}
    asks: set[Ask] = set()
    items = taken = requests = media = characters = 0
    for _, item in replace(plan, shard=None).items():
        items += 1
        mine = plan.shard is None or plan.shard.has(item)
        taken += mine
        asked = _times(plan, item) if mine else 0
        requests += asked
        media += asked * len(item.media)
        characters += asked * _length(item)
        asks.add(_fitting(item, plan))
        label = label_text(item)
        if plan.task.choices:  # scores are too many to be counted one by one
            labels[label] = labels.get(label, 0) + 1
        groups[item.group] = groups.get(item.group, 0) + 1
        digest.update(f"{item.id}\0{label}\0{item.group}\0{item.content}\n".encode())
        ids.append(seed_for(item.id))
    if not items:
        raise NoItemsError(f"{plan.data.name} holds no items for {plan.task.name}")
    _refuse_repeated_ids(plan, ids)
    return Survey(
        items,
        requests,
        media,
        characters,
        digest.hexdigest(),
        taken,
        labels,
        groups,
        frozenset(asks),
        _warnings(plan, items, taken, labels, groups),
    )


def _times(plan: Plan, item: Item) -> int:
    """How often an item is asked about."""
    if plan.order != "circular":
        return plan.votes * plan.passes
    return len(plan.requests(item))


def _length(item: Item) -> int:
    """How many characters of its own an item has."""
    if isinstance(item, QuestionItem | GradeItem):
        return len(item.text())
    return len(item.prompt) + sum(len(text) for c in item.candidates for text in texts_of(c))


def _fitting(item: Item, plan: Plan) -> Ask:
    """What an item asks for, if it is one of the task's kind; a single candidate needs a score."""
    wrong, wanted = "", kind_of(plan.task)
    if isinstance(item, PairItem):
        kind: Kind = "pair"
    elif isinstance(item, PointItem):
        kind, wrong = "point", _wrong_score(item)
    elif isinstance(item, QuestionItem):
        kind, wrong = "question", _wrong_options(item)
    else:
        kind = "grade" if isinstance(item, GradeItem) else "prompt"
    if kind != wanted:
        by = "`choices` are" if wanted in ("pair", "point") else "`kind` is"
        wrong = f"is a {kind}, but the task's {by} for a {wanted}"
    if wrong:
        raise UserError(f"{plan.data.name}, {plan.task.name}: item '{item.id}' {wrong}")
    return Ask(kind, item.modality, item.objective)


def _wrong_score(item: PointItem) -> str:
    """What is wrong with an item's human scores; empty if nothing is."""
    if item.scores is None or item.score_range is None:
        return "has no human score, or no range for it; give `scores` and `score_range`"
    (low, high), scores = item.score_range, item.scores
    for score in scores.values() if isinstance(scores, Mapping) else (scores,):
        if not -math.inf < low <= score <= high < math.inf or low == high:
            return f"has the score {score:g}, which must lie in its range {low:g} to {high:g}"
    return ""


def _wrong_options(item: QuestionItem) -> str:
    """What is wrong with a question's options; empty if nothing is."""
    number = len(item.options)
    if number == 1 or number > len(ROTATIONS):
        return f"has {number} options; a question has 2 to {len(ROTATIONS)}, or none"
    if number and item.answer not in range(number):
        return f"has the answer {item.answer}, which is none of its {number} options"
    return ""


def _refuse_repeated_ids(plan: Plan, ids: array[int]) -> None:
    import numpy as np

    hashes = np.frombuffer(ids, dtype=np.uint64)
    hashes.sort()  # in place: of a million items, every copy counts
    again = np.flatnonzero(hashes[1:] == hashes[:-1])
    if len(again):
        repeated = int(hashes[again[0]])
        name = next(item.id for _, item in plan.items() if seed_for(item.id) == repeated)
        raise UserError(f"{plan.data.name}: item id '{name}' occurs more than once")


def _warnings(
    plan: Plan, items: int, taken: int, labels: dict[str, int], groups: dict[str, int]
) -> tuple[str, ...]:
    found = []
    if not taken:
        found.append(f"{plan.task.name}: shard {plan.shard} has none of its {items:,} items")
    first, second = labels.get(Verdict.FIRST, 0), labels.get(Verdict.SECOND, 0)
    if plan.order == "given" and items >= 20 and max(first, second) > _LOPSIDED * (first + second):
        place: Literal["first", "second"] = "first" if first > second else "second"
        found.append(
            f"{plan.task.name}: the data put the preferred answer {place} in"
            f" {max(first, second)} of {first + second} items, so --order given is meaningless"
            f" here (a judge that always says '{place}' wins); use --order random or both"
        )
    check = getattr(plan.task, "check", None)
    if check is not None and plan.limit is None and plan.data.name != "demo":
        found += check(groups)
    return tuple(found)
