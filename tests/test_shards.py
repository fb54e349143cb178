"""Shards of a run, merged, are the run; what does not belong together is refused."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from unieval.harness.errors import UserError
from unieval.harness.shards import Shard

N = 60
TASK = "genai-bench-image"


def answers(folder: Path) -> list[tuple]:
    columns = "task, position, item, ord, vote, key, status, verdict, raw"
    with sqlite3.connect(folder / "records.sqlite") as database:
        return database.execute(f"SELECT {columns} FROM records ORDER BY 1, 2, 4, 5").fetchall()


def figures(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())["tasks"]


@pytest.fixture
def sharded(unieval, genai_items, tmp_path):
    """Runs the whole or shards, of the same made items."""
    items = genai_items(N)

    def run(name: str, *more: object) -> Path:
        out = tmp_path / name
        arguments = ("run", "--judge", "random", "--task", TASK, "--data", items, "--json")
        done = unieval(*arguments, "--out", out, *more)
        assert done.code == 0, done.err
        return out

    return run


def test_merged_shards_are_the_unsharded_run(sharded, unieval, tmp_path):
    whole = sharded("whole", "--votes", 2)
    parts = [sharded(f"part{i}", "--votes", 2, "--shard", f"{i}/3") for i in (1, 2, 3)]
    sizes = [len(answers(part)) for part in parts]
    assert sum(sizes) == 4 * N
    assert all(sizes)
    merged = unieval("merge", *parts, "--out", tmp_path / "merged")
    assert merged.code == 0, merged.err
    assert answers(tmp_path / "merged") == answers(whole)
    assert figures(tmp_path / "merged") == figures(whole)
    # and it is a run that goes on as the whole one would
    again = sharded("merged", "--votes", 2)
    assert answers(again) == answers(whole)


def test_a_cluster_is_in_one_shard(sharded):
    places = []
    for part in (sharded(f"part{i}", "--shard", f"{i}/2") for i in (1, 2)):
        with sqlite3.connect(part / "records.sqlite") as database:
            places.append({row[0] for row in database.execute("SELECT cluster FROM items")})
    assert not places[0] & places[1]


def test_missing_shards_are_named_and_can_be_made_up(sharded, unieval, tmp_path):
    parts = [sharded(f"part{i}", "--shard", f"{i}/4") for i in (1, 3)]
    merged = unieval("merge", *parts, "--out", tmp_path / "merged")
    assert merged.code == 3
    assert "2/4, 4/4" in merged.err
    assert f"of {N} items are missing: rows" in merged.err
    assert answers(sharded("merged")) == answers(sharded("whole"))


def test_runs_that_differ_are_refused_by_the_field(sharded, unieval, tmp_path):
    one, other = sharded("one", "--shard", "1/2"), sharded("two", "--shard", "2/2", "--seed", 1)
    refused = unieval("merge", one, other, "--out", tmp_path / "merged")
    assert refused.code == 2
    assert "seed: 0" in refused.err
    assert not (tmp_path / "merged").exists()


def test_conflicting_answers_are_refused_and_failed_ones_give_way(sharded, unieval, tmp_path):
    one, same = sharded("one", "--shard", "1/2"), sharded("same", "--shard", "1/2")
    change = "UPDATE records SET {} WHERE rowid = (SELECT min(rowid) FROM records)"
    with sqlite3.connect(same / "records.sqlite") as database:
        database.execute(change.format("status = 'request_failed', verdict = NULL"))
    joined = unieval("merge", same, one, "--out", tmp_path / "joined")
    assert joined.code == 3  # the other shard
    assert answers(tmp_path / "joined") == answers(one)
    with sqlite3.connect(same / "records.sqlite") as database:
        database.execute(change.format("status = 'ok', verdict = 'none', raw = 'other'"))
    refused = unieval("merge", one, same, "--out", tmp_path / "refused")
    assert refused.code == 2
    assert "both have an answer about item" in refused.err
    assert not (tmp_path / "refused").exists()


def test_merge_does_not_write_over_anything(sharded, unieval, tmp_path):
    one = sharded("one", "--shard", "1/2")
    before = answers(one)
    refused = unieval("merge", one, "--out", one)
    assert refused.code == 2
    assert "holds something already" in refused.err
    assert answers(one) == before


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_shards_that_are_none(text):
    with pytest.raises(UserError, match="say i/n"):
        Shard.parse(text)
