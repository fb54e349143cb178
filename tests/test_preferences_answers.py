"""Adapters of preferences about answers: LLaVA-Critic and ShareGPTVideo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import write_jsonl
from test_preferences_data import hub_image, one, refused, turns, write_parquet
from unieval.harness.items import Verdict
from unieval.reward_training.adapters import read

SHAREGPT = {
    "id": "v_x__0",
    "video": "v_x",
    "prompt": "<video>\nWhat happens?",
    "answer": "A ride.",
    "chosen": "A man rides a horse.",
    "rejected": "A man walks.",
    "chosen_score": 5,
    "rejected_score": 2,
}
BRACKETED = (
    "<image>\nYou are given an image and a question. Question: [What is it?]\n"
    "The first response: [A cat\non a mat.]\nThe second response: [A dog.]\nASSISTANT:\n"
)
ARENA = (
    "<image>\nJudge.\n<|User Prompt|>\nWhat is it?\n\n"
    "<|The Start of Assistant A's Answer|>\nA cat.\n<|The End of Assistant A's Answer|>\n\n"
    "<|The Start of Assistant B's Answer|>\nA dog.\n<|The End of Assistant B's Answer|>"
)
ASSISTANTS = (
    "<image>\n[Context]\nx\n\n[Question]\nWhat is it?\n\n[Assistant 1]\nA cat.\n\n"
    "[End of Assistant 1]\n\n[Assistant 2]\nA dog.\n\n[End of Assistant 2]\n\n[System]\nRate."
)
CAPTION = "<image>\nText Caption: A cat on a mat.\nFrom 0 to 100, how much do you rate it?"


# --- image understanding --------------------------------------------------------------------------


def critic(human: str, gpt: str, name: str = "vlfeedback_1") -> dict[str, Any]:
    return {
        "id": name,
        "source": "vlfeedback",
        "conversations": turns(human, gpt),
        "image": hub_image(1),
    }


@pytest.mark.parametrize(
    ("human", "gpt", "verdict", "rationale"),
    [
        (BRACKETED, "It is a cat. The better response: [first].", Verdict.FIRST, "It is a cat."),
        (BRACKETED, "So. The better response: [2]", Verdict.SECOND, "So."),
        (BRACKETED, "The same. Both are equally good.", Verdict.TIE, "The same."),
        (ARENA, "Mine: a cat.\nMy final verdict: [[B>>A]]", Verdict.SECOND, "Mine: a cat."),
        (ARENA, "[[A=B]]", Verdict.TIE, None),
    ],
)
def test_llava_critic_pairs(
    tmp_path: Path, human: str, gpt: str, verdict: Verdict, rationale: str | None
) -> None:
    write_parquet(tmp_path / "pairwise" / "train-00000-of-00001.parquet", [critic(human, gpt)])
    write_parquet(tmp_path / "pointwise" / "train-00000-of-00001.parquet", [critic("x", "y")])
    found = one("llava-critic-pair", tmp_path)
    assert (found.prompt, found.verdict) == ("What is it?", verdict)
    assert found.candidates[1] == "A dog."
    assert found.candidates[0] in ("A cat.", "A cat\non a mat.")
    assert found.rationale == rationale
    assert found.cluster == found.context[0].key


def test_llava_critic_scores(tmp_path: Path) -> None:
    rows = [
        critic(CAPTION, "Right but short. Final Score: 85", "a"),
        critic(ASSISTANTS, "8 5.5\nAssistant 1 is right.", "b"),
    ]
    write_parquet(tmp_path / "pointwise" / "train-00000-of-00001.parquet", rows)
    caption, first, second = read("llava-critic", tmp_path)
    assert (caption.candidates, caption.score) == (("A cat on a mat.",), 85)
    assert caption.rationale == "Right but short."
    assert (first.id, first.candidates, first.score) == (
        "b/first",
        ("A cat.",),
        pytest.approx(700 / 9),
    )
    assert (second.id, second.score, second.rationale) == ("b/second", 50, None)
    assert {p.score_range for p in (caption, first, second)} == {(0, 100)}


@pytest.mark.parametrize(
    ("name", "human", "gpt", "rule"),
    [
        ("llava-critic-pair", "Which?", "The better response: [1]", "of a known pairwise form"),
        ("llava-critic-pair", BRACKETED, "The better response: [third]", "first or the second"),
        ("llava-critic-pair", BRACKETED, "Hard to say.", "must say which response is better"),
        ("llava-critic-pair", ARENA, "Assistant A", "must give a verdict in double brackets"),
        ("llava-critic", BRACKETED, "The better response: [1]", "of a known pointwise form"),
        ("llava-critic", CAPTION, "Good", "must give a Final Score"),
        ("llava-critic", CAPTION, "Final Score: 180", "must lie within 0 to 100"),
        ("llava-critic", ASSISTANTS, "8 11\n", "must begin with two scores from 1 to 10"),
    ],
)
def test_llava_critic_bad_rows(tmp_path: Path, name: str, human: str, gpt: str, rule: str) -> None:
    path = write_parquet(tmp_path / "t.parquet", [critic(human, gpt)])
    message = refused(name, path)
    assert message.startswith(f"{path}, row 0, column '")
    assert rule in message


# --- video understanding --------------------------------------------------------------------------


def test_sharegptvideo_pairs_and_scores(tmp_path: Path) -> None:
    table = tmp_path / "video_instruction" / "train" / "dpo" / "sft_dpo_17k.jsonl"
    table.parent.mkdir(parents=True)
    as_turn = SHAREGPT | {"chosen": {"from": "gpt", "value": "A ride."}, "id": "v_x__1"}
    write_jsonl(table, [SHAREGPT, as_turn])
    frames = tmp_path / "train_300k"
    first, second = read("sharegptvideo-pair", tmp_path, media=frames)
    assert first.candidates == ("A man rides a horse.", "A man walks.")
    assert (first.prompt, first.cluster) == ("What happens?", "v_x")
    assert first.context[0].uri == str(frames / "v_x")
    assert second.candidates[0] == "A ride."
    frames.mkdir()
    (frames / "v_x.mp4").touch()
    scored = list(read("sharegptvideo", tmp_path, media=frames))
    assert [(p.id, p.score) for p in scored[:2]] == [("v_x__0/chosen", 5), ("v_x__0/rejected", 2)]
    assert scored[0].context[0].uri == str(frames / "v_x.mp4")


def test_sharegptvideo_columns_that_were_not_seen_can_be_named(tmp_path: Path) -> None:
    other = {"chosen_score": "score_a", "rejected_score": "score_b"}
    row = {other.get(name, name): value for name, value in SHAREGPT.items()}
    path = write_jsonl(tmp_path / "t.jsonl", [row])
    message = refused("sharegptvideo", path)
    assert "column 'chosen_score': is missing; the columns are: id, video, prompt" in message
    assert "say with `columns` what they call it" in message
    assert [p.score for p in read("sharegptvideo", path, columns=other)] == [5, 2]
    row["score_a"] = 7
    message = refused("sharegptvideo", write_jsonl(path, [row]), columns=other)
    assert "column 'score_a': must be a score from 1 to 5 (found 7)" in message
    message = refused("sharegptvideo", path, columns={"chosen_scores": "x"})
    assert "reads no column 'chosen_scores'; it reads: id, video" in message


def test_repeated_ids_are_numbered(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "t.jsonl", [SHAREGPT, SHAREGPT])
    assert [p.id for p in read("sharegptvideo-pair", path)] == ["v_x__0", "v_x__0#2"]
