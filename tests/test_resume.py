"""A run that is killed, interrupted or repeated ends with the records of an unbroken one."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parent / "planted.py"
N = 300


def command(items: Path, out: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "unieval.cli", "run", "--plugin", str(PLUGIN), "--judge", "slow"),
        *("--judge-arg", f"log={out.parent / 'judged.log'}", "--task", "genai-bench-image"),
        *("--data", str(items), "--out", str(out), "--votes", "2", "--json", *more),
    ]


def records(folder: Path) -> list[tuple]:
    columns = "task, position, item, ord, vote, key, status, verdict, raw"
    with sqlite3.connect(folder / "records.sqlite") as database:
        return database.execute(f"SELECT {columns} FROM records ORDER BY 2, 4, 5").fetchall()


def wait_for_batches(log: Path, batches: int, process: subprocess.Popen) -> None:
    """Until that many more batches are judged; with none, some moment of the start."""
    if not batches:
        time.sleep(0.15)
        return
    before = log.stat().st_size if log.exists() else 0
    grown = 0
    while grown < batches and process.poll() is None:
        size = log.stat().st_size if log.exists() else 0
        if size > before:
            before, grown = size, grown + 1
        time.sleep(0.001)


def figures(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())["tasks"]


@pytest.mark.slow
def test_killed_at_twenty_random_moments(genai_items, tmp_path):
    items = genai_items(N)
    (tmp_path / "whole").mkdir()
    subprocess.run(command(items, tmp_path / "whole" / "run"), check=True, capture_output=True)
    unbroken = records(tmp_path / "whole" / "run")
    assert len(unbroken) == N * 2 * 2

    moments = random.Random(0)
    broken = tmp_path / "broken" / "run"
    broken.parent.mkdir()
    log = broken.parent / "judged.log"
    kills = 20
    for _ in range(kills):
        process = subprocess.Popen(
            command(items, broken), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for_batches(log, moments.randint(0, 3), process)
        time.sleep(moments.uniform(0, 0.02))
        assert process.poll() is None, "the run ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(command(items, broken), check=True, capture_output=True, text=True)
    assert records(broken) == unbroken
    assert figures(broken) == figures(tmp_path / "whole" / "run")
    assert json.loads(done.stdout)["tasks"]["genai-bench-image"]["complete"]

    judged = [tuple(json.loads(line)) for line in (broken.parent / "judged.log").open()]
    wasted = len(judged) - len(set(judged))
    assert wasted <= 8 * (kills + 1), "more than the batch in flight was judged again"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_ends_cleanly_and_says_how_to_go_on(number, genai_items, tmp_path):
    items = genai_items(N)
    arguments = command(items, tmp_path / "run", "--judge-arg", "delay=0.2")
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "judged.log").exists():
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Run the same command again" in err
    assert "Traceback" not in err
    before = len(records(tmp_path / "run"))
    assert 0 <= before < N * 4


def test_a_finished_run_judges_nothing_again(genai_items, tmp_path):
    items = genai_items(10)
    subprocess.run(command(items, tmp_path / "run"), check=True, capture_output=True)
    before = (tmp_path / "judged.log").read_text()
    again = subprocess.run(command(items, tmp_path / "run"), capture_output=True, text=True)
    assert again.returncode == 0
    assert "continuing" in again.stderr
    assert (tmp_path / "judged.log").read_text() == before


def test_another_run_is_refused_by_the_field_that_differs(unieval, genai_items, tmp_path):
    items = genai_items(20)
    base = ("run", "--judge", "random", "--task", "genai-bench-image", "--json")
    base = (*base, "--data", items, "--out", tmp_path / "run")
    assert unieval(*base).code == 0
    cases = {
        ("--seed", "1"): "seed: 0 then, 1 now",
        ("--votes", "2"): "votes: 1 then, 2 now",
        ("--order", "given"): "order",
        ("--protocol", "official"): "protocol",
        ("--limit", "5"): "limit: null then, 5 now",
        ("--data", genai_items(21, "more.jsonl")): "items: 20 then, 21 now",
    }
    for change, field in cases.items():
        refused = unieval(*base, *change)
        assert refused.code == 2
        assert field in refused.err, refused.err
    genai_items(20, prompt="another")
    changed = unieval(*base)
    assert changed.code == 2
    assert "data.fingerprint" in changed.err


def test_batch_size_may_change_between_resumes(unieval, genai_items, tmp_path):
    items = genai_items(20)
    base = ("run", "--judge", "random", "--task", "genai-bench-image", "--json")
    base = (*base, "--data", items, "--out", tmp_path / "run")
    assert unieval(*base, "--batch-size", "3").code == 0
    assert unieval(*base, "--batch-size", "7").code == 0


def test_failed_samples_are_tried_again(unieval, genai_items, tmp_path):
    items = genai_items(20)
    base = ("run", "--plugin", PLUGIN, "--judge", "poison", "--task", "genai-bench-image")
    base = (*base, "--data", items, "--out", tmp_path / "run", "--json")
    first = unieval(*base)
    assert first.code == 3
    assert first.json["timing"]["outputs"] == 40
    again = unieval(*base)
    assert again.code == 3
    assert again.json["tasks"]["genai-bench-image"]["failed"] == 4


def test_two_processes_do_not_share_a_folder(genai_items, tmp_path):
    items = genai_items(N)
    slow = subprocess.Popen(
        command(items, tmp_path / "run"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not (tmp_path / "judged.log").exists():
        time.sleep(0.02)
    second = subprocess.run(command(items, tmp_path / "run"), capture_output=True, text=True)
    slow.kill()
    slow.wait()
    assert second.returncode == 2
    assert f"in use by process {slow.pid}" in second.stderr
