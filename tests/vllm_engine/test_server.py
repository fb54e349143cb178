"""``vllm serve`` judged through the command line; it is killed and started again in the midst."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from vllm_engine.servers import PATIENCE, Server

ITEMS = 24
REQUESTS = 2 * ITEMS
DONE, SOME_FAILED, MISTAKE = 0, 3, 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def command(out: Path, *arguments: str) -> list[str]:
    return [
        *(sys.executable, "-m", "unieval.cli", "run", "--judge", "unifiedreward-nano"),
        *("--task", "genai-bench-image", "--data", "demo", "--limit", str(ITEMS)),
        *("--order", "both", "--out", str(out), "--json", *arguments),
    ]


def served(server: Server, out: Path) -> list[str]:
    """One request at a time, four to a batch: there is time to kill the server."""
    settings = {
        "backend": "openai",
        "url": server.url,
        "path": server.name,
        "decode": "generate",
        "concurrency": "1",
        "retries": "1",
    }
    pairs = [part for k, v in settings.items() for part in ("--judge-arg", f"{k}={v}")]
    return command(out, *pairs, "--batch-size", "4", "--yes")


def run(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=PATIENCE)


def records(out: Path, *columns: str) -> list[tuple]:
    order = "position, item, ord, vote"
    query = f"SELECT {', '.join((order, *columns))} FROM records ORDER BY {order}"
    with sqlite3.connect(out / "records.sqlite") as database:
        return database.execute(query).fetchall()


def answered(out: Path) -> int:
    """How many requests have an answer so far."""
    if not (out / "records.sqlite").exists():
        return 0
    try:
        return sum(raw is not None for *_, raw in records(out, "raw"))
    except sqlite3.OperationalError:  # the table is not there yet
        return 0


def figures(out: Path) -> dict:
    return json.loads((out / "results.json").read_text())["tasks"]


def test_killed_and_restarted_nothing_is_lost_and_nothing_twice(server, folder):
    out = folder / "broken"
    server.wait()
    process = subprocess.Popen(
        served(server, out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + PATIENCE
    while answered(out) < 8 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    server.kill()
    server.start()  # it takes a while, in which the run finds no server and ends
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in (SOME_FAILED, MISTAKE), err
    assert "Traceback" not in err
    before = {(*row[:4], row[4]) for row in records(out, "raw") if row[4] is not None}
    assert 8 <= len(before) < REQUESTS

    server.wait()
    finished = run(served(server, out))
    assert finished.returncode == DONE, finished.stderr
    after = records(out, "raw")
    assert len(after) == len({row[:4] for row in after}) == REQUESTS
    assert before <= set(after)
    assert all(row[4] for row in after)

    unbroken = folder / "unbroken"
    assert run(served(server, unbroken)).returncode == DONE
    columns = ("key", "status", "verdict", "raw", "tokens_in", "tokens_out")
    assert records(out, *columns) == records(unbroken, *columns)
    assert figures(out) == figures(unbroken)


@pytest.mark.usefixtures("_older_transformers", "one_thread")
def test_the_server_answers_as_transformers_does(server, folder, unieval):
    """Its prompts are to the letter the same, or the numbers of tokens would differ."""
    server.wait()
    there, here = folder / "unbroken", folder / "transformers"
    if not there.exists():
        assert run(served(server, there)).returncode == DONE
    finished = unieval(*command(here, "--judge-arg", "decode=generate")[3:])
    assert finished.code == DONE, finished.err
    # the server's decoder, token by token, leaves a space before the first word
    columns = ("status", "verdict", "trim(raw)", "tokens_in")
    assert records(there, *columns) == records(here, *columns)
    assert len({row[-2] for row in records(here, *columns)}) > 1
