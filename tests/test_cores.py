"""A batch shared out among cores: the same answers, each medium once, errors told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from test_choose import MIXED, choose, close
from test_vision_features import CHATS, ask, backend, each, qwen2, qwen3
from tiny_checkpoints import picture
from unieval.judges.backends import cores, loaded
from unieval.judges.backends.chats import Chat
from unieval.judges.backends.cores import Cores, _slices

__all__ = ["each", "qwen2", "qwen3"]  # fixtures


@pytest.fixture(autouse=True)
def three_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    monkeypatch.setattr(loaded, "_LEAST", 2)
    yield
    torch.set_num_threads(before)


def threads(model: torch.nn.Module) -> set[str]:
    """Gets the names of the threads in which a model runs."""
    found: set[str] = set()
    model.register_forward_pre_hook(lambda *ignored: found.add(threading.current_thread().name))
    return found


def test_the_same_choices_and_answers(each: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = backend(each)
    used = threads(shared.load().model)
    found = choose(shared, CHATS, MIXED)
    said = ask(shared, CHATS, max_new_tokens=5)
    sampled = ask(shared, CHATS, max_new_tokens=5, temperature=1.0)
    assert len(used) > 1
    assert all(name.startswith("core") for name in used)
    monkeypatch.setattr(cores, "_SMALL", 0)
    single = backend(each)
    used = threads(single.load().model)
    assert all(map(close, found, choose(single, CHATS, MIXED)))
    assert said == ask(single, CHATS, max_new_tokens=5)
    assert sampled == ask(single, CHATS, max_new_tokens=5, temperature=1.0)
    assert used == {threading.current_thread().name}
    assert torch.get_num_threads() == 3


def test_each_medium_is_encoded_once_for_all_parts(
    qwen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unieval.judges.backends.features._MOST_ON_CPU", 1)  # one by one
    model = backend(qwen, features=0)
    first, second = picture(56, 56, 1), picture(60, 40, 2)
    chats = [Chat((first, second, f"{n}?")) for n in range(4)]
    chats += [Chat((second, first, f"{n}?")) for n in range(4)]
    choose(model, chats, MIXED)
    assert model.encoded == 2


def test_what_fails_in_a_part_is_told(qwen: Path) -> None:
    made = Cores(backend(qwen).load().model)

    def fail(part: slice) -> list[int]:
        raise MemoryError(f"in {part.start}")

    with pytest.raises(MemoryError, match="in 0"):
        made.each(fail, 6, 2)
    assert made.each(lambda part: part, 6, 2) == [slice(0, 2), slice(2, 4), slice(4, 6)]
    assert made.each(lambda part: part, 3, 2) == [slice(0, 3)]
    assert made.each(lambda part: torch.get_num_threads(), 6, 2) == [1, 1, 1]
    assert made.each(lambda part: torch.get_num_threads(), 2, 2) == [3]


def test_parts_are_of_nearly_one_size() -> None:
    assert _slices(7, 3) == [slice(0, 2), slice(2, 4), slice(4, 7)]
    assert _slices(1, 1) == [slice(0, 1)]
    assert _slices(0, 1) == [slice(0, 0)]
