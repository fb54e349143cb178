"""What every backend must do, whatever runs the checkpoint: the suite that all of them pass.

A test module imports these tests and gives them a ``backend``: the nano checkpoint on one engine.
"""

from __future__ import annotations

import json
import math

import pytest
from tiny_checkpoints import picture
from unieval.judges.backends.backend import Backend, Choice, Reply
from unieval.judges.backends.chats import Chat
from unieval.judges.deciding import probabilities

QUESTION = "Two images were generated from the same text: a red square. Which one is better?"
VERDICTS = ["Image 1 is better", "Image 2 is better", "Both images are equally good"]
FIRST, SECOND = picture(64, 64, 1), picture(64, 64, 2)
CHATS = [
    Chat((FIRST, SECOND, QUESTION), 1),
    Chat((SECOND, FIRST, QUESTION), 2),
    Chat((FIRST, SECOND, FIRST, QUESTION), 3),
    Chat((FIRST, QUESTION), 4),
    Chat((QUESTION,), 5),
]


def generated(backend: Backend, chats: list[Chat], **options: float) -> list[Reply]:
    prepared = [backend.prepare(chat) for chat in chats]
    return backend.generate(prepared, **{"max_new_tokens": 4, **options})  # type: ignore[arg-type]


def chosen(backend: Backend, chats: list[Chat], answers: list[str]) -> list[Choice]:
    return backend.choose([backend.prepare(chat) for chat in chats], [answers] * len(chats))


def shares(choices: list[Choice]) -> list[list[float]]:
    return [probabilities(choice, "branch") for choice in choices]


def test_every_chat_is_answered_in_its_place(backend: Backend) -> None:
    together = generated(backend, CHATS)
    assert [reply.failure for reply in together] == [None] * len(CHATS)
    assert [generated(backend, [chat])[0].text for chat in CHATS] == [r.text for r in together]
    backwards = generated(backend, CHATS[::-1])
    assert [reply.text for reply in backwards[::-1]] == [reply.text for reply in together]
    assert all(reply.tokens_in and reply.tokens_out for reply in together)


def test_an_answer_that_is_cut_off_says_so(backend: Backend) -> None:
    assert all(reply.truncated for reply in generated(backend, CHATS, max_new_tokens=1))
    assert not any(reply.truncated for reply in generated(backend, CHATS))


def test_sampling_follows_each_chats_seed(backend: Backend) -> None:
    chats = [Chat(CHATS[4].parts, seed) for seed in (*range(12), 3)]
    together = [reply.text for reply in generated(backend, chats, temperature=2.0)]
    assert together == [r.text for r in generated(backend, chats, temperature=2.0)]
    assert together[3] == together[-1]
    assert len(set(together)) > 1
    alone = generated(backend, [chats[5]], temperature=2.0)
    assert alone[0].text == together[5]


def test_choosing_tells_how_likely_each_answer_is(backend: Backend) -> None:
    choices = chosen(backend, CHATS, VERDICTS)
    for choice in choices:
        assert choice.failure is None
        assert len(choice.tokens) == len(choice.logprobs) == len(VERDICTS)
        for tokens, logprobs in zip(choice.tokens, choice.logprobs, strict=True):
            assert len(tokens) == len(logprobs) > 0
            assert all(p <= 1e-6 for p in logprobs if not math.isnan(p))
    for each in shares(choices):
        assert sum(each) == pytest.approx(1)


def test_the_likeliest_answer_is_the_one_that_is_written(backend: Backend) -> None:
    written = [reply.text.strip() for reply in generated(backend, CHATS)]
    likeliest = [
        VERDICTS[each.index(max(each))] for each in shares(chosen(backend, CHATS, VERDICTS))
    ]
    agree = [(a, b) for a, b in zip(written, likeliest, strict=True) if a in VERDICTS]
    assert agree
    assert all(a == b for a, b in agree)


def test_choices_do_not_depend_on_the_batch(backend: Backend) -> None:
    together = shares(chosen(backend, CHATS, VERDICTS))
    for chat, share in zip(CHATS, together, strict=True):
        assert shares(chosen(backend, [chat], VERDICTS))[0] == pytest.approx(share, abs=1e-4)


def test_pictures_and_their_order_are_seen(backend: Backend) -> None:
    one, other, _, single, none = shares(chosen(backend, CHATS, VERDICTS))
    assert one != pytest.approx(other, abs=1e-4)
    assert single != pytest.approx(none, abs=1e-4)


def test_longer_chats_are_known_to_be_longer(backend: Backend) -> None:
    sizes = [backend.size(backend.prepare(chat)) for chat in CHATS]
    assert sizes[2] > sizes[0] > sizes[3] > sizes[4] > 0


def test_identity_is_plain_and_stays(backend: Backend) -> None:
    told = json.dumps(backend.identity())
    generated(backend, CHATS[:1])
    assert json.dumps(backend.identity()) == told
    assert backend.chooses


def test_a_closed_backend_starts_again(backend: Backend) -> None:
    before = generated(backend, CHATS)
    backend.close()
    backend.close()
    assert generated(backend, CHATS) == before
