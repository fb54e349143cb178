"""What a plan and its figures keep of each item is a few numbers, however many items there are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial

import pytest
from conftest import write_jsonl
from unieval.harness import statistics
from unieval.harness.columns import WHOLE, Shape, load
from unieval.harness.items import Record, Status, Verdict
from unieval.harness.judgements import Judgements
from unieval.harness.metrics import scored
from unieval.harness.registry import tasks
from unieval.harness.run import Settings, prepare
from unieval.harness.store import Store

TASK = "genai-bench-image"
FEW, MANY = 2_000, 8_000


def peak(work: Callable[[], object]) -> int:
    """The most bytes that Python and NumPy held at a time beyond what they held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def bytes_an_item(works: dict[int, Callable[[], object]]) -> float:
    """By how much the peak grows with an item; what all sizes have in common does not count."""
    works[MANY]()  # imports, caches
    return (peak(works[MANY]) - peak(works[FEW])) / (MANY - FEW)


@pytest.fixture
def planned(tmp_path):
    """Plans over data of both sizes: three items share a prompt, one of four is a tie."""

    def of(number: int):
        votes = ("leftvote", "rightvote", "tievote", "bothbad_vote")
        rows = (
            {
                "idx": i,
                "prompt": f"a cat, {i // 3}",
                "left_model": "a",
                "right_model": "b",
                "vote_type": votes[i % 4],
            }
            for i in range(number)
        )
        data = write_jsonl(tmp_path / f"{number}.jsonl", rows)
        return Settings("first", (TASK,), data=str(data))

    return {number: of(number) for number in (FEW, MANY)}


def test_a_plan_keeps_a_hash_of_each_item(planned):
    assert bytes_an_item({n: partial(prepare, own) for n, own in planned.items()}) < 16


@pytest.fixture
def stores(planned, tmp_path):
    """Finished runs of both sizes, judged in both orders."""
    found = {}
    for number, own in planned.items():
        found[number] = Store(tmp_path / f"run-{number}")
        items = list(prepare(own).plans[TASK].items())
        said = (
            (place, Record(TASK, item.id, order, 0, "", Status.OK, Verdict.FIRST.value))
            for place, item in items
            for order in ("ab", "ba")
        )
        found[number].write(TASK, items, said)
    yield found
    for store in found.values():
        store.close()


def test_figures_take_some_bytes_of_each_item(stores, monkeypatch):
    task = tasks.get(TASK).create({})

    def columns(store: Store) -> Judgements:
        return load(store, task, Shape(2, 1), "robust").dimensions[WHOLE]

    assert bytes_an_item({n: partial(columns, store) for n, store in stores.items()}) < 32

    monkeypatch.setattr(statistics, "_BLOCK", 20_000)  # draws at a time: else they hide the items
    loaded = {number: columns(store) for number, store in stores.items()}
    works = {n: lambda c=c: scored(task.measures(c), c.cluster) for n, c in loaded.items()}
    assert bytes_an_item(works) < 80
