"""vLLM in process answers as transformers does, and leaves nothing behind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from backend_conformance import *  # noqa: F403
from tiny_checkpoints import picture
from unieval.harness.errors import UserError
from unieval.judges.backends.chats import Chat, Clip
from unieval.judges.backends.transformers import TransformersModel
from unieval.judges.backends.vllm import VLLMModel
from unieval.judges.nano import CHECKPOINT

del test_a_closed_backend_starts_again  # noqa: F821 (a start takes a minute)

pytestmark = pytest.mark.usefixtures("one_thread", "server")  # which starts meanwhile

QUESTION = "Two images were generated from the same text: a red square. Which one is better?"
VERDICTS = ("Image 1 is better", "Image 2 is better", "Both images are equally good")
SCORES = tuple(f"Final Score: {score}" for score in ("1", "2.8", "3", "3.2", "10"))
FIRST, SECOND = picture(64, 64, 1), picture(64, 64, 2)
CHATS = {
    "two images": Chat((FIRST, SECOND, QUESTION), 1),
    "in the other order": Chat((SECOND, FIRST, QUESTION), 2),
    "images of other sizes": Chat((picture(90, 50, 3), picture(40, 120, 4), QUESTION), 3),
    "an image twice": Chat((FIRST, SECOND, FIRST, QUESTION), 4),
    "one image": Chat((FIRST, QUESTION), 5),
    "text": Chat((QUESTION,), 6),
    "control tokens": Chat((FIRST, SECOND, "is <|image_pad|> or <|im_end|> shown?"), 7),
}


def clip(fps: float, seed: int) -> Clip:
    return Clip(tuple(picture(64, 64, seed + i) for i in range(4)), fps)


@pytest.fixture(scope="module")
def vllm() -> Iterator[VLLMModel]:
    model = VLLMModel(str(CHECKPOINT), max_images=3, max_model_len=1024)
    yield model
    model.close()


@pytest.fixture(scope="module")
def backend(vllm: VLLMModel) -> VLLMModel:
    """What the suite for all backends is run on."""
    return vllm


@pytest.fixture(scope="module")
def plain(_older_transformers: None) -> TransformersModel:
    return TransformersModel(str(CHECKPOINT))


def logprobs(model: VLLMModel | TransformersModel, chats: list[Chat], answers: tuple[str, ...]):
    """Of every token of every answer, in one list."""
    prepared = [model.prepare(chat) for chat in chats]
    choices = model.choose(prepared, [answers] * len(chats))
    assert all(choice.failure is None for choice in choices)
    return [p for choice in choices for row in choice.logprobs for p in row], [
        (choice.tokens, choice.tokens_in) for choice in choices
    ]


@pytest.mark.parametrize("answers", [VERDICTS, SCORES], ids=["verdicts", "scores"])
def test_log_probabilities_are_those_of_transformers(vllm, plain, answers):
    chats = list(CHATS.values())
    found, tokens = logprobs(vllm, chats, answers)
    expected, same = logprobs(plain, chats, answers)
    assert tokens == same
    assert found == pytest.approx(expected, abs=1e-3)
    again, _ = logprobs(vllm, chats[::-1], answers)
    assert sorted(again) == pytest.approx(sorted(found), abs=1e-4)  # now mostly remembered
    assert all(math.isfinite(p) and p <= 0 for p in found)


def test_greedy_answers_are_those_of_transformers(vllm, plain):
    chats = list(CHATS.values())
    answers = [
        model.generate([model.prepare(chat) for chat in chats], max_new_tokens=8)
        for model in (vllm, plain)
    ]
    assert answers[0] == answers[1]
    short = vllm.generate([vllm.prepare(CHATS["text"])], max_new_tokens=1)
    assert short[0].truncated
    assert short[0].tokens_out == 1


def test_clips_are_shown_as_clips(vllm, plain):
    """As long as they last no longer than they are wide: see docs/judges.md."""
    chats = [
        Chat((clip(4.0, 10), clip(4.0, 20), QUESTION)),
        Chat((clip(4.0, 20), clip(4.0, 10), QUESTION)),
        Chat((clip(8.0, 10), QUESTION)),
    ]
    found, tokens = logprobs(vllm, chats, VERDICTS)
    expected, same = logprobs(plain, chats, VERDICTS)
    assert tokens == same
    assert found == pytest.approx(expected, abs=1e-3)


def test_settings_that_vllm_refuses_end_the_run(vllm):
    with pytest.raises(UserError, match=r"vLLM refuses .*temperature"):
        vllm.generate([vllm.prepare(CHATS["text"])], max_new_tokens=4, temperature=1000.0)


def test_a_chat_that_is_too_long_fails_and_leaves_the_engine_well(vllm):
    long = vllm.prepare(Chat(("square " * 2000,)))
    good = vllm.prepare(CHATS["two images"])
    before = vllm.generate([good], max_new_tokens=8)
    with pytest.raises(Exception, match="maximum context length"):
        vllm.generate([good, long, good], max_new_tokens=8)
    assert vllm.generate([good], max_new_tokens=8) == before


def test_closing_ends_all_processes(vllm):
    import psutil

    vllm.load()
    own = [p for p in psutil.Process().children() if p.name().startswith("VLLM")]  # not a server's
    engine = [*own, *(worker for process in own for worker in process.children(recursive=True))]
    assert engine
    vllm.close()
    _, alive = psutil.wait_procs(engine, timeout=10)
    assert not alive
    vllm.close()  # again


def test_a_checkpoint_that_vllm_cannot_run_is_an_error_in_one_line(tmp_path: Path):
    model = VLLMModel(str(CHECKPOINT), max_model_len=10**7)
    with pytest.raises(UserError, match=r"vLLM cannot run checkpoint .*backend=transformers"):
        model.load()
