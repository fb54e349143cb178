"""LLaVA-OneVision in vLLM, its engine in this very process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from tiny_checkpoints import picture
from unieval.judges.backends.chats import Chat, Clip
from unieval.judges.backends.transformers import TransformersModel
from unieval.judges.backends.vllm import VLLMModel

pytestmark = pytest.mark.usefixtures("one_thread", "server")

ANSWERS = ("Image 1 is better", "Image 2 is better")
QUESTION = "which one is better"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With heads as large as vLLM's attention on CPUs wants them, and names as on the hub."""
    import tiny_checkpoints

    folder = tmp_path_factory.mktemp("llava")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"hidden_size": 64, "num_attention_heads": 2}.items():
            patch.setitem(tiny_checkpoints.TEXT, name, value)
        tiny_checkpoints.save_tiny_llava(folder)
    file = folder / "model.safetensors"
    weights = load_file(file)
    if not any("vision_tower.vision_model." in name for name in weights):
        old, new = "vision_tower.", "vision_tower.vision_model."
        weights = {name.replace(old, new): weight for name, weight in weights.items()}
    save_file(weights, file, metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def vllm(checkpoint: Path) -> Iterator[VLLMModel]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
        model = VLLMModel(str(checkpoint), max_images=2, max_model_len=1024)
        yield model
        model.close()


def test_what_it_is_shown_is_about_as_likely_as_in_transformers(vllm, checkpoint):
    """About: vLLM's processor scales pictures with other code."""
    plain = TransformersModel(str(checkpoint))
    film = Clip(tuple(picture(64, 64, seed) for seed in range(4)), 2.0)
    chats = [Chat((QUESTION,)), Chat((picture(60, 40), QUESTION)), Chat((film, QUESTION))]
    found, expected = (
        model.choose([model.prepare(chat) for chat in chats], [ANSWERS] * len(chats))
        for model in (vllm, plain)
    )
    for one, other, near in zip(found, expected, (1e-4, 0.05, 0.05), strict=True):
        assert one.tokens == other.tokens
        assert one.tokens_in == other.tokens_in
        for row, same in zip(one.logprobs, other.logprobs, strict=True):
            assert row == pytest.approx(same, abs=near)


def test_of_two_images_each_is_cut_into_tiles(vllm, checkpoint):
    """Otherwise than in transformers: docs/judges.md tells."""
    plain = TransformersModel(str(checkpoint))
    chats = [Chat((picture(60, 40, 1), picture(60, 40, 2), QUESTION)), Chat((QUESTION,))]
    both, none = vllm.choose([vllm.prepare(chat) for chat in chats], [ANSWERS] * 2)
    (one,) = vllm.choose([vllm.prepare(Chat((picture(60, 40, 1), QUESTION)))], [ANSWERS])
    assert None not in (both.tokens_in, none.tokens_in, one.tokens_in)
    assert both.tokens_in - none.tokens_in == 2 * (one.tokens_in - none.tokens_in)
    assert both.tokens_in > plain.size(plain.prepare(chats[0]))
