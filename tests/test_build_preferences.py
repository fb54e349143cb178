"""``unieval build-preferences``: planted truths, every reason, kills, and real models."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from unieval.dpo.build_settings import load_build_settings
from unieval.dpo.candidates import CandidateStore
from unieval.harness.errors import UserError

PLUGIN = Path(__file__).parent / "planted_pairs.py"


def rows(folder: Path) -> list[dict[str, Any]]:
    return pq.read_table(folder / "preferences.parquet").to_pylist()


def results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results.json").read_text())


def quality(turns: list[dict[str, Any]]) -> float:
    return float(turns[0]["content"][0]["text"].split()[0])


def write_lines(file: Path, given: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in given))


@pytest.fixture
def answers(tmp_path) -> Callable[..., list[dict[str, Any]]]:
    """Writes prompts with ten answers each, whose quality is the number they begin with."""

    def write(prompts: int = 40, candidates: int = 10, seed: int = 0) -> list[dict[str, Any]]:
        dice = Random(seed)
        Image.new("RGB", (32, 24), "red").save(tmp_path / "seen.png")
        given = [
            {
                "id": f"q{n}",
                "prompt": f"What is it? ({n})",
                "media": "seen.png",
                "candidates": [f"{dice.random():.4f} is the answer" for _ in range(candidates)],
            }
            for n in range(prompts)
        ]
        write_lines(tmp_path / "candidates.jsonl", given)
        return given

    return write


@pytest.fixture
def config(tmp_path) -> Callable[..., Path]:
    """Writes a configuration, of answers that are there already unless it says otherwise."""

    def write(**changes: Any) -> Path:
        content = {
            "modality": "image",
            "objective": "understanding",
            "candidates": {"file": "candidates.jsonl"},
            "judge": "sees-quality",
            "output": "out",
            **changes,
        }
        file = tmp_path / "config.yaml"
        file.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))
        return file

    return write


@pytest.fixture
def build(unieval, config, tmp_path) -> Callable[..., Any]:
    """Runs the command on a configuration; returns what it printed, with its code."""

    def run(**changes: Any) -> Any:
        return unieval("build-preferences", config(**changes), "--plugin", PLUGIN)

    return run


# --- what comes out ------------------------------------------------------------------------------


def test_answers_in_trls_format(answers, build, tmp_path):
    given = answers()
    done = build()
    assert done.code == 0, done.err
    found = rows(tmp_path / "out")
    assert len(found) == 40
    asked = {row["id"]: row for row in given}
    for row in found:
        texts = asked[row["id"]]["candidates"]
        values = [float(text.split()[0]) for text in texts]
        winners = [max(pair) for pair in zip(values[::2], values[1::2], strict=True)]
        losers = [min(pair) for pair in zip(values[::2], values[1::2], strict=True)]
        assert quality(row["chosen"]) == max(winners)
        assert quality(row["rejected"]) == min(losers)
        assert row["chosen_score"] == pytest.approx(100 * max(winners))
        assert row["margin"] == pytest.approx(row["chosen_score"] - row["rejected_score"])
        assert row["prompt"] == [
            {
                "role": "user",
                "content": [
                    {"type": "image", "text": None},
                    {"type": "text", "text": asked[row["id"]]["prompt"]},
                ],
            }
        ]
        (name,) = row["media"]
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "seen.png").read_bytes()
        assert row["images"] == [{"bytes": (tmp_path / "seen.png").read_bytes(), "path": name}]


def test_datasets_loads_the_file_alone(answers, build, tmp_path, monkeypatch):
    from datasets import load_dataset

    answers(3)
    assert build().code == 0
    loaded = load_dataset(
        "parquet",
        data_files=str(tmp_path / "out" / "preferences.parquet"),
        cache_dir=str(tmp_path / "cache"),
        split="train",
    )
    assert loaded[0]["images"][0].size == (32, 24)
    assert loaded[0]["chosen"][0]["role"] == "assistant"


def red(value: float) -> tuple[int, int, int]:
    return (round(255 * value), 0, 0)


def pictures(folder: Path, prompts: int = 6, candidates: int = 6) -> None:
    dice, given = Random(0), []
    for n in range(prompts):
        names = [f"{n}-{k}.png" for k in range(candidates)]
        for name in names:
            Image.new("RGB", (16, 16), red(dice.random())).save(folder / name)
        given.append({"prompt": f"a red square {n}", "candidates": names})
    write_lines(folder / "candidates.jsonl", given)


@pytest.mark.parametrize("judge", ["sees-quality", "scores-quality"])
def test_generated_media_are_rows_of_paths(build, tmp_path, judge):
    pictures(tmp_path)
    done = build(objective="generation", judge=judge, ranking={"plan": "round_robin"})
    assert done.code == 0, done.err
    found = rows(tmp_path / "out")
    assert len(found) == 6
    for n, row in enumerate(found):
        assert row["prompt"] == f"a red square {n}"
        values = []
        for k in range(6):
            with Image.open(tmp_path / f"{n}-{k}.png") as picture:
                values.append(picture.getpixel((0, 0))[0])
        chosen, rejected = (Image.open(tmp_path / "out" / row[k]) for k in ("chosen", "rejected"))
        assert chosen.getpixel((0, 0))[0] == max(values)
        assert rejected.getpixel((0, 0))[0] == min(values)
        assert row["chosen_seed"] is None
    spent = results(tmp_path / "out")["judging"]
    orders = 1 if judge == "scores-quality" else 2
    assert spent["calls"] == 6 * (15 * orders + 6)


def test_the_card_shows_the_stages_and_hides_no_markup(build, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "seen.png")
    given = [{"prompt": "<script>x</script> | `y`", "media": "seen.png"}]
    given[0]["candidates"] = ["0.9 <b>*good*</b>", "0.1 |bad|"]
    write_lines(tmp_path / "candidates.jsonl", given)
    assert build().code == 0
    text = (tmp_path / "out" / "README.md").read_text()
    assert "| pairs compared | 1 |" in text
    assert "| **preferences** | 1 |" in text
    assert "<script>" not in text
    assert "&lt;b&gt;\\*good\\*&lt;/b&gt;" in text
    name = rows(tmp_path / "out")[0]["media"][0]
    assert f'<img src="{name}"' in text


def test_equal_candidates_are_merged(build, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "seen.png")
    texts = ["0.5 x", " 0.5 x\n", "0.5 x", "0.9 y", "0.1 z"]
    write_lines(
        tmp_path / "candidates.jsonl",
        [{"prompt": "q", "media": "seen.png", "candidates": texts}],
    )
    assert build(ranking={"plan": "round_robin"}).code == 0
    found = results(tmp_path / "out")
    assert found["candidates"]["merged"] == 2
    assert found["pairs"]["compared"] == 3
    assert rows(tmp_path / "out")[0]["chosen"][0]["content"][0]["text"] == "0.9 y"


# --- planted faults ------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", ["disjoint", "swiss", "round_robin"])
def test_a_judge_that_errs_one_time_in_ten(answers, build, tmp_path, plan):
    answers(60)
    assert build(judge_args={"error": 0.1}, ranking={"plan": plan}).code == 0
    found = rows(tmp_path / "out")
    assert len(found) >= 58
    wrong = sum(quality(row["chosen"]) < quality(row["rejected"]) for row in found)
    assert wrong == 0  # scores are right, so no order of the two can be wrong
    mean = sum(quality(row["chosen"]) - quality(row["rejected"]) for row in found) / len(found)
    assert mean > 0.6
    pairs, shares = results(tmp_path / "out")["pairs"], results(tmp_path / "out")["figures"]
    # both orders agree on the right one, or on the wrong one: 0.81 and 0.01
    assert pairs["ties"] / pairs["compared"] == pytest.approx(0.18, abs=0.06)
    assert shares["agreement"]["value"] == pytest.approx(0.81 / 0.82, abs=0.02)
    low, high = shares["first"]["ci95"]
    assert low < 0.5 < high


def test_a_judge_of_positions_chooses_nobody(answers, build, tmp_path):
    answers()
    assert build(judge_args={"first": 1.0}).code == 0
    found = results(tmp_path / "out")
    assert found["kept"] == 0
    assert found["rejected"] == {"no winner: comparisons tied, or cancelled each other out": 40}
    assert found["figures"]["first"]["value"] == 1.0
    assert found["figures"]["flips"]["value"] == 1.0
    assert rows(tmp_path / "out") == []


def test_a_liking_for_the_first_is_seen_and_turns_nothing(answers, build, tmp_path):
    answers()
    assert build(judge_args={"first": 0.5}).code == 0
    first = results(tmp_path / "out")["figures"]["first"]
    assert first["ci95"][0] > 0.6
    assert first["value"] == pytest.approx(0.75, abs=0.06)
    found = rows(tmp_path / "out")
    assert len(found) > 30
    assert all(quality(row["chosen"]) > quality(row["rejected"]) for row in found)


def test_a_judge_that_cannot_be_parsed_one_time_in_five(answers, build, tmp_path):
    answers()
    assert build(judge_args={"garbage": 0.2}).code == 0
    found = results(tmp_path / "out")
    assert found["pairs"]["unread"] / found["pairs"]["compared"] == pytest.approx(0.36, abs=0.1)
    assert found["scores"]["unread"] / found["scores"]["asked"] == pytest.approx(0.2, abs=0.06)
    kept = rows(tmp_path / "out")
    assert len(kept) > 30
    assert all(quality(row["chosen"]) > quality(row["rejected"]) for row in kept)
    assert all(row["rejected_score"] > 0 for row in kept)  # an unread score is not 0


def test_a_judge_of_ties_keeps_nothing(answers, build, tmp_path):
    answers(5)
    assert build(judge_args={"tie": 2.0}, ranking={"plan": "swiss"}).code == 0
    assert results(tmp_path / "out")["kept"] == 0


# --- every prompt that yields nothing has one reason ---------------------------------------------


def test_every_reason_is_counted_once(build, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "seen.png")
    (tmp_path / "broken.png").write_text("no picture")
    cases = [
        ("kept", "seen.png", ["0.9 a", "0.1 b"]),
        ("few", "seen.png", ["0.9 a"]),
        ("none", "seen.png", []),
        ("same", "seen.png", ["0.9 a", "0.9 a ", "\n0.9 a"]),
        ("empty", "seen.png", ["", "  ", "0.5 a"]),
        ("broken", "broken.png", ["0.9 a", "0.1 b"]),
        ("gone", "gone.png", ["0.9 a", "0.1 b"]),
        ("tied", "seen.png", ["0.5 a", "0.5 b"]),
        ("close", "seen.png", ["0.55 a", "0.5 b"]),
        ("poison", "seen.png", ["0.9 a", "0.1 b"]),
    ]
    write_lines(
        tmp_path / "candidates.jsonl",
        [{"id": n, "prompt": n, "media": m, "candidates": c} for n, m, c in cases],
    )
    done = build(judge_args={"fails": "poison"}, sifting={"margin": 10})
    assert done.code == 3  # some samples failed
    found = results(tmp_path / "out")
    assert found["rejected"] == {
        "fewer than two candidates given": 2,
        "its own image or video cannot be used": 2,
        "fewer than two candidates that say anything": 1,
        "all candidates the same": 1,
        "no comparison judged: requests failed": 1,
        "no winner: comparisons tied, or cancelled each other out": 1,
        "margin too small": 1,
    }
    assert found["kept"] + sum(found["rejected"].values()) == found["prompts"] == 10
    assert "margin too small" in done.err
    assert [row["id"] for row in rows(tmp_path / "out")] == ["kept"]


def test_media_that_cannot_be_opened_are_failed_candidates(build, tmp_path):
    pictures(tmp_path, prompts=2, candidates=3)
    for name in ("1-0.png", "1-1.png"):
        (tmp_path / name).write_text("no picture")
    assert build(objective="generation").code == 3
    found = results(tmp_path / "out")
    assert found["rejected"] == {"fewer than two candidates that could be made or opened": 1}
    assert found["candidates"]["failed"] == 2


def test_answers_that_nobody_can_read_give_no_preference(answers, build, tmp_path):
    answers(4)
    assert build(judge_args={"garbage": 1.0}).code == 0
    assert results(tmp_path / "out")["rejected"] == {"no comparison whose verdict could be read": 4}


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"judge": "only-videos"}, "judge 'only-videos' does not take images; it takes: video"),
        ({"judge": "only-pairs"}, "say sifting: {rule: ranking}"),
        ({"judge": "pickscore"}, "does not judge understanding"),
        ({"judge": "sees-qualty"}, "did you mean 'sees-quality'"),
        ({"judge_args": {"colour": 1}}, "has no argument 'colour'"),
        ({"judge": None}, "judge: is missing; add it"),
        ({"objective": "generating"}, "objective: Input should be"),
        ({"ranking": {"plan": "knockout"}}, "ranking.plan: Input should be"),
        ({"ranking": {"plans": "swiss"}}, "did you mean 'plan'?"),
        ({"ranking": {"rounds": 3}}, "rounds are for plan: swiss"),
        ({"sifting": {"margin": -1}}, "sifting.margin"),
        ({"sifting": {"score_range": [5, 1]}}, "the lowest, then the highest"),
        ({"prompts": "candidates.jsonl"}, "name either prompts or candidates.file"),
        ({"candidates": {}}, "give one of chat, pipeline and file"),
        ({"candidates": {"count": 1, "file": "x"}}, "candidates.count"),
        ({"candidates": {"pipeline": {"path": "x"}}, "prompts": "x"}, "objective: generation"),
        (
            {"candidates": {"chat": {"path": "x"}}, "prompts": "x", "objective": "generation"},
            "objective: understanding",
        ),
        (
            {"candidates": {"chat": {"path": "x", "temperature": 0}}, "prompts": "x"},
            "candidates.chat.temperature",
        ),
        (
            {"candidates": {"chat": {"path": "x", "engine": {"bakend": 1}}}, "prompts": "x"},
            "engine.bakend: no such setting",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_made(
    answers, build, tmp_path, changes, said
):
    answers(1)
    done = build(**changes)
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "out").exists()


def test_a_judge_that_only_compares_can_rank(answers, build, tmp_path):
    given = answers(5)
    sifting = {"rule": "ranking"}
    assert build(judge="only-pairs", sifting=sifting, ranking={"plan": "round_robin"}).code == 0
    found = rows(tmp_path / "out")
    for row, asked in zip(found, given, strict=True):
        values = [float(text.split()[0]) for text in asked["candidates"]]
        assert quality(row["chosen"]) == max(values)
        assert quality(row["rejected"]) == min(values)
    assert results(tmp_path / "out")["judging"]["calls"] == 5 * 45 * 2


def test_the_oracle_says_that_it_knows_nothing_of_other_pictures(build, tmp_path):
    pictures(tmp_path, prompts=2, candidates=2)
    done = build(objective="generation", judge="oracle")
    assert done.code == 2
    assert "every sample failed" in done.err
    assert "the oracle only knows" in done.err


def test_a_folder_with_something_else_is_left_alone(answers, build, tmp_path):
    answers(1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    done = build()
    assert done.code == 2
    assert "holds something else" in done.err


def test_configurations_that_are_no_files(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        load_build_settings(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(UserError, match="must hold modality, objective"):
        load_build_settings(tmp_path / "list.yaml")
    (tmp_path / "no.yaml").write_text("a: [")
    with pytest.raises(UserError, match="is no YAML file"):
        load_build_settings(tmp_path / "no.yaml")


# --- again, and after a kill ---------------------------------------------------------------------


def test_done_is_done_and_a_changed_field_is_refused_by_name(answers, build, tmp_path):
    answers(4)
    log = tmp_path / "judged.log"
    arguments = {"log": str(log)}
    assert build(judge_args=arguments).code == 0
    asked, table = log.read_text(), (tmp_path / "out" / "preferences.parquet").stat()
    again = build(judge_args=arguments)
    assert again.code == 0
    assert "complete" in again.err
    assert log.read_text() == asked
    assert (tmp_path / "out" / "preferences.parquet").stat() == table
    for changes, field in (
        ({"sifting": {"margin": 0.5}}, "sifting.margin: 0.0 then, 0.5 now"),
        ({"ranking": {"plan": "swiss"}}, 'ranking.plan: "disjoint" then, "swiss" now'),
        ({"judge": "random", "judge_args": {}}, "judge.name"),
    ):
        refused = build(**{"judge_args": arguments, **changes})
        assert refused.code == 2
        assert field in refused.err
    answers(5)
    assert "prompts.rows: 4 then, 5 now" in build(judge_args=arguments).err


@pytest.mark.slow
@pytest.mark.parametrize("plan", ["disjoint", "swiss"])
def test_killed_while_judging_it_ends_the_same(answers, config, tmp_path, plan):
    answers(30)
    log = tmp_path / "judged.log"
    arguments = {"error": 0.2, "garbage": 0.1, "delay": 0.005, "log": str(log)}

    def start(out: str) -> subprocess.Popen:
        blocks = {"together": 12} if plan == "swiss" else {}
        file = config(judge_args=arguments, ranking={"plan": plan, **blocks}, output=out)
        command = [sys.executable, "-m", "unieval.cli", "build-preferences", str(file)]
        return subprocess.Popen(
            [*command, "--plugin", str(PLUGIN)],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    assert start("whole").wait() == 0
    whole = log.read_text().splitlines()
    log.write_text("")
    # within the first round, and twice within later ones and later prompts where there are some
    for share in (0.1, 0.3) if plan == "disjoint" else (0.1, 0.7, 0.95):
        process = start("broken")
        while len(log.read_text().splitlines()) < share * len(whole) and process.poll() is None:
            time.sleep(0.002)
        assert process.poll() is None, "it ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert start("broken").wait() == 0
    assert rows(tmp_path / "broken") == rows(tmp_path / "whole")
    assert len(rows(tmp_path / "whole")) > 20
    wasted = len(log.read_text().splitlines()) - len(whole)
    assert wasted <= 3 * 16  # the batch in flight at each kill


# --- real models ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_tiny_model_answers_and_a_kill_in_the_midst_changes_nothing(qwen, config, tmp_path):
    for n in range(3):
        Image.new("RGB", (56, 56), (80 * n, 0, 0)).save(tmp_path / f"{n}.png")
    prompts = [{"prompt": "Image?", "media": f"{n}.png"} for n in range(3)]
    write_lines(tmp_path / "prompts.jsonl", prompts)
    chat = {"path": str(qwen), "max_new_tokens": 8, "engine": {"batch_size": 2}}

    def start(out: str) -> subprocess.Popen:
        file = config(
            prompts="prompts.jsonl",
            candidates={"count": 6, "chat": chat},
            judge="random",
            ranking={"plan": "round_robin"},
            output=out,
        )
        command = [sys.executable, "-m", "unieval.cli", "build-preferences", str(file)]
        return subprocess.Popen(command, stderr=subprocess.DEVNULL)

    process = start("broken")
    wal = tmp_path / "broken" / "candidates.sqlite-wal"
    (tmp_path / "empty").mkdir()
    with CandidateStore(tmp_path / "empty"):
        empty = (tmp_path / "empty" / "candidates.sqlite-wal").stat().st_size
    while process.poll() is None:  # until the first batch is there
        if wal.exists() and wal.stat().st_size > empty:
            break
        time.sleep(0.002)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    with closing(sqlite3.connect(tmp_path / "broken" / "candidates.sqlite")) as database:
        (made,) = database.execute("SELECT count(*) FROM candidates").fetchone()
    assert 0 < made < 18
    assert start("broken").wait() == 0
    assert start("whole").wait() == 0
    assert rows(tmp_path / "broken") == rows(tmp_path / "whole")
    found = results(tmp_path / "whole")
    assert found["candidates"]["asked"] == 18
    assert found["kept"] >= 1


@pytest.mark.slow
def test_a_tiny_pipeline_draws_and_the_nano_judge_looks_once(build, tmp_path, one_thread):
    from tiny_pipelines import save_tiny_sd

    save_tiny_sd(tmp_path / "model")
    write_lines(
        tmp_path / "prompts.jsonl",
        [{"prompt": "a red square"}, {"prompt": "two yellow stars"}],
    )
    done = build(
        objective="generation",
        prompts="prompts.jsonl",
        candidates={
            "count": 4,
            "pipeline": {"path": "model", "steps": 2, "guidance": 1.0, "batch_size": 4},
        },
        judge="unifiedreward-nano",
        ranking={"plan": "swiss"},
        sifting={"rule": "ranking"},
    )
    assert done.code == 0, done.err
    found = results(tmp_path / "out")
    assert found["judging"]["media"] == 8
    assert found["judging"]["encoded"] == 8
    for row in rows(tmp_path / "out"):
        assert row["chosen_seed"] != row["rejected_seed"]
        assert (tmp_path / "out" / row["chosen"]).is_file()


@pytest.mark.slow
def test_the_oracle_judges_what_the_shapes_world_drew(build, tmp_path):
    """Its verdicts are the ceiling: chosen is the best of the winners by the files' own truth."""
    from test_dpo_ranking import tournament
    from unieval.harness.items import Media
    from unieval.harness.truth import read_truth

    tournament.drawn_candidates(tmp_path, 8, 6)
    done = build(objective="generation", judge="oracle", ranking={"plan": "round_robin"})
    assert done.code == 0, done.err
    found = rows(tmp_path / "out")
    assert len(found) >= 6
    for row in found:
        chosen, rejected = (
            read_truth(Media("image", str(tmp_path / "out" / row[name]))).score
            for name in ("chosen", "rejected")
        )
        assert chosen > rejected
        assert row["margin"] == pytest.approx(4 * (chosen - rejected))
    assert results(tmp_path / "out")["figures"]["agreement"]["value"] == 1.0


@pytest.mark.slow
def test_in_blocks_or_not_swiss_rounds_ask_the_same(answers, build, tmp_path):
    answers(10)
    for together, out in ((4, "blocks"), (100, "whole")):
        ranking = {"plan": "swiss", "together": together}
        assert build(ranking=ranking, output=out).code == 0
    assert rows(tmp_path / "blocks") == rows(tmp_path / "whole")
    blocks, whole = results(tmp_path / "blocks"), results(tmp_path / "whole")
    assert blocks["judging"]["calls"] == whole["judging"]["calls"]
    assert 480 < whole["judging"]["calls"] <= 10 * (4 * 5 * 2 + 10)
    assert len(blocks["judging"]["rounds"]) == 4


def test_questions_about_videos(build, tmp_path):
    from unieval.tasks.shapes.mp4 import encode_film

    film = np.zeros((4, 32, 32, 3), dtype=np.uint8)
    (tmp_path / "v.mp4").write_bytes(encode_film(film, 8))
    given = [{"prompt": "q", "media": "v.mp4", "candidates": ["0.9 a", "0.1 b"]}]
    write_lines(tmp_path / "candidates.jsonl", given)
    assert build(modality="video").code == 0
    (row,) = rows(tmp_path / "out")
    assert "images" not in row
    assert row["prompt"][0]["content"][0] == {"type": "video", "text": None}
    assert (tmp_path / "out" / row["media"][0]).is_file()
    assert row["chosen_score"] == pytest.approx(1 + 4 * 0.9)
    assert "[video](media/" in (tmp_path / "out" / "README.md").read_text()


def test_its_help_imports_nothing_heavy():
    from test_imports import HEAVY, imported

    assert not imported("build-preferences", "--help") & set(HEAVY)
