"""Candidates that mix texts and media: how they are read, shown, refused, scored and reported."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import write_jsonl
from PIL import Image
from report_setup import read_script
from tiny_checkpoints import picture
from unieval.harness.errors import UserError
from unieval.harness.items import THREE_WAY, Media, Mixed, PairItem, PointItem, Request, Verdict
from unieval.harness.judge import ScoreDifference, Supports
from unieval.harness.media import load_image
from unieval.harness.registry import tasks
from unieval.harness.run import run
from unieval.harness.task import Data
from unieval.judges.vlm import VisionLanguageJudge
from unieval.leaderboard.report import write_report
from unieval.tasks.mmrb2 import mixed, numbered

pytestmark = pytest.mark.usefixtures("one_thread")

CONFIGS = ("t2i", "edit", "interleaved", "reasoning")
ANSWERS = {"Answer 1 is better", "Answer 2 is better", "Both answers are equally good"}


def image(seed: int) -> Media:
    buffer = io.BytesIO()
    picture(40, 30, seed).save(buffer, "PNG")
    return Media.embedded("image", buffer.getvalue())


A, B, C, SOURCE = (image(seed) for seed in range(4))
STEPS, PLAIN = Mixed(("First", A, "then", B)), Mixed(("Nothing to do.",))


def item(**changes: Any) -> PairItem:
    about = {
        "id": "1",
        "modality": "image",
        "objective": "interleaved",
        "prompt": "Repaint [picture 1].",
        "candidates": (STEPS, PLAIN),
        "label": Verdict.FIRST,
        "context": (SOURCE,),
    }
    return PairItem(**(about | changes))


def request(order: str = "ab", **changes: Any) -> Request:
    return Request("task", item(**changes), order, 0, 7, THREE_WAY)


# --- what they are -------------------------------------------------------------------------------


def test_an_item_tells_its_media_and_all_of_its_content():
    pair = item()
    assert pair.media == (SOURCE, A, B)
    first, second = json.loads(pair.content)["candidates"]
    assert first == ["First", {"media": A.key}, "then", {"media": B.key}]
    assert second == ["Nothing to do."]
    moved = item(candidates=(Mixed((A, "First", "then", B)), PLAIN))
    assert request().key not in {request("ba").key, Request("task", moved, "ab", 0, 7, ()).key}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("First <image_0> then\n<image_1>", ("First", A, "then", B)),
        ("<image_1><image_0> end", (A, B, "end")),  # the next image, whatever the number
        ("no places", ("no places", A, B)),
        ("one <image_0> place", ("one", A, "place", B)),
        ("<image_0> a <image_1> b <image_2> c", (A, "a", B, "b", "c")),
        ("", (A, B)),
    ],
)
def test_images_stand_where_the_text_has_places(written, expected):
    assert mixed(written, [A, B]).parts == expected


def test_prompts_speak_of_their_images_by_number():
    assert numbered("<image_0>Is it <image_1> or <image_2>?") == (
        "[picture 1]Is it [picture 2] or [picture 3]?"
    )


# --- reading and figures -------------------------------------------------------------------------


def row(name: str, chosen: str = "A", **columns: Any) -> dict[str, Any]:
    about = {"pair_id": name, "prompt_text": "<image_0> Repaint it.", "prompt_source": "isgbench"}
    texts = {"response_a_text": "so <image_0>", "response_b_text": "no"}
    return {**about, **texts, "chosen": chosen, **columns}


def test_rows_with_and_without_images(tmp_path):
    (tmp_path / "a.png").write_bytes(A.data or b"")
    shown = {"prompt_images": ["a.png"], "response_a_images": ["a.png"], "response_b_images": []}
    path = write_jsonl(tmp_path / "rows.jsonl", [row("1", **shown), row("2", "b")])
    task = tasks.get("mmrb2-interleaved").create({})
    with_images, without = task.items(Data(path, "rows"))
    first, second = with_images.candidates
    assert [getattr(part, "name", part) for part in first.parts] == ["so", "a.png"]
    assert second == Mixed(("no",))
    assert with_images.prompt == "[picture 1] Repaint it."
    assert without.candidates[0].parts == ("so", Media("image", ""))
    assert without.label is Verdict.SECOND
    assert with_images.cluster != without.cluster  # one wording, about different pictures
    textless = {name: value for name, value in row("1").items() if name != "response_a_text"}
    path = write_jsonl(tmp_path / "t2i.jsonl", [textless])
    with pytest.raises(UserError, match="no column 'response_a_text'"):
        list(task.items(Data(path, "rows")))


def test_the_whole_is_over_all_trials_and_reads_a_folder(tmp_path):
    """As many *A* as the authors' data have: their judge that always says *A* gets these."""
    published = {"t2i": 532, "edit": 555, "interleaved": 575, "reasoning": 475}
    said = []
    for config, right in published.items():
        (tmp_path / "data" / config).mkdir(parents=True)
        labels = ["A"] * right + ["B"] * (1000 - right)
        rows = [row(f"{config}-{i}", label) for i, label in enumerate(labels)]
        write_jsonl(tmp_path / "data" / config / "test.jsonl", rows)
        for i in range(1000):
            name = f"{config}/{config}-{i}"
            said += [{"item_id": name, "order": "ab", "response": "first"}]
            said += [{"item_id": name, "order": "ba", "response": "second"}]
    answers = str(write_jsonl(tmp_path / "said.jsonl", said))
    settings: dict[str, Any] = {
        "judge": "replay",
        "judge_arguments": {"path": answers, "format": "plain"},
        "protocol": "official",
    }
    found = run(task="mmrb2-all", data=str(tmp_path / "data"), out=tmp_path / "run", **settings)[
        "tasks"
    ]["mmrb2-all"]
    assert found["order"] == "both"
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(4274 / 8000)
    groups = {name: part["metrics"]["accuracy"]["value"] for name, part in found["groups"].items()}
    assert groups == {name: right / 1000 for name, right in published.items()}
    file = tmp_path / "data" / "t2i" / "test.jsonl"
    with pytest.raises(UserError, match="reads a folder with the sub-folders t2i, edit, inter"):
        run(task="mmrb2-all", data=str(file), out=tmp_path / "other", **settings)


@pytest.mark.parametrize(("protocol", "accuracy"), [("official", 2 / 3), ("robust", 2 / 4)])
def test_officially_trials_without_a_verdict_are_left_out(protocol, accuracy, tmp_path):
    """Right, right, wrong and unread."""
    said = [("1", "ab", "first"), ("1", "ba", "second"), ("2", "ab", "first"), ("2", "ba", "???")]
    answers = [dict(zip(("item_id", "order", "response"), each, strict=True)) for each in said]
    found = run(
        task="mmrb2-reasoning",
        data=str(write_jsonl(tmp_path / "rows.jsonl", [row("1"), row("2", "B")])),
        out=tmp_path / "run",
        judge="replay",
        judge_arguments={
            "path": str(write_jsonl(tmp_path / "said.jsonl", answers)),
            "format": "plain",
        },
        protocol=protocol,
    )["tasks"]["mmrb2-reasoning"]
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(accuracy)
    assert found["unparsed"] == 1


# --- who judges them -----------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["mmrb2-interleaved", "mmrb2-all"])
@pytest.mark.parametrize("judge", ["pickscore", "unifiedreward-nano", "unifiedreward"])
def test_judges_that_cannot_are_refused_by_the_plan(judge, task, tmp_path, cache):
    for config in CONFIGS:
        (tmp_path / "data" / config).mkdir(parents=True)
        write_jsonl(tmp_path / "data" / config / "test.jsonl", [row(config)])
    with pytest.raises(UserError, match=f"'{judge}' does not judge interleaved, which {task} nee"):
        run(task=task, judge=judge, data=str(tmp_path / "data"), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_scores_of_mixed_candidates_are_told_apart():
    class Longest:
        supports = Supports(objectives=frozenset({"interleaved"}), needs_media=False)

        def score(self, batch: list[PointItem]) -> list[float]:
            return [float(len(point.candidate.parts)) for point in batch]

    other = item(candidates=(Mixed(("First", A)), STEPS))
    outputs = ScoreDifference(Longest()).judge(
        [request(), request("ba"), Request("task", other, "ab", 0, 7, ())]
    )
    assert [output.scores for output in outputs] == [(4, 1), (1, 4), (2, 4)]


@pytest.fixture
def judge(qwen: Path) -> VisionLanguageJudge:
    return VisionLanguageJudge(str(qwen), device="cpu", max_pixels=40 * 30)


def test_parts_are_shown_in_their_order(judge):
    for order in ("ab", "ba"):
        parts = judge.chat(request(order)).parts
        shown = [each for each in parts if not isinstance(each, str)]
        expected = (SOURCE, A, B)
        assert all(
            np.array_equal(np.asarray(one), np.asarray(load_image(other)))
            for one, other in zip(shown, expected, strict=True)
        )
        text = "".join(each if isinstance(each, str) else "<image>" for each in parts)
        steps, plain = "\nFirst\n<image>\nthen\n<image>\n", "\nNothing to do.\n"
        first, second = (steps, plain) if order == "ab" else (plain, steps)
        assert "Picture 1 of the request: <image>" in text
        assert f"--- Answer 1 begins ---{first}--- Answer 1 ends" in text
        assert f"--- Answer 2 begins ---{second}--- Answer 2 ends" in text
        assert "Request: Repaint [picture 1]." in text
        assert "Both answers are equally good" in text


@pytest.mark.parametrize("checkpoint", ["qwen", "llava"])
def test_every_image_reaches_the_model(checkpoint, request: pytest.FixtureRequest):
    path = str(request.getfixturevalue(checkpoint))
    judge = VisionLanguageJudge(path, device="cpu", max_pixels=40 * 30)
    asked = Request("task", item(), "ab", 0, 7, THREE_WAY)
    plain = Request("task", item(candidates=(PLAIN, PLAIN), context=()), "ab", 0, 7, THREE_WAY)
    judge.model.load()
    (output, without) = judge.judge([judge.prepare(asked), judge.prepare(plain)])
    for one in (output, without):
        assert one.failure is None
        assert set(one.logprobs) == ANSWERS
        assert one.text in ANSWERS
    assert output.tokens_in > without.tokens_in


def test_scores_of_a_pair_and_of_a_candidate_alone(qwen):
    judge = VisionLanguageJudge(
        str(qwen), device="cpu", max_pixels=40 * 30, decode="choose", pairs="scores"
    )
    (output,) = judge.judge([judge.prepare(request())])
    assert len(output.scores) == 2
    assert all(1 <= score <= 5 for score in output.scores)


class Planned:
    """What a judge is told of a plan."""

    def __init__(self, *items: PairItem) -> None:
        self.task = type("Task", (), {"objective": "interleaved"})()
        self._items = items

    def items(self) -> Any:
        return enumerate(self._items)


def test_a_backend_is_told_the_most_images(judge, qwen):
    many = item(id="2", candidates=(STEPS, Mixed((A, B, C))))
    judge.expect(Planned(item(), many))
    assert judge.noted() == {"media": 6}
    replica = VisionLanguageJudge(str(qwen), device="cpu")
    replica.note(judge.noted())
    assert replica.noted() == judge.noted()


# --- demo data and the report --------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some pairs of each of the four."""
    from unieval.tasks.shapes.mmrb2_demo import write_all

    folder = tmp_path_factory.mktemp("mmrb2")
    told: list[tuple[int, int]] = []
    write_all(folder, items=12, seed=1, progress=lambda *done: told.append(done))
    assert told == [(done, 48) for done in range(1, 49)]
    return folder


@pytest.fixture(scope="module")
def judged(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("judged") / "run"
    return out, run(task="mmrb2-all", judge="oracle", data=str(demo), out=out)["tasks"]["mmrb2-all"]


def test_the_oracle_knows_answers_by_their_texts_and_pictures(judged):
    _, entry = judged
    assert (entry["n"], entry["failed"], entry["unparsed"]) == (48, 0, 0)
    assert set(entry["groups"]) == set(CONFIGS)
    assert 0.75 < entry["metrics"]["accuracy"]["value"] <= 1
    assert entry["metrics"]["flip_rate"]["value"] == 0


def test_demo_answers_mix_and_some_are_texts_alone(demo):
    task = tasks.get("mmrb2-all").create({})
    answers: dict[str, list[Mixed]] = {"interleaved": [], "reasoning": []}
    for each in task.items(Data(demo, "demo", media=True)):
        if each.group in answers:
            assert each.prompt.startswith("[picture 1] ")
            answers[each.group] += each.candidates
    assert all(len(one.media) == 2 for one in answers["interleaved"])
    assert {len(one.media) for one in answers["reasoning"]} == {0, 2}
    assert all(one.texts[-1].rpartition("Answer: ")[2] for one in answers["reasoning"])
    halves = [load_image(one.media[0]).size for one in answers["reasoning"] if one.media]
    assert set(halves) == {(64, 128)}


def test_the_report_shows_texts_and_pictures_in_order(judged, demo, tmp_path):
    out, _ = judged
    write_report([out], tmp_path / "report", data={"mmrb2-all": demo}, say=pytest.fail)
    details = read_script(tmp_path / "report/data/detail-0.js")
    first = details[24]["candidates"][0]  # of the interleaved ones
    assert first["kind"] == "mixed"
    kinds = [part if isinstance(part, str) else part["kind"] for part in first["parts"]]
    assert kinds[0].startswith("Step 1")
    assert kinds[1::2] == ["image", "image"]
    at = tmp_path / "report" / first["parts"][1]["at"][0]
    with Image.open(at) as shown:
        assert shown.size == (64, 64)


def test_without_the_data_the_report_has_the_texts(judged, tmp_path):
    out, _ = judged
    said: list[str] = []
    empty = tmp_path / "empty"
    empty.mkdir()
    write_report([out], tmp_path / "report", data={"mmrb2-all": empty}, say=said.append)
    parts = read_script(tmp_path / "report/data/detail-0.js")[24]["candidates"][0]["parts"]
    assert parts[0].startswith("Step 1")
    assert parts[1]["kind"] == "missing"
