"""What tasks that ask models make of rows in their benchmarks' schemas."""

from __future__ import annotations

import json

import pytest
from asked_setup import video_mme
from conftest import write_jsonl
from unieval.harness.errors import UserError
from unieval.harness.registry import tasks
from unieval.harness.task import Data


def items(name, path, **arguments):
    task = tasks.get(name).create(arguments)
    return list(task.items(Data(path, path.name)))


def test_options_lose_their_letters_and_get_ours(tmp_path):
    first = items("video-mme", video_mme(tmp_path))[1]
    assert first.options == ("option a1", "option b1", "option c1", "option d1")
    assert first.text("r1").splitlines()[1:5] == [
        *("A. option b1", "B. option c1", "C. option d1", "D. option a1"),
    ]
    assert first.media[0].name == "data/v0.mp4"
    assert (first.group, first.facets) == ("medium", {"domain": "odd"})


SRT = """1
00:00:01,000 --> 00:00:02,000
<i>Hello</i> there.

2
00:00:02,000 --> 00:00:03,000
Hello there.

3
00:00:03,500 --> 00:00:05,000
A second
line.
"""


def test_subtitles_come_before_the_question(tmp_path):
    data = video_mme(tmp_path)
    (tmp_path / "subtitle").mkdir()
    (tmp_path / "subtitle" / "v0.srt").write_text(SRT)
    first, _, third, *_ = items("video-mme", data, subtitles="true")
    said = "Subtitles of the video:\nHello there.\nA second line.\n\nquestion 0?"
    assert first.prompt == said
    assert third.prompt == "question 2?"  # its video has none
    assert items("video-mme", data)[0].prompt == "question 0?"


def test_longvideobench_skips_options_that_do_not_exist(tmp_path):
    row = {
        "id": "x_0",
        "question": "Which?",
        **{f"option{i}": text for i, text in enumerate(["a", "b", "c", "N/A", "N/A"])},
        "correct_choice": 2,
        "video_path": "x.mp4",
        "subtitle_path": "x_en.json",
        "duration_group": 600,
        "question_category": "TOS",
    }
    data = write_jsonl(tmp_path / "validation.jsonl", [row])
    (tmp_path / "subtitles").mkdir()
    lines = [{"start": "00:01", "line": "One."}, {"start": "00:02", "line": "Two."}]
    (tmp_path / "subtitles" / "x_en.json").write_text(json.dumps(lines))
    (found,) = items("longvideobench", data, subtitles="true")
    assert (found.options, found.answer) == (("a", "b", "c"), 2)
    assert found.prompt == "Subtitles of the video:\nOne.\nTwo.\n\nWhich?"
    assert (found.group, found.media[0].name) == ("600", "videos/x.mp4")
    data = write_jsonl(tmp_path / "validation.jsonl", [row | {"correct_choice": 3}])
    with pytest.raises(UserError, match="row 0: the answer is 3, which is none of 3 options"):
        items("longvideobench", data)


def test_mlvu_takes_options_from_a_column_or_from_the_question(tmp_path):
    shared = {"video_name": "m.mp4", "task_type": "plotQA"}
    rows = [
        shared | {"question": "What?", "candidates": ["Red", "Blue"], "answer": "Blue"},
        shared | {"question": "What?\n(A) Red\n(B) Blue", "answer": "B"},
    ]
    one, other = items("mlvu", write_jsonl(tmp_path / "test.jsonl", rows))
    for found in (one, other):
        assert (found.prompt, found.options, found.answer) == ("What?", ("Red", "Blue"), 1)
    bare = write_jsonl(tmp_path / "test.jsonl", [shared | {"question": "What?", "answer": "B"}])
    with pytest.raises(UserError, match="neither candidates nor options"):
        items("mlvu", bare)


def test_videos_are_found_by_id_path_or_gif_name(tmp_path):
    row = {"question": "What?", "answer": "dog"}
    data = write_jsonl(tmp_path / "test.jsonl", [row | {"video_id": "v7"}])
    assert items("msvd-qa", data)[0].media[0].name == "videos/v7.mp4"
    data = write_jsonl(tmp_path / "test.jsonl", [row | {"gif_name": "tumblr_1"}])
    (found,) = items("tgif-qa", data)
    assert (found.media[0].name, found.references) == ("gifs/tumblr_1.gif", ("dog",))
    (tmp_path / "elsewhere").mkdir()
    (found,) = items("tgif-qa", data, videos=str(tmp_path / "elsewhere"))
    assert found.media[0].uri.startswith(str(tmp_path / "elsewhere"))


def test_another_wording_for_the_grader(tmp_path):
    (tmp_path / "verdict.j2").write_text("{{ question }} | {{ references[0] }} | {{ answer }}")
    task = tasks.get("msvd-qa").create({"prompts": str(tmp_path)})
    usual = tasks.get("msvd-qa").create({})
    data = write_jsonl(tmp_path / "test.jsonl", [{"question": "Who?", "answer": "dog"}])
    (asked,) = task.items(Data(data, "x"))
    assert task.grading.item(asked, "cat", "0").prompt == "Who? | dog | cat"
    assert task.grading.identity()["prompt"] != usual.grading.identity()["prompt"]
