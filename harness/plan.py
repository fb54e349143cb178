"""The plan: task x orders x votes expanded to requests, before any model is loaded.

Planning reads the data once, checks every item and takes its fingerprint; running reads it again
and asks for the same requests. Nothing is held in memory but counts and one hash an item.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import islice
from typing import Literal

from .errors import UserError
from .items import Order, PairItem, Request, Verdict
from .judge import Supports
from .seeds import seed_for
from .store import label_text
from .task import Data, OrderPlan, Task

_LOPSIDED = 0.9
"""Share of first-is-better labels beyond which the given order gives the answer away."""


@dataclass(frozen=True)
class Plan:
    """Which requests a judge will be asked for one task.

    ``order`` is one of *given*, *random* (one order an item and vote, seeded by the item) and
    *both*.
    """

    task: Task
    data: Data
    order: OrderPlan
    votes: int
    seed: int
    limit: int | None
    order_free: bool = False

    def items(self, *, media: bool = False) -> Iterator[tuple[int, PairItem]]:
        """Items with their position, up to the limit; ``media`` if theirs will be opened."""
        data = replace(self.data, media=media)
        return enumerate(islice(self.task.items(data), self.limit))

    def requests(self, item: PairItem) -> list[Request]:
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

    def _orders(self, item: PairItem, vote: int) -> tuple[Order, ...]:
        if self.order_free or self.order == "given":
            return ("ab",)
        if self.order == "both":
            return ("ab", "ba")
        coin = seed_for(self.seed, self.task.name, item.id, "order", vote) & 1
        return ("ba",) if coin else ("ab",)

    @property
    def passes(self) -> int:
        """How many orders each item is judged in."""
        return 2 if self.order == "both" and not self.order_free else 1

    def survey(self) -> Survey:
        """Read the data once: counts, fingerprint, and what is odd about it.

        Raises:
            UserError: no items, or an item id that occurs twice.
        """
        return _survey(self)


@dataclass(frozen=True)
class Survey:
    """What the plan amounts to."""

    items: int
    requests: int
    media: int
    characters: int
    fingerprint: str
    labels: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
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
    items = media = characters = 0
    for _, item in plan.items():
        items += 1
        media += len(item.media)
        characters += len(item.prompt) + sum(len(c) for c in item.candidates if isinstance(c, str))
        label = label_text(item.label)
        labels[label] = labels.get(label, 0) + 1
        groups[item.group] = groups.get(item.group, 0) + 1
        digest.update(f"{item.id}\0{label}\0{item.group}\0{item.content}\n".encode())
        ids.append(seed_for(item.id))
    if not items:
        raise UserError(f"{plan.data.name} holds no items for {plan.task.name}")
    _refuse_repeated_ids(plan, ids)
    asked = plan.votes * plan.passes
    return Survey(
        items,
        items * asked,
        media * asked,
        characters * asked,
        digest.hexdigest(),
        labels,
        groups,
        _warnings(plan, items, labels, groups),
    )


def _refuse_repeated_ids(plan: Plan, ids: array[int]) -> None:
    import numpy as np

    values, counts = np.unique(np.frombuffer(ids, dtype=np.uint64), return_counts=True)
    if (counts > 1).any():
        repeated = int(values[counts > 1][0])
        name = next(item.id for _, item in plan.items() if seed_for(item.id) == repeated)
        raise UserError(f"{plan.data.name}: item id '{name}' occurs more than once")


def _warnings(
    plan: Plan, items: int, labels: dict[str, int], groups: dict[str, int]
) -> tuple[str, ...]:
    found = []
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


def check_support(task: Task, supports: Supports, judge: str) -> None:
    """Refuse a judge that cannot take the task.

    Raises:
        UserError: names what the judge lacks.
    """
    if task.modality not in supports.modalities:
        raise UserError(
            f"judge '{judge}' does not take {task.modality}s, which {task.name} needs; it takes:"
            f" {', '.join(sorted(supports.modalities))}"
        )
    if task.objective not in supports.objectives:
        raise UserError(
            f"judge '{judge}' does not judge {task.objective}, which {task.name} needs; it judges:"
            f" {', '.join(sorted(supports.objectives))}"
        )
