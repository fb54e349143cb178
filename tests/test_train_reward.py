"""Training a generative judge: what it is shown, what is trained, and what comes out."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from test_preferences_conversations import clip
from test_preferences_data import embedded, pair, point
from tiny_checkpoints import copy, picture
from train_reward_setup import configuration, losses, make_workshop
from unieval.harness.errors import UserError
from unieval.harness.items import THREE_WAY, PairItem, Request, Verdict
from unieval.judges.backends.chats import Chat, model_inputs
from unieval.judges.backends.processors import load_processor
from unieval.judges.backends.transformers import TransformersModel
from unieval.judges.vlm import VisionLanguageJudge
from unieval.reward_training.batches import Batches
from unieval.reward_training.checkpoints import latest
from unieval.reward_training.conversations import Conversations
from unieval.reward_training.rows import Opened, schedule
from unieval.reward_training.train import train

__all__ = ["make_workshop"]

BENCHMARK = {"task": "genai-bench-image", "data": "demo", "limit": 6}


def with_benchmark(workshop: Path, **sections: Any) -> Path:
    """A training with held-out rows and a benchmark, evaluated on the way."""
    given: dict[str, Any] = {"data": {"held_out": 0.2}, "training": {"eval_every": 4}}
    return configuration(workshop, "trained", evaluate=[BENCHMARK], **given | sections)


@pytest.fixture(scope="module")
def trained(workshop: Path) -> Path:
    return train(with_benchmark(workshop))


# --- what is shown -------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["qwen", "llava"])
def test_training_shows_what_the_judge_shows_and_learns_the_answer_alone(workshop, family):
    """Also where a text contains the tokens that steer the model."""
    candidates = embedded(1), embedded(2)
    row = pair("a", prompt="a <image> <|image_pad|> <|im_end|> cube", candidates=candidates)
    source = str(workshop / family)
    processor = load_processor(source)
    batch = Batches(Opened([row], Conversations(two_way=0).row, False), processor)([{"row": 0}])

    judge = VisionLanguageJudge(path=source)
    item = PairItem("a", "image", "generation", row.prompt, candidates, Verdict.TIE)
    asked = judge.chat(Request("t", item, "ab", 0, 0, THREE_WAY))
    shown = model_inputs(judge.model.load().processor, [asked])

    length = shown["input_ids"].shape[1]
    assert batch["input_ids"][0, :length].tolist() == shown["input_ids"][0].tolist()
    assert torch.equal(batch["pixel_values"], shown["pixel_values"])
    learnt = batch["labels"][0] != -100
    assert not learnt[:length].any()
    assert processor.tokenizer.decode(batch["labels"][0][learnt]).startswith(
        "Image 1 is better<|im_end|>"
    )


@pytest.mark.parametrize("family", ["qwen", "llava"])
def test_the_loss_of_a_row_does_not_depend_on_its_batch(workshop, family):
    from transformers import AutoModelForImageTextToText

    rows = [
        pair("a", candidates=(embedded(1), embedded(2))),
        point("b", candidates=(embedded(3),)),
        pair("c", prompt="a red cube " * 20, candidates=(embedded(4), embedded(5))),
    ]
    source = str(workshop / family)
    batches = Batches(Opened(rows, Conversations().row, False), load_processor(source))
    model = AutoModelForImageTextToText.from_pretrained(source).eval()

    def answer_losses(numbers: list[int]) -> list[float]:
        batch = batches([{"row": number} for number in numbers])
        labels = batch.pop("labels")
        with torch.no_grad():
            logits = model(**batch).logits[:, :-1]
        each = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), labels[:, 1:], ignore_index=-100, reduction="none"
        )
        return each.sum(dim=1).tolist()

    alone = list(chain.from_iterable(answer_losses([number]) for number in range(3)))
    assert answer_losses([0, 1, 2]) == pytest.approx(alone, rel=1e-4)


def test_the_schedule_is_fixed_and_whole():
    order = schedule(5, 12, seed=0)
    assert order[:5] == [0, 1, 2, 3, 4]
    assert sorted(order[5:10]) == [0, 1, 2, 3, 4]
    assert order[5:10] != order[:5]
    assert schedule(5, 40, seed=0)[:12] == order
    assert schedule(5, 40, seed=1)[5:] != schedule(5, 40, seed=0)[5:]


def test_media_are_opened_when_a_row_is_needed(workshop, monkeypatch):
    opened = []
    from unieval.judges import pictures

    load = pictures.load_image
    monkeypatch.setattr(
        pictures, "load_image", lambda media: opened.append(media.uri) or load(media)
    )
    rows = [pair(str(i), candidates=(embedded(2 * i), embedded(2 * i + 1))) for i in range(9)]
    batches = Batches(
        Opened(rows, Conversations().row, False), load_processor(str(workshop / "qwen"))
    )
    assert not opened
    batches([{"row": 3}])
    assert opened == [media.uri for media in rows[3].media]


# --- what is trained -----------------------------------------------------------------------------


def weights(folder: Path) -> dict[str, Any]:
    return load_file(folder / "model.safetensors")


def test_frozen_parts_stay_and_all_others_move(workshop):
    config = configuration(
        workshop, "frozen", "llava", training={"steps": 2, "freeze": ["vision", "projector"]}
    )
    before, after = weights(workshop / "llava"), weights(train(config))
    assert before.keys() == after.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert not [n for n in moved if "vision" in n or "projector" in n or "newline" in n]
    assert any("lm_head" in name for name in moved)
    assert any("embed_tokens" in name for name in moved)


def test_a_projector_within_a_vision_tower_is_not_vision(workshop):
    config = configuration(workshop, "merger", training={"steps": 2, "freeze": ["vision"]})
    before, after = weights(workshop / "qwen"), weights(train(config))
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert any("merger" in name for name in moved)
    assert not any("visual.blocks" in name for name in moved)


def test_adapters_are_merged_into_the_output(workshop):
    from peft import PeftModel
    from transformers import AutoModelForImageTextToText

    training = {"steps": 2, "freeze": ["vision"], "lora": {"rank": 4, "targets": ["q_proj"]}}
    output = train(configuration(workshop, "merged", "llava", training=training))
    before, after = weights(workshop / "llava"), weights(output)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all("language_model" in name and "q_proj" in name for name in moved)
    base = AutoModelForImageTextToText.from_pretrained(workshop / "llava")
    checkpoint = latest(output / "checkpoints")
    adapted = PeftModel.from_pretrained(base, str(checkpoint))
    merged = AutoModelForImageTextToText.from_pretrained(output)
    ids = torch.arange(20, 40)[None]
    with torch.no_grad():
        torch.testing.assert_close(merged(ids).logits, adapted(ids).logits, atol=1e-4, rtol=1e-4)


def test_activations_can_be_computed_twice_with_the_same_result(workshop):
    def curve(name: str, **training: Any) -> dict[int, float]:
        return losses(train(configuration(workshop, name, training={"steps": 3, **training})))

    assert curve("twice", gradient_checkpointing=True) == pytest.approx(curve("once"), abs=1e-5)


def test_the_output_keeps_the_number_format_of_the_start(workshop):
    """Frozen weights are bfloat16 beside adapters in float32, on devices that compute in it."""
    from transformers import AutoModelForImageTextToText

    copy(workshop / "qwen", workshop / "half")
    model = AutoModelForImageTextToText.from_pretrained(workshop / "qwen", dtype=torch.bfloat16)
    model.save_pretrained(workshop / "half")
    training = {"steps": 1, "bf16": True, "lora": {"rank": 2}}
    output = train(configuration(workshop, "halves", "half", training=training))
    assert {weight.dtype for weight in weights(output).values()} == {torch.bfloat16}
    adapter = load_file(output / "checkpoints" / "checkpoint-1" / "adapter_model.safetensors")
    assert {weight.dtype for weight in adapter.values()} == {torch.float32}


@pytest.mark.parametrize(
    ("training", "said"),
    [
        (
            {"lora": {"targets": ["q_prj"]}},
            r"no linear layer .* called 'q_prj'; there are: .*q_proj",
        ),
        ({"wandb": True}, "Weights & Biases is not installed"),
    ],
)
def test_what_the_model_does_not_have_is_told(workshop, training, said):
    with pytest.raises(UserError, match=said):
        train(configuration(workshop, "wrong", training=training))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_row_whose_picture_is_missing_is_named(workshop, workers):
    lines = (workshop / "preferences.jsonl").read_text().splitlines()
    bad = {**json.loads(lines[0]), "id": "bad", "candidates": ["gone.png", "0-second.png"]}
    (workshop / "bad.jsonl").write_text("\n".join([*lines[:5], json.dumps(bad)]) + "\n")
    config = configuration(
        workshop,
        f"bad-{workers}",
        data={"sources": {"mine": {"adapter": "jsonl", "data": "bad.jsonl"}}},
        training={"workers": workers, "steps": 3},
    )
    with pytest.raises(UserError, match=r"^mine, preference 'bad': .*gone\.png.*skip_bad") as error:
        train(config)
    assert "\n" not in str(error.value)


def test_a_row_whose_picture_is_missing_can_be_left_out(workshop, capfd):
    lines = (workshop / "preferences.jsonl").read_text().splitlines()
    bad = {**json.loads(lines[0]), "id": "bad", "candidates": ["gone.png", "0-second.png"]}
    (workshop / "bad.jsonl").write_text("\n".join([*lines[:5], json.dumps(bad)]) + "\n")
    sources = {"mine": {"adapter": "jsonl", "data": "bad.jsonl"}}
    train(
        configuration(workshop, "left", data={"sources": sources}, training={"steps": 3}),
        skip_bad=True,
    )
    assert "left out: mine, preference 'bad': " in capfd.readouterr().err


@pytest.mark.parametrize("objective", ["generative", "bradley_terry"])
@pytest.mark.parametrize("family", ["qwen", "llava"])
def test_videos_are_learnt_as_videos(workshop, objective, family):
    names = [f"{i}.mp4" for i in range(4)]
    for i, name in enumerate(names):
        clip(workshop / name, 5 + i)
    shared = {"source": "films", "modality": "video", "objective": "generation", "prompt": "fall"}
    rows = [
        {"id": f"{i}", "candidates": names[i : i + 2], "verdict": "first", **shared}
        for i in range(3)
    ]
    (workshop / "films.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = {"sources": {"films": {"adapter": "jsonl", "data": "films.jsonl"}}, "frames": 3}
    output = train(
        configuration(
            workshop,
            f"films-{objective}-{family}",
            family,
            objective=objective,
            data={**given, "video": "native", "max_pixels": 1000},
            training={"steps": 2},
            evaluate=[{"task": "genai-bench-video", "data": "demo", "limit": 1}],
        )
    )
    assert len(losses(output)) == 2
    assert "--judge-arg video=native" in (output / "README.md").read_text()
    (run,) = (output / "evaluations" / "step-000002").iterdir()
    assert json.loads((run / "results.json").read_text())["tasks"]["genai-bench-video"]["n"] == 1


# --- what comes out ------------------------------------------------------------------------------


def test_the_output_is_a_judge(trained):
    judge = TransformersModel(str(trained))
    chat = judge.prepare(Chat((picture(32, 32), "a red square")))
    (reply,) = judge.generate([chat], max_new_tokens=4)
    assert reply.tokens_in > 0
    assert (trained / "preprocessor_config.json").is_file()
    assert not list(trained.rglob("training_args.bin"))


def test_the_output_tells_how_it_was_made(trained, workshop):
    card = (trained / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlibrary_name: transformers\n")
    assert "learning_rate: 0.001" in card
    assert "| genai-bench-image | **diff** | 0." in card
    assert "transformers 5" in card
    assert str(workshop) not in card
    with Image.open(trained / "curves.png") as curves:
        assert curves.width > 500
    assert list((trained / "tensorboard").iterdir())
    summary = json.loads((trained / "data.json").read_text())
    assert summary["rows"] + summary["held_out"] == 30
    assert len(losses(trained)) == 6


def test_checkpoints_are_judged_on_the_way(trained):
    steps = sorted(path.name for path in (trained / "evaluations").iterdir())
    assert steps == ["step-000004", "step-000006"]
    for folder in (trained / "evaluations").glob("step-*/*"):
        results = json.loads((folder / "results.json").read_text())
        assert results["tasks"]["genai-bench-image"]["n"] == 6
    assert not list(trained.glob("evaluations/*/model"))


def test_a_finished_training_is_left_alone(trained, workshop):
    before = (trained / "model.safetensors").stat().st_mtime_ns
    assert train(with_benchmark(workshop)) == trained
    assert (trained / "model.safetensors").stat().st_mtime_ns == before


def test_a_task_that_does_not_exist_is_told_before_training(workshop):
    config = configuration(workshop, "no-task", evaluate=[{"task": "genai-bench-imag"}])
    with pytest.raises(UserError, match="did you mean 'genai-bench-image'"):
        train(config)
    assert not (workshop / "no-task").exists()


# --- whose folder it is --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sections", "field"),
    [
        ({"training": {"learning_rate": 0.01, "eval_every": 4}}, "training.learning_rate: 0.001"),
        ({"training": {"steps": 8, "eval_every": 4}}, "training.steps: 6 then, 8 now"),
        ({"data": {"held_out": 0.2, "max_pixels": 900}}, "data.max_pixels: 262144 then, 900 now"),
        ({"data": {"held_out": 0.5}}, "data.fingerprint"),
        ({"family": "llava"}, "model.fingerprint"),
    ],
)
def test_a_folder_of_other_settings_is_refused(trained, workshop, sections, field):
    with pytest.raises(UserError, match="holds a training with other settings") as error:
        train(with_benchmark(workshop, **sections))
    assert field in str(error.value)


def test_how_a_step_is_cut_into_batches_may_change(trained, workshop):
    training = {"batch_size": 1, "accumulate": 2, "save_every": 3, "eval_every": 4}
    assert train(with_benchmark(workshop, training=training)) == trained


def test_a_folder_of_something_else_is_refused(workshop):
    (workshop / "busy").mkdir()
    (workshop / "busy" / "thesis.tex").write_text("")
    with pytest.raises(UserError, match="holds something else than a training"):
        train(configuration(workshop, "busy"))


def test_data_without_rows_are_told(workshop):
    with pytest.raises(UserError, match="no rows to learn from"):
        train(configuration(workshop, "empty", data={"held_out": 0.999999}))
