"""Checkpoints run by transformers: tiny ones of the judges' own architectures, and broken ones."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
from PIL import Image
from safetensors.torch import load_file, save_file
from tiny_checkpoints import copy, picture
from transformers import AutoModelForImageTextToText, Qwen2Config, Qwen2ForCausalLM
from unieval.harness.errors import UserError
from unieval.judges.backends.backend import Reply
from unieval.judges.backends.chats import Chat
from unieval.judges.backends.decoding import write
from unieval.judges.backends.inputs import Prepared
from unieval.judges.backends.loaded import GumbelNoise
from unieval.judges.backends.transformers import TransformersModel

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(params=["qwen", "llava"])
def either(request: pytest.FixtureRequest) -> Path:
    """A checkpoint of each architecture in turn."""
    folder: Path = request.getfixturevalue(request.param)
    return folder


CHATS = [
    Chat((picture(40, 60, 1), picture(90, 33, 2), "short"), 11),
    Chat((picture(64, 64, 3), "a longer question about one picture, " * 6), 12),
    Chat((picture(100, 20, 4), picture(30, 30, 5), picture(60, 90, 6), "three pictures"), 13),
    Chat((*(picture(50, 40, 7 + i) for i in range(6)), "six frames of two videos"), 14),
]


def ask(model: TransformersModel, chats: list[Chat], **options: Any) -> list[Reply]:
    return model.generate([model.prepare(chat) for chat in chats], **options)


def generate(folder: Path, chats: list[Chat], temperature: float = 0.0) -> list[Reply]:
    model = TransformersModel(str(folder), device="cpu")
    return ask(model, chats, max_new_tokens=10, temperature=temperature)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_batched_equals_single(either: Path, temperature: float) -> None:
    model = TransformersModel(str(either), device="cpu")
    options: dict[str, Any] = {"max_new_tokens": 10, "temperature": temperature}
    batched = ask(model, CHATS, **options)
    single = [ask(model, [chat], **options)[0] for chat in CHATS]
    backwards = ask(model, CHATS[::-1], **options)[::-1]
    assert batched == single == backwards
    assert len({reply.text for reply in batched}) == len(CHATS)


def test_pictures_and_their_order_matter(either: Path) -> None:
    first, second = picture(64, 64, 1), Image.new("RGB", (64, 64), "red")
    replies = generate(either, [Chat((first, second, "?")), Chat((second, first, "?"))])
    assert replies[0].text != replies[1].text


def test_greedy_although_the_checkpoint_asks_for_sampling(
    either: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    settings = {
        "do_sample": True,
        "temperature": 5.0,
        "top_p": 0.8,
        "top_k": 20,
        "repetition_penalty": 1.5,
    }
    sampling = copy(either, tmp_path / "sampling", generation_config=settings)
    logger = logging.getLogger("transformers")
    logger.addHandler(caplog.handler)
    try:
        replies = generate(sampling, CHATS)
    finally:
        logger.removeHandler(caplog.handler)
    assert replies == generate(either, CHATS)
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == []
    assert [str(w.message) for w in recwarn] == []


def test_sampling_follows_the_seed(qwen: Path) -> None:
    chat = CHATS[0]
    again = [Chat(chat.parts, seed) for seed in (1, 2, 1, 2**63 - 1)]
    replies = generate(qwen, again, temperature=1.0)
    assert replies[0] == replies[2]
    assert len({reply.text for reply in replies}) == 3
    assert generate(qwen, again, temperature=1e-4) == generate(qwen, again)


def test_sampling_has_the_right_distribution() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0, 3.0])
    rows, temperature = 4000, 1.7
    noise = GumbelNoise(list(range(rows)), temperature)
    drawn = noise(None, logits.expand(rows, 4)).argmax(dim=1)
    shares = torch.bincount(drawn, minlength=4) / rows
    expected = torch.softmax(logits / temperature, dim=0)
    assert torch.allclose(shares, expected, atol=0.03)  # about four standard errors


def test_tokens_are_counted_and_the_end_is_found(qwen: Path, tmp_path: Path) -> None:
    chats = CHATS[:3]
    model = TransformersModel(str(qwen), device="cpu")
    prepared = [model.prepare(chat) for chat in chats]
    rows = write_all(model, prepared)
    assert [len(row) for row in rows] == [10, 10, 10]
    whole = generate(qwen, chats)
    assert all(reply.truncated and reply.tokens_out == 10 for reply in whole)
    assert [r.tokens_in for r in whole] == [model.size(p) for p in prepared]
    end = rows[0][2]
    ending = copy(qwen, tmp_path / "ending", generation_config={"eos_token_id": [end]})
    assert TransformersModel(str(ending), device="cpu").ends == {end, *model.ends}
    replies = generate(ending, chats)
    assert not replies[0].truncated
    assert replies[0].tokens_out == 3
    assert whole[0].text.startswith(replies[0].text)
    longer = [r for r, row in zip(replies, rows, strict=True) if end not in row]
    assert longer
    assert all(reply.truncated and reply.tokens_out == 10 for reply in longer)
    assert [r.tokens_in for r in replies] == [r.tokens_in for r in whole]


def write_all(model: TransformersModel, prepared: list[Prepared]) -> list[list[int]]:
    with torch.inference_mode():
        return write(model.load().reader(prepared), prepared, model.ends, 10)


def test_control_tokens_in_a_question_are_text(either: Path) -> None:
    tricky = Chat((*CHATS[0].images, "is <image> or <|image_pad|> or <|im_end|> shown?"))
    reply = generate(either, [tricky, CHATS[1]])[0]
    plain = Chat((*CHATS[0].images, "is < image> or < |image_pad|> or < |im_end|> shown?"))
    special = "<image>" if "llava" in str(either) else "<|image_pad|>"
    assert special in tricky.text
    assert reply.tokens_out == 10
    (other,) = generate(either, [plain])
    assert reply.tokens_in is not None
    assert other.tokens_in is not None
    assert abs(reply.tokens_in - other.tokens_in) <= 2


def test_half_precision(either: Path) -> None:
    model = TransformersModel(str(either), device="cpu", dtype="bfloat16", attention="eager")
    assert model.resolved_dtype == "bfloat16"
    assert len(ask(model, CHATS, max_new_tokens=3)) == len(CHATS)


def test_auto_dtype_on_cpu_is_float32(qwen: Path, tmp_path: Path) -> None:
    stored = copy(qwen, tmp_path / "half", config={"dtype": "bfloat16"})
    model = TransformersModel(str(stored), device="cpu")
    assert model.resolved_dtype == "float32"
    assert model.load().model.dtype is torch.float32
    assert TransformersModel(str(stored), device="cuda").resolved_dtype == "bfloat16"


def test_what_an_answer_depends_on(qwen: Path) -> None:
    model = TransformersModel(str(qwen), device="cpu", dtype="bfloat16", quantization="4bit")
    assert model.identity() == {
        "backend": "transformers",
        "checkpoint": str(qwen),
        "fingerprint": model.checkpoint.fingerprint,
        "dtype": "bfloat16",
        "attention": "default",
        "quantization": "4bit",
    }
    assert "quantization" not in TransformersModel(str(qwen)).identity()


def test_quantization_needs_its_package(qwen: Path) -> None:
    if find_spec("bitsandbytes") is None:
        refuses(qwen, "needs bitsandbytes, .*pip install bitsandbytes", quantization="8bit")
    refuses(qwen, "quantization=fp8 is not one of .*use 8bit or 4bit", quantization="fp8")


def test_processor_needs_no_torchvision(either: Path) -> None:
    processor = TransformersModel(str(either), device="cpu").load().processor
    assert type(processor.image_processor).__name__.endswith("Pil")
    assert type(processor.video_processor).__module__.startswith("unieval.")
    assert "VideoProcessor" not in repr(processor)
    assert processor.tokenizer.padding_side == "left"
    assert AutoModelForImageTextToText.from_pretrained(either).config.model_type


# --- checkpoints that cannot be used -------------------------------------------------------------


def refuses(path: Path | str, reason: str, **options: object) -> None:
    model = TransformersModel(str(path), device="cpu", **options)
    with pytest.raises(UserError, match=reason) as caught:
        model.load()
    assert "\n" not in str(caught.value)


def test_missing_checkpoint(tmp_path: Path, qwen: Path) -> None:
    refuses(tmp_path / "nowhere", "nowhere does not exist; check path=")
    refuses(tmp_path, r"is no checkpoint: it has no config.json; check path=")
    refuses(qwen / "config.json", "is a file; give the folder")
    refuses(qwen, "is for hub checkpoints", revision="v1")
    (tmp_path / "adapter_config.json").write_text("{}")
    refuses(tmp_path, "merge the adapter into its base model first")
    (tmp_path / "config.json").write_text("{")
    refuses(tmp_path, r"config.json is not valid JSON")


def test_text_model_is_refused(tmp_path: Path) -> None:
    config = Qwen2Config(
        vocab_size=16,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
    )
    Qwen2ForCausalLM(config).save_pretrained(tmp_path)
    refuses(tmp_path, "is no vision-language model .its type is 'qwen2'.")


def test_unknown_architecture_is_refused(qwen: Path, tmp_path: Path) -> None:
    refuses(
        copy(qwen, tmp_path / "a", config={"model_type": "no-such"}), "cannot be loaded .*no-such"
    )


def test_incomplete_weights_are_refused(qwen: Path, tmp_path: Path) -> None:
    for name, change in {
        "lacking": lambda w: w.pop("model.language_model.norm.weight", None) or w.popitem(),
        "misshapen": lambda w: w.update({k: v[:1].clone() for k, v in w.items() if v.dim() > 1}),
    }.items():
        folder = copy(qwen, tmp_path / name)
        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors", {"format": "pt"})
        refuses(folder, "lacks 1 weights of its architecture" if name == "lacking" else "cannot be")


def test_cut_off_weights_are_refused(qwen: Path, tmp_path: Path) -> None:
    folder = copy(qwen, tmp_path / "cut")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    refuses(folder, "cannot be loaded .*; it must be .* complete")


def test_pickled_weights_are_refused(qwen: Path, tmp_path: Path) -> None:
    folder = copy(qwen, tmp_path / "pickled")
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    refuses(folder, "weights in safetensors files")


def test_missing_chat_template_is_refused(qwen: Path, tmp_path: Path) -> None:
    folder = copy(qwen, tmp_path / "mute")
    (folder / "chat_template.jinja").unlink()
    refuses(folder, "has no chat template; add its family's chat_template.jinja")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (LocalEntryNotFoundError("no network"), "the hub cannot be reached; check the network"),
        (EntryNotFoundError("no file"), "it has no config.json"),
        (ConnectionError("reset\nby peer"), r"cannot be fetched .ConnectionError: reset|reset"),
    ],
)
def test_hub_trouble(monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str) -> None:
    def download(*arguments: object, **options: object) -> str:
        raise error

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    refuses("owner/name", reason)
