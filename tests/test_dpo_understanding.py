"""DPO of models that answer questions: what is shown, what is optimized, and what comes out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from dpo_understanding_setup import (
    configuration,
    logged,
    make_workshop,
    pairs_of,
    said,
    write_plain,
)
from PIL import Image
from test_preferences_conversations import clip
from tiny_checkpoints import picture
from unieval.dpo.understanding.batches import Pairs, pair_batch
from unieval.dpo.understanding.evaluation import answer_log_probs, metrics
from unieval.dpo.understanding.settings import DpoSettings, PairSettings, Settings
from unieval.dpo.understanding.train import train
from unieval.dpo.understanding.trainer import arguments, trainer
from unieval.harness.errors import UserError
from unieval.judges.backends.chats import Chat, model_inputs
from unieval.judges.backends.checkpoints import locate
from unieval.judges.backends.processors import load_processor
from unieval.judges.backends.transformers import TransformersModel
from unieval.reward_training.arguments import trainer_arguments
from unieval.reward_training.configuration import load
from unieval.reward_training.models import load_whole

__all__ = ["make_workshop"]

LORA = {"lora": {"rank": 4}}
END = "<|im_end|>\n"


# --- what is shown -------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["qwen", "llava"])
def test_training_shows_what_the_model_is_asked(workshop, family):
    """Both answers follow the very tokens and pixels of the question; they alone are learnt."""
    rows = pairs_of(workshop / "pairs")[:2]
    processor = load_processor(str(workshop / family))
    made = pair_batch([Pairs(PairSettings(path="pairs"))(row) for row in rows], processor)
    answers = [row.candidates[side] for side in (0, 1) for row in rows]
    for number, answer in enumerate(answers):
        row = rows[number % 2]
        with Image.open(row.context[0].uri) as opened:
            chat = Chat((opened.convert("RGB"), row.prompt))
        asked = model_inputs(processor, [chat])
        length = asked["input_ids"].shape[1]
        assert made["input_ids"][number, :length].tolist() == asked["input_ids"][0].tolist()
        learnt = made["completion_mask"][number].bool()
        assert not learnt[:length].any()
        assert processor.tokenizer.decode(made["input_ids"][number][learnt]) == answer + END
    each = made["pixel_values"].chunk(2)
    assert torch.equal(each[0], each[1])


@pytest.mark.parametrize("video", ["frames", "native"])
def test_videos_are_shown_as_asked(workshop, tmp_path, video):
    clip(tmp_path / "v.mp4", 9)
    row = {"video": "v.mp4", "prompt": "What falls?", "chosen": "A cube.", "rejected": "It."}
    (pair,) = pairs_of(write_plain(tmp_path / "rows.jsonl", row))
    settings = PairSettings(path="x", frames=4, video=video, max_pixels=28 * 28)
    made = pair_batch([Pairs(settings)(pair)], load_processor(str(workshop / "qwen")))
    key = "image_grid_thw" if video == "frames" else "video_grid_thw"
    assert len(made[key]) == (8 if video == "frames" else 2)


# --- what is optimized ---------------------------------------------------------------------------


def trainer_of(config: Path) -> tuple[Any, Settings]:
    settings = load(config, Settings)
    given = arguments(settings, **trainer_arguments(settings))
    rows = pairs_of(config.parent / "pairs")[:4]
    start = locate(settings.model.path, None)
    return trainer(settings, given, start, None, rows, [0, 1, 2, 3], [], False), settings


def log_prob(model: Any, processor: Any, chat: Chat, answer: str) -> float:
    """The sum over the answer's tokens, by a forward pass of nothing else."""
    inputs = dict(model_inputs(processor, [chat]))
    asked = inputs["input_ids"].shape[1]
    tokens = processor.tokenizer(answer + END, add_special_tokens=False)["input_ids"]
    more = torch.tensor([tokens])
    inputs["input_ids"] = torch.cat([inputs["input_ids"], more], dim=1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    if "mm_token_type_ids" in inputs:
        kinds = inputs["mm_token_type_ids"]
        inputs["mm_token_type_ids"] = torch.cat([kinds, torch.zeros_like(more)], dim=1)
    with torch.no_grad():
        likely = model(**inputs).logits[0].log_softmax(dim=-1)
    return sum(float(likely[asked - 1 + i, token]) for i, token in enumerate(tokens))


def log_sigmoid(x: Any) -> Any:
    return -np.log1p(np.exp(-x))


def conservative(x: Any) -> Any:
    return -0.8 * log_sigmoid(x) - 0.2 * log_sigmoid(-x)


def robust(x: Any) -> Any:
    return (-0.8 * log_sigmoid(x) + 0.2 * log_sigmoid(-x)) / 0.6


@pytest.mark.parametrize(
    ("family", "dpo", "loss"),
    [
        ("qwen", {"beta": 0.3}, lambda x: -log_sigmoid(x)),
        ("llava", {"beta": 0.3}, lambda x: -log_sigmoid(x)),
        ("qwen", {"beta": 0.3, "label_smoothing": 0.2}, conservative),
        ("qwen", {"beta": 0.3, "label_smoothing": 0.2, "loss": "robust"}, robust),
        ("qwen", {"beta": 0.3, "loss": "hinge"}, lambda x: np.maximum(0, 1 - x)),
        ("qwen", {"beta": 0.3, "sft": 0.5}, lambda x: -log_sigmoid(x)),
    ],
)
def test_the_loss_is_what_the_formula_says(workshop, family, dpo, loss):
    made, settings = trainer_of(configuration(workshop, "loss", family, dpo=dpo))
    with torch.no_grad():  # the model has learnt something
        for weight in made.model.parameters():
            weight.add_(torch.randn(weight.shape, generator=torch.manual_seed(0)) * 0.02)
    found = made.compute_loss(
        made.model.train(), made.data_collator([{"row": row} for row in range(4)])
    )

    processor = made.processing_class
    start = load_whole(settings, made.start, made.start.source).eval()
    pairs = [Pairs(settings.data)(row) for row in pairs_of(workshop / "pairs")[:4]]
    models = made.model.eval(), start
    chosen, rejected = (
        np.array(
            [[log_prob(m, processor, p.chat, getattr(p, side)) for m in models] for p in pairs]
        )
        for side in ("chosen", "rejected")
    )
    ratios = (chosen - rejected)[:, 0] - (chosen - rejected)[:, 1]
    assert np.abs(ratios).min() > 0.01
    expected = loss(0.3 * ratios).mean()
    if "sft" in dpo:
        tokenizer = processor.tokenizer
        lengths = [len(tokenizer(pair.chosen + END)["input_ids"]) for pair in pairs]
        expected += 0.5 * -chosen[:, 0].sum() / sum(lengths)
    assert found.item() == pytest.approx(expected, rel=1e-4)
    kl = -((chosen + rejected)[:, 0] - (chosen + rejected)[:, 1]).mean() / 2
    made.model.train()
    made.log({})
    assert made.state.log_history[-1]["kl"] == pytest.approx(kl, rel=1e-3)

    inputs = pair_batch(pairs, processor)
    with torch.no_grad():
        both = answer_log_probs(made.model, inputs).numpy()
    np.testing.assert_allclose(both, np.concatenate([chosen[:, 0], rejected[:, 0]]), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["qwen", "llava"])
def test_every_reference_gives_the_same_curve(workshop, family):
    def curve(reference: str, kind: str) -> dict[int, float]:
        training = {"steps": 3, **(LORA if kind == "lora" else {})}
        dpo = {"reference": reference}
        name = f"{family}-{reference}-{kind}"
        return logged(
            train(configuration(workshop, name, family, training=training, dpo=dpo)), "loss"
        )

    adapted = curve("adapter", "lora")
    assert adapted[1] == pytest.approx(math.log(2), abs=1e-6)  # nothing has been learnt yet
    assert adapted[3] != pytest.approx(math.log(2), abs=1e-3)
    assert curve("copy", "lora") == pytest.approx(adapted, abs=1e-5)
    assert curve("precomputed", "lora") == pytest.approx(adapted, abs=1e-5)
    whole = curve("copy", "full")
    assert whole[1] == pytest.approx(math.log(2), abs=1e-6)
    assert curve("precomputed", "full") == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("kind", ["full", "lora"])
def test_activations_can_be_computed_twice_with_the_same_result(workshop, kind):
    def curve(**twice: bool) -> dict[int, float]:
        training = {"steps": 3, **(LORA if kind == "lora" else {}), **twice}
        name = f"{kind}-{'twice' if twice else 'once'}"
        return logged(train(configuration(workshop, name, training=training)), "loss")

    assert curve(gradient_checkpointing=True) == pytest.approx(curve(), abs=1e-5)


def test_dropout_of_adapters_is_kept(workshop):
    lora = {"lora": {"rank": 4, "dropout": 0.5}}
    made, _ = trainer_of(configuration(workshop, "dropout", training=lora))
    rates = {m.p for m in made.model.modules() if isinstance(m, torch.nn.Dropout)}
    assert 0.5 in rates
    assert list(made.model.peft_config) == ["default"]


# --- what comes out ------------------------------------------------------------------------------

BENCHMARK = {"task": "genai-bench-image", "data": "demo", "limit": 4}


def liked(workshop: Path) -> Path:
    """Pairs of which the first answer is always the better one."""
    rows = []
    for i in range(16):
        picture(32, 32, i).save(workshop / f"liked-{i}.png")
        turns = {"chosen": said("a red square"), "rejected": said("nothing")}
        rows.append({"image": f"liked-{i}.png", "prompt": f"What is in {i}?", **turns})
    return write_plain(workshop / "liked.jsonl", *rows)


@pytest.fixture(scope="module")
def aligned(workshop: Path) -> Path:
    liked(workshop)
    return train(aligning(workshop))


def aligning(workshop: Path, **sections: Any) -> Path:
    given: dict[str, Any] = {
        "data": {"path": "liked.jsonl", "held_out": 0.25},
        "training": {"steps": 10, "batch_size": 4, **LORA, "gradient_checkpointing": True},
    }
    merged = {key: {**given.get(key, {}), **values} for key, values in sections.items()}
    config = configuration(workshop, "aligned", **{**given, **merged})
    config.write_text(config.read_text() + f"evaluate: [{json.dumps(BENCHMARK)}]\n")
    return config


@pytest.mark.slow
def test_chosen_answers_gain_over_rejected_ones(aligned):
    margins = logged(aligned, "rewards/margins")
    assert margins[1] == 0
    assert margins[10] > 0.1
    assert logged(aligned, "rewards/accuracies")[10] == 1.0
    assert logged(aligned, "loss")[10] < math.log(2)
    assert set(logged(aligned, "kl")) == set(margins)
    assert logged(aligned, "eval_rewards/margins")[10] > 0


@pytest.mark.slow
def test_it_is_measured_before_and_after(aligned):
    files = {step: f"evaluations/step-{step:06}/held-out/results.json" for step in (0, 10)}
    results = {step: json.loads((aligned / file).read_text()) for step, file in files.items()}
    before, after = (results[step]["tasks"]["held-out"]["metrics"] for step in (0, 10))
    gained = after["likelihood_margin"]["value"] - before["likelihood_margin"]["value"]
    assert gained > 0
    assert after["reward_margin"]["value"] == pytest.approx(0.1 * gained, rel=1e-6)
    assert after["reward_accuracy"]["value"] == 1.0
    assert after["kl"]["n"] == before["likelihood_accuracy"]["n"] > 0
    runs = sorted(path.parts[-3] for path in aligned.glob("evaluations/*/genai*/results.json"))
    assert runs == ["step-000000", "step-000010"]


@pytest.mark.slow
def test_the_output_is_a_model_with_a_card(aligned, workshop):
    backend = TransformersModel(str(aligned))
    asked = backend.prepare(Chat((picture(32, 32), "What is it?")))
    (reply,) = backend.generate([asked], max_new_tokens=4)
    assert reply.tokens_in > 0
    assert not (aligned / "adapter_config.json").exists()
    card = (aligned / "README.md").read_text(encoding="utf-8")
    assert "| held-out | **reward_accuracy** | 1.000 |" in card
    assert "| 95% interval | n | before |" in card
    assert "unieval dpo understanding" in card
    assert str(workshop) not in card
    with Image.open(aligned / "curves.png") as curves:
        assert curves.height > curves.width
    assert list((aligned / "tensorboard").iterdir())


@pytest.mark.slow
def test_a_finished_alignment_is_left_alone_and_others_are_refused(aligned, workshop):
    before = (aligned / "model.safetensors").stat().st_mtime_ns
    assert train(aligning(workshop)) == aligned
    assert (aligned / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(UserError, match=r"dpo\.beta: 0\.1 then, 0\.2 now"):
        train(aligning(workshop, dpo={"beta": 0.2}))


def test_figures_follow_from_log_probabilities(workshop):
    pairs = pairs_of(workshop / "pairs")[:3]
    found = np.array([[-1.0, -2.0], [-3.0, -2.0], [-1.0, -4.0]])
    reference = np.array([[-1.0, -1.5], [-4.0, -2.0], [-3.0, -1.0]])
    measured = metrics(found, reference, pairs, 0.5)
    values = {name: figure["value"] for name, figure in measured.items()}
    assert values == pytest.approx(
        {
            "likelihood_accuracy": 2 / 3,
            "likelihood_margin": (1 - 1 + 3) / 3,
            "reward_accuracy": 1.0,
            "reward_margin": 0.5 * (0.5 + 1 + 5) / 3,
            "kl": -((0 - 0.5) + (1 + 0) + (2 - 3)) / 6,
        }
    )
    assert set(metrics(found, None, pairs, 0.5)) == {"likelihood_accuracy", "likelihood_margin"}


# --- what does not fit ---------------------------------------------------------------------------


def test_data_of_other_kinds_are_told(workshop):
    write_plain(
        workshop / "made.jsonl",
        *(
            {
                "id": str(i),
                "source": "s",
                "modality": "image",
                "objective": "generation",
                "prompt": "x",
                "candidates": ["pairs/media/0.png", "pairs/media/1.png"],
                "verdict": "first",
            }
            for i in range(2)
        ),
    )
    sources = {"made": {"adapter": "jsonl", "data": "made.jsonl"}}
    config = configuration(workshop, "made")
    text = config.read_text().replace("path: pairs", f"sources: {json.dumps(sources)}")
    config.write_text(text)
    with pytest.raises(UserError, match="for dpo, that rows are pairs of answers"):
        train(config)


def test_a_missing_picture_is_named_or_left_out(workshop, capfd):
    shared = {"prompt": "x", "chosen": "a", "rejected": "b"}
    rows = [{"id": str(i), "image": f"pairs/media/{i}.png", **shared} for i in (0, 99)]
    write_plain(workshop / "gone.jsonl", *rows)
    config = configuration(workshop, "gone", data={"path": "gone.jsonl"}, training={"steps": 1})
    with pytest.raises(UserError, match=r"preference '99': .*99\.png.*skip_bad"):
        train(config)
    train(config, skip_bad=True)
    assert "left out: answer-pairs, preference '99'" in capfd.readouterr().err


def test_precomputed_numbers_that_are_gone_are_told(workshop):
    dpo = {"reference": "precomputed"}
    config = configuration(workshop, "lost", training={"steps": 2}, dpo=dpo)
    output = train(config)
    (output / "reference.safetensors").unlink()
    settings = load(config, Settings)
    given = arguments(settings, **trainer_arguments(settings))
    checkpoint = output / "checkpoints" / "checkpoint-2"
    rows = pairs_of(workshop / "pairs")
    start = locate(settings.model.path, None)
    with pytest.raises(UserError, match=r"reference\.safetensors is missing"):
        trainer(settings, given, start, checkpoint, rows, [0], [], False)


def test_batches_decide_only_where_the_loss_says_so():
    assert not DpoSettings().by_batch
    assert DpoSettings(sft=0.1).by_batch
    assert DpoSettings(loss="aot").by_batch
