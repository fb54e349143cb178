"""Batches to learn from: the judge's tensors, and after them the answers, alone learnt."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from test_preferences_conversations import NAMES, clip, pairs
from test_preferences_data import embedded, pair, point
from tiny_checkpoints import picture
from unieval.judges.backends.chats import Chat, Clip, model_inputs
from unieval.judges.backends.processors import load_processor
from unieval.reward_training.batches import Batches, batch
from unieval.reward_training.conversations import Conversations, Row, answer
from unieval.reward_training.preferences import Preference
from unieval.reward_training.rows import Opened

__all__ = ["pairs"]
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(params=["qwen", "llava"])
def source(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


PLACED = [
    Row(
        Chat(("One: ", picture(40, 30, 1), " two: ", picture(64, 64, 2), " which?")),
        "Image 1 is better",
    ),
    Row(Chat((Clip((picture(48, 32, 3),) * 3, 2.0), "good?")), "Final Score: 3"),
    Row(
        Chat(
            (
                picture(30, 60, 4),
                "became ",
                Clip(tuple(picture(48, 48, 5 + i) for i in range(3)), 1.0),
                "as asked: a red <|im_end|> cube " * 9,
            )
        ),
        "Video 2 is better",
    ),
    Row(Chat(("Just text.",)), "Both answers are equally good"),
]


def as_trl_takes_it(row: Row) -> dict[str, Any]:
    return {
        "images": list(row.chat.images),
        "prompt": [{"role": "user", "content": row.chat.text}],
        "completion": [{"role": "assistant", "content": row.answer}],
    }


@pytest.mark.slow
def test_images_first_give_what_trl_gives(source: str, pairs: dict[str, Preference]) -> None:
    sft = pytest.importorskip("trl.trainer.sft_trainer")
    processor = load_processor(source)
    conversations = Conversations(frames=4)
    preferences = [*(pairs[name] for name in NAMES), point("p", 3.5, candidates=(embedded(5),))]
    rows = [conversations.row(preference) for preference in preferences]
    collate = sft.DataCollatorForVisionLanguageModeling(processor, completion_only_loss=True)
    expected = collate([as_trl_takes_it(row) for row in rows])
    found = batch(rows, processor)
    assert found.keys() == expected.keys()
    for name, tensor in found.items():
        assert torch.equal(tensor, expected[name]), name


def test_the_answer_alone_is_learnt(source: str) -> None:
    processor = load_processor(source)
    made = batch(PLACED, processor)
    shape = made["input_ids"].shape
    for i, row in enumerate(PLACED):
        shown = model_inputs(processor, [row.chat])
        length = shown["input_ids"].shape[1]
        assert torch.equal(made["input_ids"][i, :length], shown["input_ids"][0])
        learnt = made["labels"][i] != -100
        assert not learnt[:length].any()
        said = processor.tokenizer.decode(made["labels"][i][learnt])
        assert said.strip() == f"{row.answer}<|im_end|>"
        end = length + int(learnt.sum())
        assert made["attention_mask"][i].tolist() == [1] * end + [0] * (shape[1] - end)
        for name in ("mm_token_type_ids", "token_type_ids"):
            if name in made:
                assert made[name].shape == shape
                assert not made[name][i, length:].any()
                assert torch.equal(made[name][i, :length], shown[name][0])
    whole = model_inputs(processor, [row.chat for row in PLACED])
    media = {name for name in whole if name.startswith(("pixel", "image", "video", "second"))}
    assert {"pixel_values", "pixel_values_videos"} <= media
    assert all(torch.equal(made[name], whole[name]) for name in media)


def test_the_loss_of_a_row_does_not_depend_on_its_batch(source: str) -> None:
    from transformers import AutoModelForImageTextToText

    processor = load_processor(source)
    model = AutoModelForImageTextToText.from_pretrained(source).eval()

    def losses(rows: list[Row]) -> list[float]:
        made = batch(rows, processor)
        labels = made.pop("labels")
        with torch.no_grad():
            logits = model(**made).logits[:, :-1]
        each = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), labels[:, 1:], ignore_index=-100, reduction="none"
        )
        return each.sum(dim=1).tolist()

    alone = list(chain.from_iterable(losses([row]) for row in PLACED))
    assert losses(PLACED) == pytest.approx(alone, rel=1e-4)


def test_what_a_template_places_is_placed_in_training(source: str, tmp_path: Path) -> None:
    for name in ("image_generation", "video_generation"):
        template = "{{ candidates[1] }}{{ prompt }}{{ candidates[0] }}"
        (tmp_path / f"{name}.j2").write_text(template)
    videos = clip(tmp_path / "a.mp4", 6), clip(tmp_path / "b.mp4", 4)
    rows = [
        pair("a", candidates=(embedded(1), embedded(2)), prompt="a cube"),
        pair("b", modality="video", candidates=videos, prompt="a cube"),
    ]
    made = Conversations(prompts=tmp_path, video="native", frames=3)
    assert [type(part).__name__ for part in made.row(rows[0]).chat.parts] == [
        "Image",
        "str",
        "Image",
    ]
    assert [type(part).__name__ for part in made.row(rows[1]).chat.parts] == ["Clip", "str", "Clip"]
    batches = Batches(Opened(rows, made.row, False), load_processor(source))
    found = batches([{"row": 0}, {"row": 1}])
    assert len(found["labels"]) == 2
    assert {"pixel_values", "pixel_values_videos"} <= found.keys()


def test_an_answer_that_the_family_begins_differently(qwen: Path) -> None:
    """The question is the judge's, to the last character; the answer is what follows it."""
    processor = load_processor(str(qwen))
    row = Row(Chat((picture(30, 30), "Which?")), "Image 1 is better")
    plain = batch([row], processor)
    opened = "<|im_start|>assistant\n<think>\n"
    processor.chat_template = processor.chat_template.replace("<|im_start|>assistant\n", opened)
    thinking = batch([row], processor)
    text = processor.tokenizer.decode(thinking["input_ids"][0])
    assert text.endswith(f"{opened}Image 1 is better<|im_end|>\n")
    learnt = [b["labels"][b["labels"] != -100].tolist() for b in (plain, thinking)]
    assert learnt[0] == learnt[1]
    reasoned = Row(row.chat, "<think>\nsharp\n</think>\nImage 1 is better")
    made = batch([reasoned], processor)
    said = processor.tokenizer.decode(made["labels"][made["labels"] != -100])
    assert said.startswith("sharp\n</think>")


def test_answers_are_those_of_the_preferences(qwen: Path, pairs: dict[str, Preference]) -> None:
    processor = load_processor(str(qwen))
    made = batch([Conversations(frames=2).row(pairs[name]) for name in NAMES], processor)
    for labels, name in zip(made["labels"], NAMES, strict=True):
        said = processor.tokenizer.decode(labels[labels != -100])
        assert said.strip() == f"{answer(pairs[name])}<|im_end|>"
