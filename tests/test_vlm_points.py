"""Vision-language judges on single candidates: asked for a score in the item's range."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_vlm_judge import clip, media, same
from tiny_checkpoints import copy
from train_reward_setup import configuration, write_preferences
from unieval.harness.items import SCORE, Mixed, PointItem, Request
from unieval.harness.parsing import Asked, get_grammar
from unieval.harness.run import Settings, execute, prepare
from unieval.harness.scores import SCORE_RANGES
from unieval.judges.backends.checkpoints import locate
from unieval.judges.vlm import VisionLanguageJudge

pytestmark = pytest.mark.usefixtures("one_thread")


def asked_about(tmp_path: Path, modality: str, objective: str, **fields: object) -> Request:
    shown = clip(tmp_path, 1, 3) if modality == "video" else media(1)
    texts = objective == "understanding"
    candidates = {"understanding": "a grey one", "interleaved": Mixed(("see", shown))}
    given = {
        "candidate": candidates.get(objective, shown),
        "context": (shown,) if texts else (),
        **fields,
    }
    item = PointItem("1", modality, objective, "a {{ red }} square", **given)
    return Request("task", item, "ab", 0, 7, SCORE)


@pytest.fixture
def judge(qwen: Path) -> VisionLanguageJudge:
    return VisionLanguageJudge(str(qwen), frames=4, max_new_tokens=6, device="cpu")


@pytest.mark.parametrize(("modality", "objective"), SCORE_RANGES)
@pytest.mark.parametrize("score_range", [None, (0.5, 7)])
def test_the_score_asked_for_is_the_one_that_is_read(
    judge: VisionLanguageJudge,
    tmp_path: Path,
    modality: str,
    objective: str,
    score_range: tuple[float, float] | None,
) -> None:
    request = asked_about(tmp_path, modality, objective, score_range=score_range)
    text = judge.chat(request).text
    low, high = score_range or SCORE_RANGES[modality, objective]
    assert f"one score from {low:g} (worst) to {high:g} (best)" in text
    assert "a {{ red }} square" in text
    assert ("Answer: a grey one" in text) == (objective == "understanding")
    assert "equally good" not in text
    form = text.rstrip().splitlines()[-1]
    assert form == "Final Score: x"
    asked = Asked(modality, objective, "robust", (low, high))
    read = get_grammar(judge.grammar)(form.replace("x", f"{high:g}"), asked)
    assert read.scores == (high,)


def test_one_candidate_is_shown_and_the_source_of_an_edit_before_it(
    judge: VisionLanguageJudge, tmp_path: Path
) -> None:
    chat = judge.chat(asked_about(tmp_path, "image", "generation"))
    assert same(chat.images, [media(1)])
    edit = judge.chat(asked_about(tmp_path, "image", "generation", context=(media(3),)))
    assert same(edit.images, [media(3), media(1)])
    assert "Instruction: [a {{ red }} square]" in edit.text
    film = judge.chat(asked_about(tmp_path, "video", "generation"))
    assert len(film.images) == 3
    assert "as 3 frames" in film.text


def test_videos_may_be_shown_as_videos(qwen: Path, tmp_path: Path) -> None:
    native = VisionLanguageJudge(str(qwen), video="native")
    for objective in ("generation", "understanding"):
        chat = native.chat(asked_about(tmp_path, "video", objective))
        assert len(chat.clips) == 1
        assert "frames" not in chat.text
        assert "video above" in chat.text


def test_point_templates_are_part_of_the_identity(qwen: Path, tmp_path: Path) -> None:
    (tmp_path / "image_edit_point.j2").write_text("{{ low }} or {{ high }}?")
    own, shipped = (VisionLanguageJudge(str(qwen), prompts=p) for p in (tmp_path, None))
    assert own.identity() != shipped.identity()
    request = asked_about(tmp_path, "image", "generation", context=(media(3),), score_range=(0, 3))
    assert own.chat(request).text == "0 or 3?"


def test_a_checkpoint_judges_a_users_own_preferences(qwen: Path, tmp_path: Path) -> None:
    data = write_preferences(tmp_path, pairs=3, points=3)
    (tmp_path / "1-first.png").write_bytes(b"no picture")
    settings = Settings(
        judge="transformers",
        tasks=("preferences",),
        judge_arguments={"path": str(qwen), "decode": "generate", "max_new_tokens": 4},
        data=str(data),
    )
    found = execute(prepare(settings), tmp_path / "run", lambda line: None)["tasks"]
    points = found["preference-points"]
    # an untrained checkpoint writes nonsense, which is counted and shown
    assert (points["n"], points["failed"]) == (3, 1)
    assert points["statuses"].pop("media_failed") == 1
    assert set(points["statuses"]) <= {"truncated", "unparsed"}
    assert points["metrics"]["spearman"]["value"] == 0.0
    assert found["preference-pairs"]["outputs"] == 6


def test_checkpoints_are_judged_on_preferences_during_training(qwen: Path, tmp_path: Path) -> None:
    from unieval.reward_training.configuration import load_settings
    from unieval.reward_training.evaluation import Benchmarks, figures

    copy(qwen, tmp_path / "qwen")
    write_preferences(tmp_path, pairs=3, points=3)
    each = {"task": "preferences", "data": "preferences.jsonl", "max_new_tokens": 4}
    settings = load_settings(configuration(tmp_path, "qwen", evaluate=[each]))
    benchmarks = Benchmarks(settings, locate(str(tmp_path / "qwen")), "cpu")
    benchmarks.check()
    benchmarks.judge_final(1)
    found = {(f.task, f.metric) for f in figures(settings.output) if f.headline}
    assert found == {
        ("preference-pairs", "tau"),
        ("preference-pairs", "diff"),
        ("preference-points", "spearman"),
    }
