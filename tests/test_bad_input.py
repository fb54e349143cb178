"""Bad input ends in one line that names the place and the cure, and exit code 2."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import write_jsonl

PLUGIN = Path(__file__).parent / "planted.py"


@pytest.fixture
def refuse(unieval, tmp_path):
    """Runs a command that must be refused; returns the message."""

    def run(*arguments, judge="random", task="genai-bench-image"):
        done = unieval(
            *("run", "--judge", judge, "--task", task, "--out", tmp_path / "run", *arguments)
        )
        assert done.code == 2, (done.code, done.err)
        lines = done.err.strip().splitlines()
        assert lines[-1].startswith("unieval: "), done.err
        assert "Traceback" not in done.err
        return lines[-1]

    return run


def test_unknown_names_come_with_a_suggestion(refuse):
    assert "did you mean 'genai-bench-image'" in refuse(task="genai-bench-imge")
    message = refuse(judge="randon")
    assert "judge 'randon' not found; did you mean 'random'? Known: " in message


def test_unknown_arguments(refuse, genai_items):
    items = genai_items(4)
    assert "It takes: p" in refuse(
        "--plugin", PLUGIN, "--judge-arg", "q=1", "--data", items, judge="right-with-probability"
    )
    assert "p='x'" in refuse(
        "--plugin", PLUGIN, "--judge-arg", "p=x", "--data", items, judge="right-with-probability"
    )
    assert "needs the argument p=" in refuse(
        "--plugin", PLUGIN, "--data", items, judge="right-with-probability"
    )
    assert "split" in refuse("--task-arg", "spit=test", "--data", items)
    assert "expected KEY=VALUE" in refuse("--judge-arg", "novalue", "--data", items)
    assert "auto or a positive number" in refuse("--batch-size", "many", "--data", items)


def test_no_such_data(refuse, tmp_path):
    assert "no such file or folder" in refuse("--data", tmp_path / "none.jsonl")
    (tmp_path / "folder").mkdir()
    assert "holds no table" in refuse("--data", tmp_path / "folder")
    (tmp_path / "a.txt").write_text("x")
    assert "is none of .parquet" in refuse("--data", tmp_path / "a.txt")


def test_several_tables_in_a_folder(refuse, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        write_jsonl(folder / name, [{"prompt": "p", "vote_type": "leftvote"}])
    assert "holds several tables (a.jsonl, b.jsonl)" in refuse("--data", folder)


def test_missing_column_names_those_present(refuse, tmp_path):
    items = write_jsonl(tmp_path / "items.jsonl", [{"prompt": "p", "vote": "leftvote"}])
    message = refuse("--data", items)
    assert "row 0: no column 'vote_type'; the columns are: prompt, vote" in message


def test_wrong_label_value(refuse, genai_items):
    message = refuse("--data", genai_items(3, vote_type="left"))
    assert "row 0: vote_type is 'left'; allowed are: leftvote, rightvote" in message


def test_wrong_labels_of_the_other_tasks(refuse, tmp_path):
    rows = [{"id": "a", "query": "q", "response": ["x", "y"], "human_ranking": [1, 1]}]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    message = refuse("--data", tmp_path / "a.json", task="vl-rewardbench")
    assert "human_ranking is [1, 1]" in message
    rows[0]["response"] = "x"
    (tmp_path / "a.json").write_text(json.dumps(rows))
    message = refuse("--data", tmp_path / "a.json", task="vl-rewardbench")
    assert "list of two answers" in message
    (tmp_path / "v.csv").write_text("path_A,path_B,prompt,VQ\na.mp4,b.mp4,p,a\n")
    assert "VQ is 'a'; allowed are: A, B, same" in refuse(
        "--data", tmp_path / "v.csv", task="videogen-rewardbench"
    )
    (tmp_path / "v.csv").write_text("path_A,path_B,prompt\na.mp4,b.mp4,p\n")
    assert "no label column" in refuse("--data", tmp_path / "v.csv", task="videogen-rewardbench")


@pytest.mark.parametrize("name", ["e.jsonl", "e.json", "e.csv"])
def test_empty_file(refuse, tmp_path, name):
    (tmp_path / name).write_text("")
    assert "is empty" in refuse("--data", tmp_path / name)


def test_not_utf8(refuse, tmp_path):
    (tmp_path / "l.jsonl").write_bytes(b'{"prompt": "caf\xe9", "vote_type": "leftvote"}\n')
    assert "is not UTF-8 (byte 0xe9" in refuse("--data", tmp_path / "l.jsonl")


def test_truncated_gzip_and_no_gzip(refuse, tmp_path):
    rows = "".join(
        json.dumps({"prompt": os.urandom(20).hex(), "vote_type": "leftvote"}) + "\n"
        for _ in range(200)
    )
    whole = gzip.compress(rows.encode())
    (tmp_path / "t.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    assert "is truncated or no gzip file" in refuse("--data", tmp_path / "t.jsonl.gz")
    (tmp_path / "n.jsonl.gz").write_text(rows)
    assert "is truncated or no gzip file" in refuse("--data", tmp_path / "n.jsonl.gz")


def test_broken_json_and_parquet(refuse, tmp_path):
    (tmp_path / "b.jsonl").write_text('{"prompt": "p", "vote_type": "leftvote"}\n{oops\n')
    assert "line 2: not JSON" in refuse("--data", tmp_path / "b.jsonl")
    (tmp_path / "l.jsonl").write_text("[1]\n")
    assert "line 1: expected an object, found list" in refuse("--data", tmp_path / "l.jsonl")
    (tmp_path / "o.json").write_text('{"a": 1}')
    assert "expected a list of objects" in refuse("--data", tmp_path / "o.json")
    (tmp_path / "p.parquet").write_bytes(b"PAR1 not really")
    assert "is no readable Parquet file" in refuse("--data", tmp_path / "p.parquet")


def test_repeated_ids(refuse, genai_items):
    assert "item id '5' occurs more than once" in refuse("--data", genai_items(3, idx=5))


def test_a_path_that_leaves_the_folder(refuse, genai_items):
    for path in ("../../etc/passwd", "/etc/passwd", "a/../../b.png"):
        assert "leaves the data's folder" in refuse("--data", genai_items(2, left_image=path))


def replay(path, grammar="genai-bench"):
    return ("--judge-arg", f"path={path}", "--judge-arg", f"format={grammar}")


def test_responses_that_lack_items_or_have_more(refuse, genai_items, tmp_path):
    items = genai_items(5)
    answers = [{"item_id": str(i), "response": "[[A>B]]"} for i in range(5)]
    few = write_jsonl(tmp_path / "few.jsonl", answers[:3])
    message = refuse("--data", items, *replay(few), judge="replay")
    assert "no response for 2 of 5 requests" in message
    assert "item_id '3'" in message
    more = write_jsonl(tmp_path / "more.jsonl", [*answers, {"item_id": "99", "response": "x"}])
    message = refuse("--data", items, *replay(more), judge="replay")
    assert (
        "responses for 1 items that items.jsonl does not hold; the first: item_id '99'" in message
    )
    message = refuse("--data", items, "--order", "both", *replay(few), judge="replay")
    assert "order ba" in message or "item_id '3'" in message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "is empty"),
        ("{oops", "line 1: not JSON"),
        ("[]", "expected an object, found list"),
        ('{"response": "x"}', "no 'item_id'; the fields are: response"),
        ('{"item_id": 0}', "no 'response'"),
        ('{"item_id": 0, "response": 3}', "response holds int"),
        ('{"item_id": 0, "response": "x", "order": "left"}', "order is 'left'"),
        ('{"item_id": 0, "scores": [1]}', "expected two numbers"),
        (
            '{"item_id": 0, "response": "x"}\n{"item_id": 0, "response": "y"}',
            "a second, different response",
        ),
    ],
)
def test_broken_responses(line, message, refuse, genai_items, tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text(line)
    assert message in refuse("--data", genai_items(1), *replay(path), judge="replay")


def test_responses_that_cannot_be_opened(refuse, genai_items, tmp_path):
    items = genai_items(1)
    message = refuse("--data", items, *replay(tmp_path / "none.jsonl"), judge="replay")
    assert "No such file" in message
    (tmp_path / "r.jsonl.gz").write_bytes(b"no gzip")
    message = refuse("--data", items, *replay(tmp_path / "r.jsonl.gz"), judge="replay")
    assert "truncated or no gzip" in message
    (tmp_path / "r.jsonl").write_bytes(b'{"item_id": "\xff"}\n')
    message = refuse("--data", items, *replay(tmp_path / "r.jsonl"), judge="replay")
    assert "not UTF-8" in message
    message = refuse("--data", items, *replay(tmp_path / "r.jsonl", "genai-bnch"), judge="replay")
    assert "answer format 'genai-bnch' not found; did you mean 'genai-bench'?" in message


def test_a_judge_that_cannot_take_the_task(refuse, genai_items):
    message = refuse("--data", genai_items(2), judge="longest")
    assert "judge 'longest' does not judge generation" in message


def test_no_demo_data(refuse, cache, tmp_path):
    plugin = tmp_path / "plugin.py"
    plugin.write_text(
        "from unieval import task\nfrom unieval.tasks.vl_rewardbench import VLRewardBench\n"
        "@task('no-demo')\nclass NoDemo(VLRewardBench):\n    name = 'no-demo'\n"
        "    write_demo = None\n"
    )
    assert "has no demo data" in refuse("--plugin", plugin, "--data", "demo", task="no-demo")


def test_demo_data_that_cannot_be_written(refuse, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNIEVAL_CACHE", str(tmp_path / "file"))
    assert "set UNIEVAL_CACHE to a folder that can be written" in refuse("--data", "demo")


def test_output_folder_that_cannot_be_written(unieval, genai_items, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    done = unieval(
        *("run", "--judge", "random", "--task", "genai-bench-image"),
        *("--data", genai_items(2), "--out", blocked / "run"),
    )
    assert done.code == 2
    assert f"cannot write the run folder {blocked / 'run'}" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk(genai_items, tmp_path):
    """The file-size limit makes writes fail as a full disk does, in a process of its own."""
    script = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000));"
        "from unieval.cli import main; main()"
    )
    arguments = ["run", "--judge", "random", "--task", "genai-bench-image"]
    arguments += ["--data", str(genai_items(4000)), "--out", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "cannot write the run folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_rescore_wants_a_run_folder(unieval, tmp_path):
    assert "is no run folder" in unieval("rescore", tmp_path).err
    (tmp_path / "manifest.json").write_text("{}")
    assert "has schema None" in unieval("rescore", tmp_path).err
    (tmp_path / "manifest.json").write_text("{")
    done = unieval("rescore", tmp_path)
    assert done.code == 2
    assert "cannot be read" in done.err


def test_damaged_database(unieval, genai_items, tmp_path):
    base = ("run", "--judge", "random", "--task", "genai-bench-image")
    base = (*base, "--data", genai_items(50), "--out", tmp_path / "run")
    assert unieval(*base).code == 0
    (tmp_path / "run" / "records.sqlite").write_bytes(b"this is no database" * 100)
    done = unieval(*base)
    assert done.code == 2
    assert "is damaged" in done.err


def test_one_bad_sample_among_good_ones(unieval, genai_items, tmp_path):
    done = unieval(
        *("run", "--plugin", PLUGIN, "--judge", "blind", "--task", "genai-bench-image"),
        *("--data", genai_items(20), "--out", tmp_path / "run", "--json"),
    )
    assert done.code == 3
    entry = done.json["tasks"]["genai-bench-image"]
    assert entry["statuses"] == {"media_failed": 4, "ok": 36}
    assert entry["failed"] == 4
    assert "4 of 40 samples failed; the first, item 3: 3.png: no such file" in done.err


def test_every_sample_failed(unieval, genai_items, tmp_path):
    done = unieval(
        *("run", "--plugin", PLUGIN, "--judge", "poison", "--task", "genai-bench-image"),
        *("--data", genai_items(1, idx=7), "--out", tmp_path / "run"),
    )
    assert done.code == 2
    assert "every sample failed; the first, item 7: RuntimeError: cannot take this one" in done.err


def test_missing_and_damaged_media(unieval, genai_items, tmp_path, cache):
    """The oracle opens pictures: a missing and a damaged one fail alone, the rest is judged."""
    import pyarrow.parquet as pq
    from unieval.tasks.shapes.demo import write_genai_bench_image

    write_genai_bench_image(tmp_path / "demo", items=6)
    (table,) = (tmp_path / "demo" / "image_generation").glob("*.parquet")
    rows = pq.read_table(table).to_pylist()
    folder = tmp_path / "data"
    folder.mkdir()
    for i, row in enumerate(rows):
        for side in ("left_image", "right_image"):
            (folder / f"{i}-{side}.png").write_bytes(row[side]["bytes"])
            row[side] = f"{i}-{side}.png"
    (folder / "1-left_image.png").unlink()
    (folder / "2-right_image.png").write_bytes(b"\x89PNG\r\n\x1a\n truncated")
    write_jsonl(folder / "items.jsonl", rows)
    done = unieval(
        *("run", "--judge", "oracle", "--task", "genai-bench-image", "--data", folder),
        *("--out", tmp_path / "run", "--json"),
    )
    assert done.code == 3
    assert done.json["tasks"]["genai-bench-image"]["statuses"] == {"media_failed": 4, "ok": 8}


def test_answers_said_twice_and_not_at_all(unieval, genai_items, tmp_path):
    """Public recordings hold whole files twice, and answers that are null."""
    answers = [{"item_id": 0, "response": "[[A>B]]"}, {"item_id": 1, "response": None}]
    path = write_jsonl(tmp_path / "r.jsonl", answers * 2)
    done = unieval(
        *("run", "--judge", "replay", *replay(path), "--task", "genai-bench-image"),
        *("--data", genai_items(2), "--out", tmp_path / "run", "--json"),
    )
    assert done.json["tasks"]["genai-bench-image"]["statuses"] == {"ok": 1, "unparsed": 1}


@pytest.mark.parametrize(
    ("task", "columns", "content", "message"),
    [
        ("genai-bench-image", ("left_image", "right_image"), None, "no such file"),
        (
            "genai-bench-image",
            ("left_image", "right_image"),
            b"GIF89a nonsense",
            "not an image of a known format",
        ),
        ("genai-bench-video", ("left_video", "right_video"), b"\0\0\0\x18ftypmp42", "video"),
    ],
)
def test_nothing_but_bad_media(task, columns, content, message, refuse, tmp_path):
    row = {"prompt": "p", "vote_type": "leftvote", **{c: f"{c}.bin" for c in columns}}
    if content is not None:
        for column in columns:
            (tmp_path / f"{column}.bin").write_bytes(content)
    items = write_jsonl(tmp_path / "items.jsonl", [row])
    said = refuse("--plugin", PLUGIN, "--data", items, judge="looks", task=task)
    assert "every sample failed" in said
    assert columns[0] in said
    assert message in said


def test_half_a_surrogate_pair_is_no_character(unieval, genai_items, tmp_path):
    items = genai_items(2, prompt="a \ud800 cat")  # json.dumps writes it as an escape
    said = write_jsonl(
        tmp_path / "said.jsonl",
        [
            {"item_id": str(i), "order": order, "response": "first \udc00"}
            for i in range(2)
            for order in ("ab", "ba")
        ],
    )
    replay = ("--judge", "replay", "--judge-arg", f"path={said}", "--judge-arg", "format=plain")
    run = tmp_path / "run"
    done = unieval("run", *replay, "--task", "genai-bench-image", "--data", items, "--out", run)
    assert done.code == 0, done.err
    with sqlite3.connect(run / "records.sqlite") as database:
        ((content,), *_) = database.execute("SELECT content FROM items")
        raw = {row for (row,) in database.execute("SELECT raw FROM records")}
    assert json.loads(content)["prompt"] == "a \ufffd cat"
    assert raw == {"first \ufffd"}
