"""Models under test: their answers are stored, read or graded, resumed, and scored by hand here."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from asked_setup import (
    N,
    answers_file,
    graded_by,
    grading,
    llava_bench,
    mmhal,
    msvd,
    results,
    video_mme,
)
from chat_server import serving
from conftest import write_jsonl
from unieval import leaderboard
from unieval.harness.items import Media, Output, PointItem, PromptItem
from unieval.harness.judge import Supports
from unieval.harness.model import Takes
from unieval.harness.registry import judge, model, task


def run(task: str, data: Path, answers: Path, out: Path, *more: object) -> tuple[object, ...]:
    return (
        *("run", "--model", "folder", "--model-arg", f"path={answers}", "--task", task),
        *("--data", data, "--out", out, "--json", *more),
    )


def value(entry: dict, name: str) -> float:
    return entry["metrics"][name]["value"]


# What item i % 5 is answered with: right three times in five.
def said(i: int) -> str:
    right, wrong = "ABCD"[i % 4], "ABCD"[(i + 1) % 4]
    return (right, f"The answer is {right}.", wrong, f"{right} or {wrong}", f"({right})")[i % 5]


def test_multiple_choice_by_hand(unieval, tmp_path):
    data = video_mme(tmp_path)
    answers = answers_file(tmp_path / "said.jsonl", {f"q{i}": said(i) for i in range(N - 1)})
    done = unieval(*run("video-mme", data, answers, tmp_path / "run"))
    assert done.code == 3, done.err  # one answer is missing
    entry = done.json["tasks"]["video-mme"]
    right = [i % 5 in (0, 1, 4) for i in range(N - 1)] + [False]
    unread = [i % 5 == 3 for i in range(N - 1)] + [True]
    assert (entry["n"], entry["failed"], entry["statuses"]["ambiguous"]) == (N, 1, 4)
    assert value(entry, "accuracy") == pytest.approx(sum(right) / N)
    assert value(entry, "accuracy_parsed") == pytest.approx(sum(right) / (N - sum(unread)))
    assert value(entry, "accuracy_upper") == pytest.approx((sum(right) + sum(unread)) / N)
    assert value(entry, "coverage") == pytest.approx(1 - sum(unread) / N)
    assert value(entry, "chance") == 0.25
    for k, name in enumerate(("short", "medium", "long")):
        assert value(entry["groups"][name], "accuracy") == pytest.approx(np.mean(right[k::3]))
    facets = entry["facets"]["domain"]
    assert value(facets["even"], "accuracy") == pytest.approx(np.mean(right[::2]))
    assert facets["odd"]["n"] == N // 2
    official = unieval(
        *run("video-mme", data, answers, tmp_path / "official", "--protocol", "official")
    )
    # the first letter counts: "A or B" begins with the right one, "The" with none
    first = [i % 5 != 2 for i in range(N - 1)] + [False]
    assert value(official.json["tasks"]["video-mme"], "accuracy") == pytest.approx(np.mean(first))


def test_circular_needs_every_rotation(unieval, tmp_path):
    data = video_mme(tmp_path)
    turns = ("ab", "r1", "r2", "r3")
    # rotation k shows option j at place j - k; the first five items always follow the right option,
    # the others say the same letter whatever it stands for
    told = {
        (f"q{i}", turn): "ABCD"[(i % 4 - k) % 4] if i < 5 else "A"
        for i in range(N)
        for k, turn in enumerate(turns)
    }
    answers = answers_file(tmp_path / "said.jsonl", told)
    done = unieval(
        *run("video-mme", data, answers, tmp_path / "run", "--task-arg", "circular=true")
    )
    assert done.code == 0, done.err
    entry = done.json["tasks"]["video-mme"]
    assert entry["complete"]
    assert entry["outputs"] == 4 * N
    assert value(entry, "circular") == 5 / N
    assert value(entry, "accuracy") == pytest.approx((5 + 15 * 0.25) / N)


def test_m_avg_is_the_mean_of_the_kinds(unieval, tmp_path):
    kinds = ["plotQA"] * 12 + ["needle"] * 8
    rows = [
        {
            "video_name": f"{i}.mp4",
            "question": f"What {i}?\n(A) yes\n(B) no",
            "answer": "A",
            "task_type": kind,
        }
        for i, kind in enumerate(kinds)
    ]
    data = write_jsonl(tmp_path / "test.jsonl", rows)
    told = {i: "A" if i < 3 or i >= 12 else "B" for i in range(N)}
    answers = answers_file(tmp_path / "said.jsonl", told)
    entry = unieval(*run("mlvu", data, answers, tmp_path / "run")).json["tasks"]["mlvu"]
    assert value(entry, "m_avg") == pytest.approx((3 / 12 + 1) / 2)
    assert value(entry, "accuracy") == pytest.approx(11 / 20)


def number(text: str) -> int:
    found = re.search(r"guess(\d+)", text)
    assert found
    return int(found[1])


def verdict(text: str) -> str:
    i = number(text)
    if i % 5 == 4:
        return "I would say so."
    return json.dumps({"pred": "yes" if i % 2 else "no", "score": i % 4 + 0.5})


def test_verdicts_by_hand_and_by_both_protocols(unieval, tmp_path):
    data = msvd(tmp_path)
    answers = answers_file(tmp_path / "said.jsonl", {i: f"guess{i}" for i in range(N - 2)})
    graded = [i for i in range(N - 2) if i % 5 != 4]
    with serving(usual=grading(verdict)) as server:
        asked = graded_by(server.url)
        done = unieval(*run("msvd-qa", data, answers, tmp_path / "run", *asked))
        official = unieval(
            *run("msvd-qa", data, answers, tmp_path / "o", *asked, "--protocol", "official")
        )
        assert len(server.bodies) == 2 * (N - 2)
    assert done.code == 3, done.err
    entry = done.json["tasks"]["msvd-qa"]
    assert entry["grades"] == {"ok": len(graded), "unparsed": 3}
    assert entry["answers"] == {"ok": N - 2, "request_failed": 2}
    yes, points = sum(i % 2 for i in graded), sum(i % 4 + 0.5 for i in graded)
    counted = len(graded) + 2  # the two answers that are missing are wrong
    assert value(entry, "accuracy") == pytest.approx(yes / counted)
    assert value(entry, "accuracy_lower") == pytest.approx(yes / N)
    assert value(entry, "accuracy_upper") == pytest.approx((yes + 3) / N)
    assert value(entry, "score") == pytest.approx(points / counted)
    assert value(entry, "score_upper") == pytest.approx((points + 15) / N)
    assert value(entry, "coverage") == pytest.approx(len(graded) / (N - 2))
    theirs = official.json["tasks"]["msvd-qa"]
    assert value(theirs, "accuracy") == pytest.approx(yes / len(graded))
    assert value(theirs, "score") == pytest.approx(sum(i % 4 for i in graded) / len(graded))


def test_hallucination_ratings_by_hand(unieval, tmp_path):
    data = mmhal(tmp_path)
    answers = answers_file(tmp_path / "said.jsonl", {i: f"guess{i}" for i in range(N)})

    def rate(text: str) -> str:
        i = number(text)
        return "No idea" if i == 19 else f"So it is.\n**Rating**: {i % 7}"

    with serving(usual=grading(rate)) as server:
        asked = graded_by(server.url)
        done = unieval(*run("mmhal-bench", data, answers, tmp_path / "run", *asked))
        official = unieval(
            *run("mmhal-bench", data, answers, tmp_path / "o", *asked, "--protocol", "official")
        )
        assert "Boat, Wheel" in json.dumps(server.bodies[0])
    entry = done.json["tasks"]["mmhal-bench"]
    ratings = [i % 7 for i in range(19)]
    assert value(entry, "score") == pytest.approx(np.mean(ratings))
    assert value(entry, "score_lower") == pytest.approx(sum(ratings) / N)
    assert value(entry, "hallucination_rate") == pytest.approx(np.mean([r < 3 for r in ratings]))
    assert entry["unparsed"] == 1
    counting = [i % 7 for i in range(1, 19, 2)]
    assert value(entry["groups"]["counting"], "score") == pytest.approx(np.mean(counting))
    theirs = official.json["tasks"]["mmhal-bench"]
    assert value(theirs, "score") == pytest.approx(sum(ratings) / N)
    low = sum(r < 3 for r in ratings) + 1
    assert value(theirs, "hallucination_rate") == pytest.approx(low / N)


def scores(text: str) -> str:
    """The reference 8, the model 2 to 6; one more for whoever stands first."""
    i = number(text)
    if i == 7:
        return "Both are good."
    reference_first = text.index("reference") < text.index("guess")
    pair = (8 + 1, 2 + i % 5) if reference_first else (2 + i % 5 + 1, 8)
    return f"{pair[0]} {pair[1]}\nbecause"


def test_relative_scores_in_both_orders(unieval, tmp_path):
    data = llava_bench(tmp_path)
    answers = answers_file(tmp_path / "said.jsonl", {i: f"guess{i}" for i in range(N)})
    with serving(usual=grading(scores)) as server:
        asked = graded_by(server.url)
        done = unieval(*run("llava-bench", data, answers, tmp_path / "run", *asked))
        official = unieval(
            *run("llava-bench", data, answers, tmp_path / "o", *asked, "--protocol", "official")
        )
    assert done.code == 0, done.err
    entry = done.json["tasks"]["llava-bench"]
    assert entry["grades"] == {"ok": 2 * (N - 1), "unparsed": 2}
    read = [i for i in range(N) if i != 7]
    model_, reference = sum(2 * (2 + i % 5) + 1 for i in read), 17 * len(read)
    assert value(entry, "relative_score") == pytest.approx(model_ / reference)
    conv = [i for i in read if i % 3 == 0]
    share = sum(2 * (2 + i % 5) + 1 for i in conv) / (17 * len(conv))
    assert value(entry["groups"]["conv"], "relative_score") == pytest.approx(share)
    theirs = official.json["tasks"]["llava-bench"]
    assert theirs["outputs"] == 2 * N
    # as in the authors' script, a grade that cannot be read is -1 on both sides
    expected = (sum(2 + i % 5 for i in read) - 1) / (9 * len(read) - 1)
    assert value(theirs, "relative_score") == pytest.approx(expected)


def test_wins_over_a_baseline_with_the_image_shown(unieval, tmp_path):
    from PIL import Image

    baseline = "claude-3-sonnet-20240229"
    rows = [
        {"question_id": i, "instruction": f"what {i}?", "image": "one.png", baseline: f"base{i}"}
        for i in range(N)
    ]
    Image.new("RGB", (40, 30)).save(tmp_path / "one.png")
    data = write_jsonl(tmp_path / "test500.jsonl", rows)
    answers = answers_file(tmp_path / "said.jsonl", {i: f"guess{i}" for i in range(N)})

    def prefers(text: str) -> str:
        i, base_first = number(text), text.index("base") < text.index("guess")
        word = ("{m}>>{b}", "{m}>{b}", "{m}={b}", "{b}>{m}", "who knows")[i % 5]
        word = word.format(m="BA"[not base_first], b="AB"[not base_first])
        return f"[[{word}]]"

    with serving(usual=grading(prefers)) as server:
        asked = graded_by(server.url)
        done = unieval(*run("wildvision-bench", data, answers, tmp_path / "run", *asked))
        official = unieval(
            *run("wildvision-bench", data, answers, tmp_path / "o", *asked),
            *("--protocol", "official"),
        )
        shown = [part["type"] for part in server.bodies[0]["messages"][0]["content"]]
    assert shown == ["image_url", "text"]
    entry = done.json["tasks"]["wildvision-bench"]
    assert value(entry, "win_rate") == pytest.approx(2 / 4)
    assert value(entry, "reward") == pytest.approx((1 + 0.5 + 0 - 0.5) / 4)
    theirs = official.json["tasks"]["wildvision-bench"]
    assert value(theirs, "win_rate") == pytest.approx(2 / 5)
    assert value(theirs, "tie_rate") == pytest.approx(2 / 5)


def test_ratings_by_criteria(unieval, tmp_path):
    rows = [
        {
            "id": i,
            "images": [],
            "question": f"what {i}?",
            "answer": "yes",
            "criteria": "be kind",
            "subtask": "Concrete Recognition",
        }
        for i in range(N)
    ]
    data = write_jsonl(tmp_path / "test.jsonl", rows)
    answers = answers_file(tmp_path / "said.jsonl", {i: f"guess{i}" for i in range(N)})
    reply = grading(lambda text: json.dumps({"Explanation": "{", "Rating": number(text) % 11}))
    with serving(usual=reply) as server:
        done = unieval(*run("livebench", data, answers, tmp_path / "run", *graded_by(server.url)))
        assert "be kind" in json.dumps(server.bodies[0])
    expected = np.mean([i % 11 / 10 for i in range(N)])
    found = done.json["tasks"]["livebench"]
    assert value(found, "rating") == pytest.approx(expected)


def test_rescoring_needs_neither_model_nor_grader(unieval, tmp_path):
    data = msvd(tmp_path)
    answers = answers_file(tmp_path / "said.jsonl", {i: f"guess{i}" for i in range(N)})
    with serving(usual=grading(verdict)) as server:
        asked = graded_by(server.url)
        done = unieval(*run("msvd-qa", data, answers, tmp_path / "run", *asked))
    data.unlink()
    answers.unlink()
    with sqlite3.connect(tmp_path / "run" / "records.sqlite") as records:
        records.execute("UPDATE records SET status = 'unparsed', score_a = NULL, score_b = NULL")
    again = unieval("rescore", tmp_path / "run", "--json")
    assert again.json["tasks"] == done.json["tasks"]
    official = run("video-mme", video_mme(tmp_path), tmp_path / "c.jsonl", tmp_path / "mc")
    told = {("q" + str(i), turn): "A" for i in range(N) for turn in ("ab", "r1", "r2", "r3")}
    answers_file(tmp_path / "c.jsonl", told)
    first = unieval(*official, "--task-arg", "circular=true")
    assert unieval("rescore", tmp_path / "mc", "--json").json["tasks"] == first.json["tasks"]


def test_a_served_model_answers_and_every_vote_is_graded(unieval, tmp_path):
    from PIL import Image

    data = mmhal(tmp_path)
    for i in range(N):
        Image.new("RGB", (30, 30), (i, 0, 0)).save(tmp_path / f"{i}.png")
    rated = grading(lambda text: "Rating: 4" if "guess" in text else "guess1")
    with serving(usual=rated) as server:
        served = (f"url={server.url}", "path=judge", "temperature=0.5")
        done = unieval(
            *("run", "--model", "openai", "--task", "mmhal-bench", "--data", data, "--json"),
            *(each for argument in served for each in ("--model-arg", argument)),
            *graded_by(server.url),
            *("--votes", "2", "--limit", "3", "--out", tmp_path / "run"),
        )
        assert done.code == 0, done.err
        asked = [body["messages"][0]["content"] for body in server.bodies]
    questions = [parts for parts in asked if parts[-1]["text"].startswith("what")]
    assert [part["type"] for part in questions[0]] == ["image_url", "text"]
    assert len(questions) == 6
    entry = done.json["tasks"]["mmhal-bench"]
    assert entry["complete"]
    assert entry["outputs"] == 12
    assert value(entry, "score") == 4
    with sqlite3.connect(tmp_path / "run" / "records.sqlite") as records:
        query = "SELECT item FROM records WHERE task = 'mmhal-bench:grades' ORDER BY position"
        found = [item for (item,) in records.execute(query)]
    assert found == ["0#0", "0#1", "1#0", "1#1", "2#0", "2#1"]


STOP_AFTER: list[int] = []
GRADED: list[str] = []


@judge("stopping-grader")
class StoppingGrader:
    """Grades by the answer's length, a batch of three at a time; stops when a test says so."""

    supports = Supports(needs_media=False, pairwise=False, grading=True)
    grammar = "plain"
    batch_size = 3

    def judge(self, batch):
        if STOP_AFTER and len(GRADED) >= STOP_AFTER[0]:
            raise KeyboardInterrupt
        GRADED.extend(request.item.id for request in batch)
        return [Output(scores=(len(r.item.answer) % 2, len(r.item.answer) % 6)) for r in batch]


def test_an_interrupted_grading_goes_on_and_asks_nothing_twice(unieval, tmp_path):
    data = msvd(tmp_path)
    told = {i: "x" * i + "y" for i in range(N)}
    answers = answers_file(tmp_path / "said.jsonl", {i: told[i] for i in range(N - 3)})
    arguments = ("--judge", "stopping-grader")
    GRADED.clear()
    STOP_AFTER[:] = [9]
    try:
        first = unieval(*run("msvd-qa", data, answers, tmp_path / "run", *arguments))
    finally:
        STOP_AFTER.clear()
    assert first.code == 130
    assert "Run the same command again" in first.err
    second = unieval(*run("msvd-qa", data, answers, tmp_path / "run", *arguments))
    assert second.code == 3, second.err
    assert sorted(GRADED) == sorted(str(i) for i in range(N - 3))
    whole = unieval(*run("msvd-qa", data, answers, tmp_path / "whole", *arguments))
    assert second.json["tasks"] == whole.json["tasks"]
    records = "SELECT task, position, item, key, raw, score_a, score_b FROM records ORDER BY 1, 2"
    with (
        sqlite3.connect(tmp_path / "run" / "records.sqlite") as one,
        sqlite3.connect(tmp_path / "whole" / "records.sqlite") as other,
    ):
        assert one.execute(records).fetchall() == other.execute(records).fetchall()


def test_grades_of_two_graders_do_not_mix(unieval, tmp_path):
    data = msvd(tmp_path)
    answers = answers_file(tmp_path / "said.jsonl", {i: f"guess{i}" for i in range(N)})
    with serving(usual=grading(verdict)) as server:
        server.models = ["judge", "other"]
        first = run("msvd-qa", data, answers, tmp_path / "runs" / "one", *graded_by(server.url))
        assert unieval(*first).code == 0
        other = graded_by(server.url, "other")
        refused = unieval(*run("msvd-qa", data, answers, tmp_path / "runs" / "one", *other))
        assert refused.code == 2
        assert "judge" in refused.err
        # the stored answers of a run are a model too
        again = run("msvd-qa", data, tmp_path / "runs" / "one", tmp_path / "runs" / "two", *other)
        assert unieval(*again).code == 0
    assert len(leaderboard.build([tmp_path / "runs"])) == 2
    graders = [results(tmp_path / "runs" / name)["tasks"]["msvd-qa"] for name in ("one", "two")]
    assert [each["arguments"]["grader"] for each in graders] == ["judge", "other"]
    assert graders[0]["arguments"]["grader_id"] != graders[1]["arguments"]["grader_id"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--task", "msvd-qa"), "graded by a judge: say --judge NAME"),
        (("--task", "msvd-qa", "--judge", "random"), "does not grade answers"),
        (("--task", "video-mme", "--judge", "reference-match"), "leave out --judge"),
        (("--task", "vl-rewardbench"), "measures judges, not models"),
    ],
)
def test_what_does_not_fit_is_told(unieval, cache, tmp_path, arguments, says):
    answers = answers_file(tmp_path / "said.jsonl", {0: "x"})
    model_ = ("--model", "folder", "--model-arg", f"path={answers}")
    data = (video_mme if "video-mme" in arguments else msvd)(tmp_path)
    refused = unieval("run", *model_, *arguments, "--data", data)
    assert refused.code == 2
    assert says in refused.err


def test_tasks_that_ask_models_refuse_judges(unieval, tmp_path):
    refused = unieval("run", "--judge", "random", "--task", "msvd-qa", "--data", msvd(tmp_path))
    assert refused.code == 2
    assert "say --model NAME" in refused.err


@task("planted-drawings")
class Drawings:
    """Prompts whose pictures a judge scores: what generation tasks look like."""

    name, version, kind = "planted-drawings", "1", "prompt"
    modality, objective, choices = "image", "generation", ()
    official_order, headline, source, columns = "given", ("score",), None, {}

    class Scored:
        grammar, kind, compares, characters = None, "point", False, 0

        def item(self, asked, answer, name):
            assert isinstance(answer, Media)
            about = (name, "image", "generation", asked.prompt)
            return PointItem(*about, answer, score_range=(0, 255))

        def identity(self):
            return {}

    grading = Scored()

    def items(self, data):
        for i in range(6):
            yield PromptItem(str(i), "image", f"prompt {i}", facets={"parity": str(i % 2)})


@model("planted-painter")
class Painter:
    """Makes a grey of the prompt's number."""

    supports = Takes(frozenset(), frozenset({"image"}), needs_media=False)

    def respond(self, batch):
        from io import BytesIO

        from PIL import Image

        made = []
        for request in batch:
            buffer = BytesIO()
            Image.new("L", (4, 4), 10 * (int(request.item.id) // 2)).save(buffer, "PNG")
            made.append(Output(made=(buffer.getvalue(), ".png")))
        return made


@judge("planted-light-meter")
class LightMeter:
    """Scores a picture by how light it is."""

    supports = Supports(objectives=frozenset({"generation"}))

    def score(self, batch):
        from unieval import load_image

        return [float(np.asarray(load_image(point.candidate)).mean()) for point in batch]


def test_media_that_a_model_made_are_kept_by_content_and_scored(unieval, tmp_path):
    done = unieval(
        *("run", "--model", "planted-painter", "--task", "planted-drawings", "--json"),
        *("--judge", "planted-light-meter", "--data", tmp_path, "--out", tmp_path / "run"),
    )
    assert done.code == 0, done.err
    entry = done.json["tasks"]["planted-drawings"]
    assert value(entry, "score") == pytest.approx(10.0)
    assert value(entry["facets"]["parity"]["1"], "score") == pytest.approx(10.0)
    assert len(list((tmp_path / "run" / "media").iterdir())) == 3


@pytest.mark.slow
def test_a_diffusers_pipeline_draws_prompts_from_their_own_noise(unieval, tmp_path, one_thread):
    from tiny_pipelines import save_tiny_sd

    save_tiny_sd(tmp_path / "sd")
    command = (
        *("run", "--model", "diffusers", "--model-arg", f"path={tmp_path / 'sd'}"),
        *("--model-arg", "steps=1", "--task", "planted-drawings", "--data", tmp_path, "--json"),
        *("--judge", "planted-light-meter", "--limit", "3"),
    )
    first = unieval(*command, "--batch-size", "3", "--out", tmp_path / "run")
    assert first.code == 0, first.err
    again = unieval(*command, "--batch-size", "3", "--out", tmp_path / "again")
    names = [sorted(p.name for p in (tmp_path / o / "media").iterdir()) for o in ("run", "again")]
    assert len(names[0]) == 3
    assert names[0] == names[1]
    assert again.json["tasks"] == first.json["tasks"]
    asked = (*command[:5], "--task", "mmhal-bench", "--judge", "reference-match")
    refused = unieval(*asked, "--data", mmhal(tmp_path))
    assert refused.code == 2
    assert "does not answer questions about images" in refused.err


@pytest.mark.slow
def test_every_task_runs_offline_with_a_real_checkpoint(unieval, cache, tmp_path, one_thread):
    from unieval.judges.nano import CHECKPOINT

    names = ("video-mme", "longvideobench", "mlvu", "msrvtt-qa", "msvd-qa", "tgif-qa")
    names += ("mmhal-bench", "llava-bench", "llava-bench-wilder", "wildvision-bench", "livebench")
    done = unieval(
        *("run", "--model", "transformers", "--model-arg", f"path={CHECKPOINT}"),
        *("--model-arg", "frames=2", "--model-arg", "max_new_tokens=3"),
        *("--model-arg", "max_pixels=4096", "--judge", "reference-match"),
        *(argument for name in names for argument in ("--task", name)),
        *("--data", "demo", "--limit", "2", "--out", tmp_path / "run", "--json"),
    )
    assert done.code == 0, done.err
    assert all(entry["complete"] and not entry["failed"] for entry in done.json["tasks"].values())
    assert len(done.json["tasks"]) == 11
    chosen = unieval(
        *("run", "--model", "transformers", "--model-arg", f"path={CHECKPOINT}"),
        *("--model-arg", "frames=2", "--model-arg", "max_pixels=4096"),
        *("--model-arg", "decode=choose", "--task", "video-mme", "--data", "demo"),
        *("--limit", "3", "--out", tmp_path / "chosen", "--json"),
    )
    assert chosen.json["tasks"]["video-mme"]["unparsed"] == 0
    with sqlite3.connect(tmp_path / "chosen" / "records.sqlite") as records:
        (logprobs, raw), *_ = records.execute("SELECT logprobs, raw FROM records").fetchall()
    likely = json.loads(logprobs)
    assert max(likely, key=likely.get) == raw
    assert sum(map(np.exp, likely.values())) == pytest.approx(1, abs=1e-4)
