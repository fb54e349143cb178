"""The family's judges: presets wired to questions, frames and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chat_server import serving
from test_vlm_judge import clip, media, request
from tiny_checkpoints import copy
from unieval.harness.errors import UserError
from unieval.harness.items import SCORE, PointItem, Request
from unieval.harness.registry import judges
from unieval.harness.run import Settings, prepare
from unieval.judges.unifiedreward.presets import PRESETS, find_preset


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_each_public_checkpoint_is_a_judge(preset: Any) -> None:
    judge: Any = judges.get(preset.name).create({})
    assert judge.path == preset.checkpoint
    assert judge.max_pixels == preset.max_pixels
    assert judge.grammar == preset.questions[0].grammar
    for way in preset.questions:
        asked: Any = judges.get(preset.name).create({"questions": way.name})
        assert (asked.grammar, asked.supports) == (way.grammar, way.supports)
        assert asked.max_new_tokens == way.max_new_tokens
        assert asked.chooses == way.immediate


def test_the_family_has_a_default() -> None:
    judge: Any = judges.get("unifiedreward").create({})
    assert judge.path == find_preset("unifiedreward-qwen-7b").checkpoint


def test_unknown_questions_are_refused_with_those_known() -> None:
    with pytest.raises(UserError, match=r"'reasons'.*did you mean 'reasoned'"):
        judges.get("unifiedreward-think-7b").create({"questions": "reasons"})
    with pytest.raises(UserError, match="decode=choose needs questions other than reasoned"):
        judges.get("unifiedreward-think-7b").create({"decode": "choose"})


def test_a_video_alone_is_shown_in_more_frames(tmp_path: Path) -> None:
    film = clip(tmp_path, 1, 30)
    item = PointItem("1", "video", "generation", "p", film)
    alone = Request("t", item, "ab", 0, 0, SCORE)
    judge: Any = judges.get("unifiedreward-2.0-qwen-7b").create({"questions": "scores"})
    assert len(judge.chat(alone).images) == 16
    pair = request(modality="video", candidates=(film, film))
    assert len(judge.chat(pair).images) == 16  # 8 and 8
    judge = judges.get("unifiedreward-2.0-qwen-7b").create({"questions": "scores", "frames": 3})
    assert len(judge.chat(alone).images) == 3


def test_edits_are_asked_about_by_those_that_judge_edits() -> None:
    judge: Any = judges.get("unifiedreward-edit-qwen-7b").create({})
    assert "Edited image 2 is better" in judge.chat(request(context=(media(3),))).text
    with pytest.raises(UserError, match="questions=verdict has none about image_generation"):
        judge.chat(request())


def test_what_cannot_be_asked_is_refused_before_anything_is_loaded(
    genai_items: Any, tmp_path: Path
) -> None:
    def planned(judge: str, **arguments: object) -> None:
        items = str(genai_items(2))
        prepare(Settings(judge, ("genai-bench-image",), arguments, data=items))

    with pytest.raises(UserError, match="only image_edit; say --judge-arg questions=NAME"):
        planned("unifiedreward-edit-qwen-7b")
    planned("unifiedreward-edit-qwen-7b", questions="direct")


def test_arguments_of_another_engine_are_refused(qwen: Path) -> None:
    def made(**arguments: object) -> Any:
        return judges.get("transformers").create({"path": str(qwen), **arguments}).model

    with pytest.raises(UserError, match="tensor_parallel= is not for backend=transformers"):
        made(tensor_parallel="2")
    with pytest.raises(UserError, match="backend=openai needs the judge argument url="):
        made(backend="openai")
    with pytest.raises(UserError, match="device= is not for backend=openai"):
        made(backend="openai", url="http://localhost:1/v1", device="cpu")


def test_thinking_is_turned_off_where_the_preset_says_so(qwen: Path, tmp_path: Path) -> None:
    folder = copy(qwen, tmp_path / "thinking")
    template = (folder / "chat_template.jinja").read_text()
    thinks = "{% if enable_thinking is not defined or enable_thinking %}<think>{% endif %}"
    (folder / "chat_template.jinja").write_text(template + thinks)
    asked = {"path": str(folder), "device": "cpu"}
    plain: Any = judges.get("unifiedreward-2.0-qwen3vl-4b").create(asked)
    preset: Any = judges.get("unifiedreward-2.0-qwen35-4b").create(asked)
    lengths = [judge.size(judge.prepare(request())) for judge in (plain, preset)]
    assert lengths[0] > lengths[1]
    assert preset.identity()["template"] == {"enable_thinking": False}

    with serving() as server:
        server.owner = "vllm"
        asked = {"path": "judge", "url": server.url, "backend": "openai"}
        served: Any = judges.get("unifiedreward-2.0-qwen35-4b").create(asked)
        assert served.judge([served.prepare(request())])[0].text == "Image 1 is better"
        assert server.bodies[0]["chat_template_kwargs"] == {"enable_thinking": False}
        served.close()


def test_a_judge_tells_what_it_asks(unieval: Any) -> None:
    told = unieval("judges", "unifiedreward-think-qwen-7b", "--json").json
    assert (told["engine"], told["size"], told["licence"]) == ("any", "7B", "mit")
    assert told["judges"] == "pairs, points"
    asked = told["questions=reasoned, video_understanding.j2"]
    assert asked.startswith("<image>\n" * 8)
    assert "<answer>" in asked
    assert "Final Score: x" in told["questions=direct, image_generation_point.j2"]


def test_a_paid_run_asks_first(unieval: Any, genai_items: Any, tmp_path: Path) -> None:
    paid = [
        *("--judge", "openai", "--judge-arg", "path=m", "--judge-arg", "url=http://127.0.0.1:9/v1"),
        *("--judge-arg", "price_in=3", "--judge-arg", "price_out=15"),
        *("--task", "genai-bench-image", "--data", str(genai_items(20))),
    ]
    plan = unieval("run", *paid, "--dry-run")
    assert (plan.code, "~$0.1" in plan.out) == (0, True)
    refused = unieval("run", *paid, "--out", tmp_path / "run")
    assert refused.code == 2
    assert "would cost about $0.1" in refused.err
    assert "--yes" in refused.err
    assert not (tmp_path / "run").exists()
