"""The Bradley-Terry objective: its loss, its judge, and that it learns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file
from test_preferences_conversations import clip
from test_preferences_data import embedded, pair, point
from train_reward_setup import configuration, killed_at, losses, make_workshop
from unieval.harness.errors import MediaError, UserError
from unieval.harness.items import Media, PointItem, Verdict
from unieval.harness.run import Settings, execute, prepare
from unieval.judges.bradley_terry import HEAD, BradleyTerryJudge, load_head, question
from unieval.reward_training.bradley_terry import comparable, pair_loss
from unieval.reward_training.checkpoints import latest
from unieval.reward_training.train import train

__all__ = ["make_workshop"]


@given(st.lists(st.tuples(st.floats(-30, 30), st.booleans()), min_size=1, max_size=20))
def test_the_loss_is_the_models_negative_log_likelihood(pairs):
    margin, tied = np.array([m for m, _ in pairs]), np.array([t for _, t in pairs])
    better = 1 / (1 + np.exp(-margin))  # P(the first is better)
    worse = 1 / (1 + np.exp(margin))
    expected = np.where(tied, -(np.log(better) + np.log(worse)) / 2, -np.log(better))
    found = pair_loss(torch.tensor(margin), torch.tensor(tied))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9, atol=1e-12)


def test_a_tie_is_best_at_equal_scores_and_a_decided_pair_wants_them_apart():
    margin = torch.tensor([0.0, 0.0, 2.0], requires_grad=True)
    pair_loss(margin, torch.tensor([True, False, True])).sum().backward()
    assert margin.grad is not None
    assert margin.grad.tolist() == pytest.approx([0.0, -0.5, 1 / (1 + np.exp(-2)) - 0.5])


def test_it_learns_from_pairs_and_from_ties_if_asked():
    rows = [pair("a"), pair("b", Verdict.BOTH_BAD), point("c"), pair("d", Verdict.SECOND)]
    assert [row.id for row in comparable(rows, "pull")] == ["a", "b", "d"]
    assert [row.id for row in comparable(rows, "drop")] == ["a", "d"]


def test_each_kind_of_candidate_has_its_question():
    image, edited = embedded(1), embedded(2)
    made = PointItem("1", "image", "generation", "a cube", image)
    changed = PointItem("1", "image", "generation", "make it red", edited, (image,))
    answer = PointItem("1", "video", "understanding", "What falls?", "A cube.", (image,))
    assert question(made).endswith("\nText: a cube")
    assert "edited" in question(changed)
    assert question(answer).endswith("about the video?\nQuestion: What falls?\nAnswer: A cube.")


def test_all_frames_of_a_video_are_shown(workshop, tmp_path):
    video = clip(tmp_path / "clip.mp4", 12)
    judge = BradleyTerryJudge(str(workshop / "qwen"), frames=5)
    made = judge.chat(PointItem("1", "video", "generation", "a cube", video))
    asked = judge.chat(PointItem("1", "video", "understanding", "What?", "A cube.", (video,)))
    assert len(made.images) == len(asked.images) == 5
    assert "this video" in made.text
    native = BradleyTerryJudge(str(workshop / "qwen"), frames=5, video="native")
    (shown,) = native.chat(PointItem("1", "video", "generation", "a cube", video)).media
    assert len(shown.frames) == 5
    assert shown.fps == pytest.approx(5 / (12 / 8))


def save_grey(folder: Path, name: str, level: int) -> str:
    Image.new("RGB", (32, 32), (level, level, level)).save(folder / name)
    return name


@pytest.fixture(scope="module")
def bright(workshop: Path) -> Path:
    """A training in which the brighter picture is the better one, and what came of it."""
    levels = np.random.default_rng(0).integers(0, 256, (60, 2))
    rows: list[dict[str, Any]] = []
    for i, (a, b) in enumerate(levels.tolist()):
        names = [save_grey(workshop, f"grey-{i}-{side}.png", v) for side, v in (("a", a), ("b", b))]
        verdict = "tie" if abs(a - b) < 10 else "first" if a > b else "second"
        shared = {"source": "grey", "modality": "image", "objective": "generation"}
        rows.append(
            {"id": str(i), "prompt": f"grey {i}", "candidates": names, "verdict": verdict, **shared}
        )
    (workshop / "grey.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return train(
        configuration(
            workshop,
            "bright",
            objective="bradley_terry",
            data={"sources": {"grey": {"adapter": "jsonl", "data": "grey.jsonl"}}, "held_out": 0.2},
            training={"steps": 60, "batch_size": 8, "learning_rate": 0.003, "save_every": 60},
            evaluate=[{"task": "genai-bench-image", "data": "demo", "limit": 6}],
        )
    )


def held_out_accuracy(output: Path) -> float:
    from unieval.reward_training.checkpoints import history

    checkpoint = latest(output / "checkpoints")
    assert checkpoint is not None
    return next(e["eval_accuracy"] for e in history(checkpoint) if "eval_accuracy" in e)


@pytest.mark.slow
def test_it_learns_what_people_prefer(bright, workshop):
    assert losses(bright)[1] == pytest.approx(np.log(2), abs=1e-6)  # a new head knows nothing
    assert losses(bright)[60] < 0.4
    assert held_out_accuracy(bright) >= 0.8
    judge = BradleyTerryJudge(str(bright))
    pictures = [save_grey(workshop, f"new-{v}.png", v) for v in (30, 120, 220)]
    items = [
        PointItem(name, "image", "generation", "grey 7", Media("image", str(workshop / name)))
        for name in pictures
    ]
    found = judge.score(items)
    assert found == sorted(found)
    assert [judge.score([item])[0] for item in items] == pytest.approx(found, abs=1e-4)


@pytest.mark.slow
def test_it_is_judged_like_any_other(bright, tmp_path):
    (run,) = (bright / "evaluations" / "step-000060").iterdir()
    results = json.loads((run / "results.json").read_text())
    assert results["judge"]["name"] == "bradley-terry"
    again = execute(
        prepare(
            Settings(
                judge="bradley-terry",
                judge_arguments={"path": str(bright)},
                tasks=("genai-bench-image",),
                data="demo",
                limit=6,
            )
        ),
        tmp_path,
        print,
    )
    assert (
        again["tasks"]["genai-bench-image"]["metrics"]
        == (results["tasks"]["genai-bench-image"]["metrics"])
    )
    assert "--judge bradley-terry" in (bright / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(("family", "kind"), [("qwen", "lora"), ("llava", "full")])
def test_a_killed_training_goes_on(workshop, family, kind):
    lora = {"lora": {"rank": 4, "dropout": 0.2}} if kind == "lora" else {}
    shared: dict[str, Any] = {
        "family": family,
        "objective": "bradley_terry",
        "training": {"learning_rate": 0.01, **lora},
    }
    whole = train(configuration(workshop, f"bt-{family}-whole", **shared))
    broken = configuration(workshop, f"bt-{family}-broken", **shared)
    killed_at(5, broken)
    found = train(broken)
    assert losses(found) == pytest.approx(losses(whole), abs=1e-5)
    assert torch.equal(load_head(found), load_head(whole))
    assert load_head(found).abs().max() > 0


def test_a_checkpoint_without_a_head_is_told(workshop):
    judge = BradleyTerryJudge(str(workshop / "qwen"))
    with pytest.raises(UserError, match=f"has no {HEAD}; train it with"):
        judge.identity()
    with pytest.raises(UserError, match=f"has no {HEAD}"):
        _ = judge.head


def test_a_damaged_head_is_told(tmp_path):
    (tmp_path / HEAD).write_bytes(b"nothing")
    with pytest.raises(UserError, match="is no score head"):
        load_head(tmp_path)


def test_a_missing_picture_is_the_samples_fault(workshop):
    item = PointItem("1", "image", "generation", "x", Media("image", "gone.png"))
    with pytest.raises(MediaError, match=r"gone\.png"):
        BradleyTerryJudge(str(workshop / "qwen")).chat(item)


def test_scores_alone_make_no_pairs(workshop):
    lines = (workshop / "preferences.jsonl").read_text().splitlines()
    (workshop / "points.jsonl").write_text("\n".join(x for x in lines if '"score"' in x) + "\n")
    sources = {"mine": {"adapter": "jsonl", "data": "points.jsonl"}}
    config = configuration(workshop, "points", objective="bradley_terry", data={"sources": sources})
    with pytest.raises(UserError, match="some rows are pairs"):
        train(config)


def test_the_backbone_alone_is_a_checkpoint_too(workshop):
    output = train(
        configuration(workshop, "backbone", objective="bradley_terry", training={"steps": 1})
    )
    assert load_file(output / "model.safetensors").keys() == (
        load_file(workshop / "qwen" / "model.safetensors").keys()
    )
