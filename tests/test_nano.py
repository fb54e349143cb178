"""How the nano judge is made: the same numbers and words in its courses as in its use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT
from PIL import Image
from unieval.harness.prompts import Prompts
from unieval.harness.run import run
from unieval.harness.scores import SCORE_RANGES
from unieval.judges.backends.attention import attend_at_once
from unieval.judges.backends.chats import Chat, Clip, model_inputs
from unieval.judges.backends.processors import load_processor
from unieval.judges.nano import CHECKPOINT, PROMPTS, UnifiedRewardNano
from unieval.reward_training.nano.architecture import build, save
from unieval.reward_training.nano.data import STREAMS
from unieval.reward_training.nano.language import Language
from unieval.reward_training.nano.pixels import grids, patches
from unieval.reward_training.nano.vision import Vision
from unieval.reward_training.nano.vocabulary import answers, stepped, tokenizer
from unieval.tasks.shapes.dice import Dice
from unieval.tasks.shapes.lessons import film_lesson, picture_lesson
from unieval.tasks.shapes.samples import Shot

WORDS = tokenizer()


@pytest.fixture(scope="module")
def model() -> Any:
    return build(WORDS, seed=0)


@pytest.fixture(scope="module")
def checkpoint(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nano") / "start"
    save(model, WORDS, folder)
    return folder


pytestmark = pytest.mark.usefixtures("one_thread")


def test_every_answer_is_one_token_and_reads_back_as_it_is() -> None:
    for said in answers():
        (token,) = WORDS(said, add_special_tokens=False)["input_ids"]
        assert WORDS.decode([token]) == said


def test_scores_lie_on_twenty_steps_that_can_be_said() -> None:
    said = set(answers())
    for low, high in SCORE_RANGES.values():
        for share in np.linspace(0, 1, 101):
            score = stepped(low + share * (high - low), (low, high))
            assert low <= score <= high
            assert f"Final Score: {score:.1f}".removesuffix(".0") in said


def test_the_world_and_the_questions_have_no_unknown_word() -> None:
    unknown = WORDS.unk_token_id
    for kind, stream in STREAMS.items():
        sample = stream(seed=7)[5]
        texts = [getattr(sample, "prompt", None), getattr(sample, "question", None)]
        for text in filter(None, [*texts, *getattr(sample, "answers", ())]):
            assert unknown not in WORDS(text)["input_ids"], (kind, text)


def chat_of(shots: list[Shot], name: str, prompt: str, said: tuple[str, ...] = ()) -> Chat:
    """What the judge would be asked about pictures or films."""

    def shown(shot: Shot) -> Image.Image | Clip:
        frames = tuple(Image.fromarray(frame) for frame in shot.pixels)
        return frames[0] if len(frames) == 1 else Clip(frames, 8.0)

    media = [shown(shot) for shot in shots]
    asked = name.partition("_")[2].startswith("understanding")
    texts = [] if asked else media
    parts = Prompts(PROMPTS).parts(
        f"{name}.j2",
        {"context": media if asked else [], "candidates": texts},
        prompt=prompt,
        answers=list(said),
        tie=not asked,
        frames=[],
    )
    return Chat(tuple(parts))


@pytest.mark.parametrize(
    ("make", "kind", "name"),
    [
        (picture_lesson, "pairs", "image_generation"),
        (film_lesson, "pairs", "video_generation"),
        (picture_lesson, "points", "image_generation_point"),
        (film_lesson, "points", "video_generation_point"),
    ],
)
def test_a_course_shows_what_the_judge_will_be_shown(
    make: Any, kind: str, name: str, model: Any, checkpoint: Path
) -> None:
    """Token by token and number by number, so that what is learnt is what is asked."""
    lesson = make(kind, Dice("same", kind))
    read = Language(model, WORDS)._read(lesson)
    shots = [part.shot for part in lesson.parts]
    chat = chat_of(shots, name, lesson.parts[0].text)
    inputs = model_inputs(load_processor(str(checkpoint)), [chat])
    assert read.ids == inputs["input_ids"][0].tolist()
    film = len(shots[0].pixels) > 1
    values = inputs["pixel_values_videos" if film else "pixel_values"]
    torch.testing.assert_close(patches(shots), torch.as_tensor(values), rtol=0, atol=1e-5)
    grid = inputs["video_grid_thw" if film else "image_grid_thw"]
    assert grids(shots).tolist() == torch.as_tensor(grid).tolist()
    place, answer = read.marks["judged"][0]
    assert place == len(read.ids) - 1
    assert WORDS.decode([answer]) in answers()


def test_attention_over_equal_pictures_gives_the_same_numbers(model: Any) -> None:
    shots = [picture_lesson("kinds", Dice(n)).parts[0].shot for n in range(3)]
    with torch.no_grad():
        usual = build(WORDS, seed=0).model.visual(patches(shots), grid_thw=grids(shots))
        other = build(WORDS, seed=0)
        attend_at_once(other)
        quick = other.model.visual(patches(shots), grid_thw=grids(shots))
    torch.testing.assert_close(quick.pooler_output, usual.pooler_output, rtol=1e-4, atol=1e-5)


def test_words_begin_near_what_their_heads_have_learnt(model: Any) -> None:
    own = build(WORDS, seed=1)
    course = Vision(own)
    course.name_words(own, WORDS)
    table = own.model.language_model.embed_tokens.weight
    red, circle = (table[WORDS.convert_tokens_to_ids(word)] for word in ("red", "circle"))
    heads = course.heads
    assert torch.cosine_similarity(red, heads["colour"].weight[1], dim=0) > 0.999
    assert torch.cosine_similarity(circle, heads["shape"].weight[1], dim=0) > 0.999


def test_both_courses_lower_their_loss(model: Any) -> None:
    own = build(WORDS, seed=2)
    attend_at_once(own)
    for course, batch in (
        (seen := Vision(own), seen.batch("test")),
        (read := Language(own, WORDS), read.batch(0.5, "test")),
    ):
        optimizer = torch.optim.AdamW(course.parameters(), lr=1e-3)
        losses = []
        for _ in range(8):
            loss, _ = course(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < 0.9 * losses[0]


IN_SMALL = """\
import sys
from pathlib import Path
import yaml
from unieval.reward_training.nano import recipe, warm_up
from unieval.reward_training.nano.data import STREAMS
if __name__ == "__main__":
    warm_up._EVERY = warm_up._KEEP = 2
    settings = yaml.safe_load(recipe.CONFIG.read_text())
    recipe.CONFIG = Path(sys.argv[0]).with_name(recipe.CONFIG.name)
    recipe.CONFIG.write_text(yaml.safe_dump(settings | {"evaluate": []}))
    rows = dict.fromkeys(STREAMS, 4)
    small = recipe.Recipe(seed=3, vision_steps=4, language_steps=4, rows=rows)
    recipe.make(Path(sys.argv[1]), small)
"""


def make_in_small(folder: Path, script: Path) -> str:
    """The recipe in two processes, with little of everything; returns what it told."""
    script.write_text(IN_SMALL, encoding="utf-8")
    config = ROOT / "reward_training" / "accelerate" / "cpu2.yaml"
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(config)]
    done = subprocess.run(
        [*launch, str(script), str(folder)],
        env={**os.environ, "MASTER_PORT": "0", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


@pytest.mark.slow
def test_the_whole_recipe_in_small(tmp_path: Path) -> None:
    folder = tmp_path / "nano"
    assert "processes: 2" in make_in_small(folder, tmp_path / "make.py")
    assert (folder / "shipped" / "model.safetensors").stat().st_size < 10 * 2**20
    curve = [json.loads(line) for line in (folder / "read.jsonl").open()]
    assert [point["step"] for point in curve] == [2, 4]
    # what is there is not made again
    names = ("seen", "read", "judge")
    before = {file: file.stat().st_mtime_ns for n in names for file in folder.glob(f"{n}/*.safe*")}
    assert len(before) == 3
    make_in_small(folder, tmp_path / "make.py")
    assert {file: file.stat().st_mtime_ns for file in before} == before


@pytest.mark.slow
def test_the_shipped_judge_judges_what_it_has_never_seen(tmp_path: Path, cache: Path) -> None:
    """A demo set of a seed of its own; the floors are below what docs/nano.md says of others."""
    found = run(
        judge="unifiedreward-nano",
        task="preferences",
        data="demo",
        seed=4711,
        limit=240,
        out=tmp_path / "run",
    )
    pairs, points = (found["tasks"][f"preference-{kind}"] for kind in ("pairs", "points"))
    assert pairs["failed"] == pairs["unparsed"] == points["failed"] == points["unparsed"] == 0
    assert pairs["metrics"]["diff"]["value"] > 0.7
    assert all(group["metrics"]["diff"]["value"] > 0.6 for group in pairs["groups"].values())
    assert points["metrics"]["spearman"]["value"] > 0.55


def test_the_shipped_judge_is_small_and_says_where_it_comes_from() -> None:
    size = sum(file.stat().st_size for file in CHECKPOINT.iterdir())
    assert size < 10 * 2**20
    assert UnifiedRewardNano().identity()["checkpoint"] == "shipped"
    assert "/" not in (CHECKPOINT / "README.md").read_text().partition("model: {path: ")[2][:8]
