"""Batches: bounded in requests and tokens, and smaller once the memory ran out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unieval.harness.batches import Batches, is_out_of_memory
from unieval.harness.items import Output, Verdict
from unieval.harness.judge import Supports
from unieval.harness.registry import judges
from unieval.harness.run import Settings, execute, prepare


def test_a_batch_is_the_longest_that_fits() -> None:
    sizes = [10, 10, 20, 50, 60]
    assert Batches(3).first(sizes) == 3
    assert Batches(9, tokens=60).first(sizes) == 3  # 3 x 20
    assert Batches(9, tokens=19).first(sizes) == 1
    assert Batches(9, tokens=5).first(sizes) == 1  # what is too long goes alone


@given(st.lists(st.integers(0, 100), min_size=1), st.integers(1, 9), st.integers(0, 300))
def test_every_batch_has_one_and_keeps_to_the_limits(
    sizes: list[int], requests: int, tokens: int
) -> None:
    sizes.sort()
    count = Batches(requests, tokens).first(sizes)
    assert 1 <= count <= min(requests, len(sizes))
    assert count == 1 or count * sizes[count - 1] <= tokens


def test_memory_that_ran_out_halves_what_was_too_much() -> None:
    batches = Batches(8)
    assert "4 requests of up to 100 tokens" in batches.shrink([50, 60, 90, 100])
    assert (batches.requests, batches.tokens) == (8, 200)
    unsized = Batches(8)
    assert "going on with 2 at a time" in unsized.shrink([0] * 4)
    assert (unsized.requests, unsized.tokens) == (2, None)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), True),
        (type("OutOfMemoryError", (RuntimeError,), {})("x"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("shape mismatch"), False),
    ],
)
def test_memory_errors_are_known(error: Exception, told: bool) -> None:
    assert is_out_of_memory(error) is told


@dataclass
class Greedy:
    """Has memory for so many requests at a time."""

    room: int
    batches: list[int] = field(default_factory=list)
    batch_size: ClassVar[int] = 16
    supports: ClassVar[Supports] = Supports(needs_media=False)
    grammar: ClassVar[str] = "plain"

    def judge(self, batch: list[Any]) -> list[Output]:
        self.batches.append(len(batch))
        if len(batch) > self.room:
            raise MemoryError("no room")
        return [Output.verdict(Verdict.FIRST)] * len(batch)


def test_a_run_goes_on_in_smaller_batches_and_says_so(genai_items: Any, tmp_path: Path) -> None:
    if "greedy" not in judges.names():
        judges.register("greedy")(Greedy)
    settings = Settings(
        "greedy", ("genai-bench-image",), {"room": 5, "batches": []}, data=str(genai_items(40))
    )
    prepared, said = prepare(settings), []
    found = execute(prepared, tmp_path / "run", said.append)
    assert found["tasks"]["genai-bench-image"]["failed"] == 0
    tried = prepared.judge.batches  # type: ignore[attr-defined]
    assert [n for n in tried if n > 5] == [16, 8]
    assert set(tried[2:]) <= {2, 4}
    assert sum(n for n in tried if n <= 5) == 80
    assert sum("out of memory" in line for line in said) == 2
    assert "out of memory with 16 requests" in (tmp_path / "run" / "log.txt").read_text()
